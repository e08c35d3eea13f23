"""The routes of the queue: filters and pages of it, claims, kept views, the live count, the next item."""

from __future__ import annotations

import json

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from preround.failure import Unusable
from preround.imaging.door import ON
from preround.people.signing import me_here, name_here, policy_here
from preround.web.problem import Problem
from preround.web.queue_address import CLAIMS, ORDERS, address_of, wanted_of
from preround.web.queue_page import queue_of
from preround.web.readings import Readings
from preround.web.rendering import respond
from preround.web.reviewer import MOST_CHARACTERS, remember, reviewer_of
from preround.web.wording import TASKS
from preround.wiring import House
from review.worklist import Wanted, claim_all, drop_view, keep_view, next_open, waiting

MOST_AT_ONCE = 100
"""So many items can be claimed with one form."""
EVENTS_EVERY_MS = 15_000
"""How soon a browser asks again for the live count."""


class QueuePages:
    """The routes of the queue.

    Args:
        house: the running program.
        readings: results and evidence, kept in memory.
    """

    def __init__(self, house: House, readings: Readings) -> None:
        self._house = house
        self._readings = readings
        self.router = APIRouter(include_in_schema=False)
        add = self.router.add_api_route
        add("/", self.queue, methods=["GET"])
        add("/queue/claims", self.claims, methods=["POST"])
        add("/queue/views", self.views, methods=["POST"])
        add("/queue/events", self.events, methods=["GET"])
        add("/queue/next", self.following, methods=["GET"])

    def queue(self, request: Request) -> Response:
        """The review queue."""
        wanted = wanted_of(request.query_params)
        return self._page(wanted, me=reviewer_of(request), after=request.query_params.get("after"))

    async def claims(self, request: Request) -> Response:
        """Claim or release items, one or several."""
        form = await request.form(max_files=0, max_fields=MOST_AT_ONCE + 20)
        return await run_in_threadpool(self._claims, request, form)

    async def views(self, request: Request) -> Response:
        """Keep a view under a name, or forget one."""
        form = await request.form(max_files=0, max_fields=20)
        return await run_in_threadpool(self._views, request, form)

    def events(self) -> Response:
        """How many wait, as one server-sent event; the browser asks again by itself."""
        count, critical = waiting(self._house.services.db)
        data = json.dumps({"waiting": count, "critical": critical})
        body = f"retry: {EVENTS_EVERY_MS}\nevent: waiting\ndata: {data}\n\n"
        return Response(body, media_type="text/event-stream")

    def following(self, after: str = "") -> Response:
        """The item to look at after one, or the queue when none waits."""
        found = next_open(self._house.services.db, after)
        return RedirectResponse(f"/items/{found.item_id}" if found else "/", status_code=303)

    def _claims(self, request: Request, form: FormData) -> Response:
        given = _texts(form)
        wanted = wanted_of(given)
        one_verb, _, one_item = given.get("one", "").partition(":")
        items = [one_item] if one_item else [str(one) for one in form.getlist("item")]
        free = (one_verb or given.get("do", "")) == "release"
        name = name_here(given.get("name", "").strip() or reviewer_of(request))
        problem = _claim_problem(items, name)
        if problem is None:
            services = self._house.services
            now = services.clock.now()
            done = claim_all(services.db, items, person=name, policy=policy_here(services.policy), now=now, free=free)
            if not done.refused:
                return remember(RedirectResponse(address_of(wanted), status_code=303), request, name)
            said = f"{len(done.done)} of {len(items)} {'released' if free else 'claimed'}. {done.refused[0][1]}"
            problem = Problem(status=409, sentence=said)
        return remember(self._page(wanted, me=name, problem=problem, ticked=items), request, name)

    def _views(self, request: Request, form: FormData) -> Response:
        given = _texts(form)
        wanted, me = wanted_of(given), name_here(given.get("name", "").strip() or reviewer_of(request))
        label = " ".join(given.get("label", "").split())[:60]
        db = self._house.services.db
        if not me:
            problem = Problem(status=422, sentence="Give your name: views are kept for one person.", field="view-name")
            return self._page(wanted, me="", problem=problem)
        if given.get("do") == "forget":
            drop_view(db, person=me, name=given.get("forget", ""))
            return remember(RedirectResponse(address_of(wanted), status_code=303), request, me)
        if not label:
            problem = Problem(status=422, sentence="Give the view a name.", field="label")
            return self._page(wanted, me=me, problem=problem)
        if not keep_view(db, person=me, name=label, wanted=wanted, now=self._house.services.clock.now()):
            problem = Problem(status=409, sentence="You keep as many views as there can be; forget one first.")
            return self._page(wanted, me=me, problem=problem)
        return remember(RedirectResponse(address_of(wanted), status_code=303), request, me)

    def _page(
        self,
        wanted: Wanted,
        *,
        me: str,
        after: str | None = None,
        problem: Problem | None = None,
        ticked: list[str] | None = None,
    ) -> Response:
        here = me_here(self._house.services.policy, me)
        view = queue_of(self._house, self._readings, wanted, me=here, after=after)
        context = {
            "imaging": ON if self._house.settings.imaging.enabled else "",
            "view": view,
            "problem": problem,
            "ticked": frozenset(ticked or ()),
            "orders": ORDERS,
            "claims": CLAIMS,
            "tasks": TASKS,
        }
        return respond("queue.html", context, status=problem.status if problem else 200)


def _texts(form: FormData) -> dict[str, str]:
    found = {name: value for name, value in form.multi_items() if isinstance(value, str)}
    if any(len(value) > MOST_CHARACTERS for value in found.values()):
        raise Unusable("This form holds more than a queue can; open the queue again")
    return found


def _claim_problem(items: list[str], name: str) -> Problem | None:
    if not items:
        return Problem(status=422, sentence="Tick the items that you claim.", field="lines")
    if not name:
        return Problem(status=422, sentence="Give your name: it says whose review it is.", field="name")
    return None
