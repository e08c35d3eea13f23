"""The pages of a rollout, for informaticists: switches, incidents, and whether to go on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any, cast, get_args

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from preround.doing.switching import throw
from preround.shown.rollout import figures_of
from preround.web.informatics import informaticist, one_of, texts
from preround.web.problem import Problem, problem_of
from preround.web.rendering import respond
from preround.web.reviewer import remember
from preround.web.wording import TASKS
from preround.wiring import House
from review.errors import GateError, NotAllowed
from review.incidents import Act, act_on, incidents
from review.policy import Policy
from review.reasons import reasons
from review.rollout import bounds, happened, rows, whole
from review.switches import Mode, Scope, standing
from store import runs, switches


class RolloutPages:
    """The routes.

    Args:
        house: the running program.
    """

    def __init__(self, house: House) -> None:
        self._house = house
        self.router = APIRouter(include_in_schema=False)
        add = self.router.add_api_route
        add("/rollout", self.rollout, methods=["GET"])
        add("/switches", self.switches, methods=["GET"])
        add("/switches", self.throw, methods=["POST"])
        add("/incidents", self.incidents, methods=["GET"])
        add("/incidents/{item_id}", self.act, methods=["POST"])

    def rollout(self, request: Request, task: str = "", site: str = "") -> Response:
        """Whether to go on, and what silence would have proposed."""
        informaticist(self._house, request)
        db = self._house.services.db
        found = happened(
            db, task=task or None, site=site or None, words_a_minute=self._house.settings.reading_words_a_minute
        )
        counted: dict[str, Counter[str | None]] = {}
        for one in found.silent:
            counted.setdefault(one.guideline or TASKS.get(one.task, one.task), Counter())[one.verdict] += 1
        held = rows(found, bounds(self._house.settings.rollout))
        with db.read() as connection:
            sites = sorted({run.site for run in runs.by_status(connection) if run.site})
        context = {
            "rows": held,
            "answer": whole(held),
            "words": figures_of,
            "silent": counted,
            "tasks": TASKS,
            "task": task,
            "sites": sites,
            "site": site,
        }
        return respond("rollout.html", context)

    def switches(self, request: Request) -> Response:
        """What is off or silent, and what was."""
        name, _ = informaticist(self._house, request)
        return self._switches(name)

    async def throw(self, request: Request) -> Response:
        """Switch something off, to silent, or on."""
        form = texts(await request.form(max_files=0, max_fields=20))
        return await run_in_threadpool(self._post, request, form, self._throw, self._switches, "/switches")

    def incidents(self, request: Request) -> Response:
        """What reviewers reported, whose it is, and what was done."""
        name, _ = informaticist(self._house, request)
        return self._incidents(name)

    async def act(self, request: Request, item_id: str) -> Response:
        """Take, note, close or reopen an incident."""
        form = texts(await request.form(max_files=0, max_fields=20)) | {"item": item_id}
        return await run_in_threadpool(self._post, request, form, self._act, self._incidents, "/incidents")

    def _post(
        self,
        request: Request,
        form: dict[str, str],
        work: Callable[[dict[str, str], str, Policy, datetime], None],
        again: Callable[..., Response],
        there: str,
    ) -> Response:
        name, policy = informaticist(self._house, request, form.get("name", "").strip())
        try:
            work(form, name, policy, self._house.services.clock.now())
        except NotAllowed:
            raise
        except GateError as error:
            return remember(again(name, problem=problem_of(error), form=form), request, name)
        return remember(RedirectResponse(there, status_code=303), request, name)

    def _throw(self, form: dict[str, str], name: str, policy: Policy, now: datetime) -> None:
        mode = one_of(form.get("mode", ""), get_args(Mode))
        given = {
            kind: form[kind].strip() for kind in ("task", "site", "model", "guideline") if form.get(kind, "").strip()
        }
        throw(
            self._house.services.db,
            self._house.settings,
            Scope(**given),
            cast("Mode", mode),
            reason=form.get("reason", ""),
            person=name,
            now=now,
            unknown=form.get("new") == "yes",
        )

    def _act(self, form: dict[str, str], name: str, policy: Policy, now: datetime) -> None:
        act = cast("Act", one_of(form.get("do", ""), get_args(Act)))
        words = form.get("words")
        act_on(self._house.services.db, form["item"], act, person=name, words=words, policy=policy, now=now)

    def _switches(self, name: str, *, problem: Problem | None = None, form: dict[str, str] | None = None) -> Response:
        db = self._house.services.db
        with db.read() as connection:
            every = switches.every(connection)[::-1]
        context: dict[str, Any] = {
            "me": name,
            "standing": standing(db),
            "acts": every[:200],
            "problem": problem,
            "form": form or {},
            "tasks": TASKS,
            "site": self._house.services.site,
            "model": self._house.services.reasoner.model[0] or self._house.services.reasoner.name,
        }
        return respond("switches.html", context, status=problem.status if problem else 200)

    def _incidents(self, name: str, *, problem: Problem | None = None, form: dict[str, str] | None = None) -> Response:
        found = incidents(self._house.services.db)
        context = {
            "me": name,
            "open": [one for one in found if one.closed is None],
            "closed": [one for one in found if one.closed is not None],
            "words_of": {one.code: one.display for one in reasons()},
            "problem": problem,
            "form": form or {},
        }
        return respond("incidents.html", context, status=problem.status if problem else 200)
