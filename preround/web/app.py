"""The web application: pages, API, health and the embedded sandbox behind one guard."""

from __future__ import annotations

from collections.abc import Collection

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Mount, Route

from preround import VERSION
from preround.cds_hooks.crossing import Crossing
from preround.cds_hooks.routes import HookDoor
from preround.dispatch.dispatcher import Dispatcher
from preround.dispatch.here import Here
from preround.failure import EXPECTED, Missing, Unusable, sentence
from preround.people.people import People, people_of
from preround.subscriptions.door import SubscriptionDoor
from preround.subscriptions.serving import rules_in_force
from preround.telemetry.page import metrics_page
from preround.web.api import Api
from preround.web.api_docs import operations
from preround.web.entrance import Entrance
from preround.web.evidence_door import EvidenceDoor
from preround.web.guard import LOOPBACK, Guard
from preround.web.health import health
from preround.web.once import Answers
from preround.web.pages import Pages
from preround.web.problem import problem_of, status_of
from preround.web.problem_json import problem_json
from preround.web.quality_page import QualityPage
from preround.web.queue_pages import QueuePages
from preround.web.readings import Readings
from preround.web.rendering import respond
from preround.web.rollout_pages import RolloutPages
from preround.web.sign_in_page import SignInPage
from preround.web.statics import statics
from preround.web.watching_page import WatchingPage
from preround.wiring import House
from store import items
from store.artifacts import ArtifactDamaged, ArtifactMissing

_TITLES = {403: "Not allowed", 404: "Not found", 405: "Not found", 409: "Not possible now", 422: "Not understood"}


def create_web(
    house: House,
    *,
    hosts: Collection[str] = LOOPBACK,
    dispatcher: Dispatcher | None = None,
    people: People | None = None,
) -> FastAPI:
    """The pages, the API and the sandbox as one ASGI application.

    Args:
        house: the running program.
        hosts: the names that a Host header may say.
        dispatcher: who drives rounds that are started over HTTP; this process without one.
        people: who may come in; found again as `app.state.people`.
    """
    app = FastAPI(
        title="Preround",
        version=VERSION,
        description="Review items, decisions and rounds, as the commands have them.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    app.state.people = people or people_of(house)
    app.state.answers = Answers(house.services.db, house.services.clock)
    app.include_router(health(house))
    app.include_router(metrics_page(house))
    readings = Readings.of(house)
    app.include_router(statics())
    app.include_router(QueuePages(house, readings).router)
    app.include_router(Pages(house, readings).router)
    app.include_router(QualityPage(house).router)
    app.include_router(RolloutPages(house).router)
    app.include_router(WatchingPage(house, app.state.people).router)
    app.include_router(SignInPage(house, app.state.people).router)
    app.state.api = Api(house, dispatcher or Here(house))
    app.include_router(app.state.api.router)
    app.include_router(EvidenceDoor(house, readings).router)
    app.include_router(HookDoor(house).router)
    app.include_router(SubscriptionDoor(house, rules_in_force(house)).router)

    @app.get("/api/docs", include_in_schema=False)
    def docs() -> Response:
        """The API described, without a script."""
        return respond("api.html", {"operations": tuple(operations(app.openapi()))})

    if house.sandbox is not None:
        app.router.routes.append(Route("/fhir", house.sandbox))
        app.router.routes.append(Mount("/fhir", app=house.sandbox))
    for kind in (*EXPECTED, ArtifactMissing, ArtifactDamaged):
        app.add_exception_handler(kind, _expected)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)

    def house_patient(item_id: str) -> str | None:
        with house.services.db.read() as connection:
            found = items.get(connection, item_id)
        return found.patient if found else None

    app.add_middleware(Entrance, people=app.state.people, patient_of=house_patient)
    origins = frozenset(house.settings.hooks.origins)
    app.add_middleware(Crossing, origins=origins)
    app.add_middleware(Guard, hosts=hosts, origins=origins)
    return app


async def _expected(request: Request, error: Exception) -> Response:
    if request.url.path.startswith("/api/"):
        return problem_json(error, status=status_of(error))
    problem = problem_of(error)
    return _page(problem.status, problem.sentence)


async def _invalid(request: Request, error: Exception) -> Response:
    # What was given is not repeated: it may be a patient's.
    found = error.errors() if isinstance(error, RequestValidationError) else ()
    where = "; ".join(f"{'.'.join(str(p) for p in one['loc'][1:])}: {one['msg']}" for one in found)
    said = Unusable(f"Correct the request: {where}")
    if request.url.path.startswith("/api/"):
        return problem_json(said, status=422)
    return _page(422, "This address or form is not one of this site's. Start again from the queue.")


async def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    said = Missing("There is nothing at this address; the API is described at /api/docs")
    if request.url.path.startswith("/api/"):
        found = problem_json(said, status=status)
        if status == 405:
            found.headers["allow"] = ", ".join(sorted(request.app.state.api.methods_at(request.url.path)))
        return found
    return _page(status, sentence(said) if request.method != "GET" else "There is no such page. Start from the queue.")


def _page(status: int, said: str) -> Response:
    title = _TITLES.get(status, "Could not finish")
    return respond("problem.html", {"title": title, "sentence": said}, status=status)
