"""The page Watching, for informaticists: what begins rounds by itself, as `preround subscribe` shows and changes it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from preround.failure import EXPECTED, Declined, Missing, Unusable
from preround.people.people import People
from preround.subscriptions.registering import subscribe, unsubscribe
from preround.subscriptions.rules import load_rules
from preround.web.informatics import informaticist, one_of, texts
from preround.web.problem import Problem, problem_of
from preround.web.rendering import respond
from preround.web.reviewer import remember
from preround.web.watching_view import STANDING, STANDS, names_of, view_of
from preround.web.wording import TASKS
from preround.wiring import House
from tools.fhir.errors import FhirError

PAGE = "/watching"
_VOID = "What it still tells is refused here from now on; end it again when the server answers."


class NameNeeded(Unusable):
    """Give your name: it goes on record with what you do."""

    def __init__(self) -> None:
        super().__init__(str(self.__doc__))


class WatchingPage:
    """The routes.

    Args:
        house: the running program.
        people: know where this server is reached.
    """

    def __init__(self, house: House, people: People) -> None:
        self._house = house
        self._people = people
        self.router = APIRouter(include_in_schema=False)
        self.router.add_api_route(PAGE, self.page, methods=["GET"])
        self.router.add_api_route(PAGE, self.change, methods=["POST"])

    async def page(self, request: Request) -> Response:
        """What begins rounds by itself: rules, subscriptions, and the rounds that began, wait or won't begin."""
        name, _ = informaticist(self._house, request)
        return await self._shown(name)

    async def change(self, request: Request) -> Response:
        """Subscribe for a rule, renew its subscription, or end it."""
        form = texts(await request.form(max_files=0, max_fields=20))
        name, _ = informaticist(self._house, request, form.get("name", "").strip())
        rule = form.get("rule", "")
        try:
            do = one_of(form.get("do", ""), ("subscribe", "end"))
            if not name:
                raise NameNeeded
            await (self._subscribe(rule, name) if do == "subscribe" else self._end(rule, name))
        except EXPECTED as error:
            return remember(await self._shown(name, problem=_problem(error, form), rule=rule), request, name)
        return remember(RedirectResponse(f"{PAGE}#rule-{rule}", status_code=303), request, name)

    async def _subscribe(self, rule: str, name: str) -> None:
        site = self._house.settings.subscriptions
        found = load_rules(site.rules).named(rule)
        if found is None:
            raise Missing("There is no rule of that name; choose one of the page")
        if not site.enabled:
            raise Declined("Rounds don't begin by themselves here, so that what the server told would be refused")
        # Another address than the settings say is given with `preround subscribe add --url` alone: a secret goes there.
        await subscribe(self._house, found, url=site.url or self._people.address or None, person=name)

    async def _end(self, rule: str, name: str) -> None:
        if rule not in await run_in_threadpool(names_of, self._house):
            raise Missing("There is no rule of that name; choose one of the page")
        await unsubscribe(self._house, rule, person=name)

    async def _shown(self, name: str, *, problem: Problem | None = None, rule: str = "") -> Response:
        view = await view_of(self._house)
        context = {
            "me": name,
            "view": view,
            "problem": problem,
            "rule": rule,
            "stands": STANDS,
            "standing": STANDING,
            "tasks": TASKS,
        }
        return await run_in_threadpool(respond, "watching.html", context, status=problem.status if problem else 200)


def _problem(error: Exception, form: dict[str, str]) -> Problem:
    found = problem_of(error)
    field = f"name-{form.get('rule', '')}" if isinstance(error, NameNeeded) else None
    ended = form.get("do") == "end" and isinstance(error, FhirError)
    return Problem(status=found.status, sentence=f"{found.sentence} {_VOID}" if ended else found.sentence, field=field)
