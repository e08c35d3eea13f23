"""The web application: pages, API, health and the embedded sandbox behind one guard."""

from __future__ import annotations

from collections.abc import Collection

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Mount, Route

from preround import VERSION
from preround.failure import EXPECTED, Missing, Unusable, outcome, sentence
from preround.web.api import Api, answer
from preround.web.api_docs import operations
from preround.web.guard import LOOPBACK, Guard
from preround.web.health import health
from preround.web.pages import Pages
from preround.web.problem import problem_of, status_of
from preround.web.readings import Readings
from preround.web.rendering import respond
from preround.wiring import House
from store.artifacts import ArtifactDamaged, ArtifactMissing

_TITLES = {403: "Not allowed", 404: "Not found", 405: "Not found", 409: "Not possible now", 422: "Not understood"}


def create_web(house: House, *, hosts: Collection[str] | None = LOOPBACK) -> FastAPI:
    """The pages, the API and the sandbox as one ASGI application.

    Args:
        house: the running program.
        hosts: the names that a Host header may say; any with `None`, for a server that others reach on purpose.
    """
    app = FastAPI(
        title="Preround",
        version=VERSION,
        description="Review items, decisions and rounds, as the commands have them.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    app.include_router(health(house))
    app.include_router(Pages(house, Readings(house.services.db)).router)
    app.include_router(Api(house).router)

    @app.get("/api/docs", include_in_schema=False)
    def docs() -> Response:
        return respond("api.html", {"operations": tuple(operations(app.openapi()))})

    if house.sandbox is not None:
        app.router.routes.append(Route("/fhir", house.sandbox))
        app.router.routes.append(Mount("/fhir", app=house.sandbox))
    for kind in (*EXPECTED, ArtifactMissing, ArtifactDamaged):
        app.add_exception_handler(kind, _expected)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_middleware(Guard, hosts=hosts)
    return app


async def _expected(request: Request, error: Exception) -> Response:
    if request.url.path.startswith("/api/"):
        return answer(outcome(error), status=status_of(error))
    problem = problem_of(error)
    return _page(problem.status, problem.sentence)


async def _invalid(request: Request, error: Exception) -> Response:
    # What was given is not repeated: it may be a patient's.
    found = error.errors() if isinstance(error, RequestValidationError) else ()
    where = "; ".join(f"{'.'.join(str(p) for p in one['loc'][1:])}: {one['msg']}" for one in found)
    said = Unusable(f"Correct the request: {where}")
    if request.url.path.startswith("/api/"):
        return answer(outcome(said), status=422)
    return _page(422, "This address or form is not one of this site's. Start again from the queue.")


async def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    said = Missing("There is nothing at this address; the API is described at /api/docs")
    if request.url.path.startswith("/api/"):
        return answer(outcome(said), status=status)
    return _page(status, sentence(said) if request.method != "GET" else "There is no such page. Start from the queue.")


def _page(status: int, said: str) -> Response:
    title = _TITLES.get(status, "Could not finish")
    return respond("problem.html", {"title": title, "sentence": said}, status=status)
