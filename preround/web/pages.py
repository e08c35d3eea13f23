"""The pages: plain forms, redirect after a decision, and a mistake shown where it was made."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from graphs.node import run_of
from preround.doing import deciding, rounds
from preround.doing.asking import ask_beside
from preround.doing.evidence import LITERATURE, note
from preround.failure import EXPECTED, Declined, Missing
from preround.imaging.door import ON
from preround.people.signing import edits_json_here, signer_here
from preround.shown.items import receipt_words
from preround.web.author_page import author_of
from preround.web.decision_form import AskNeeded, ChoiceNeeded, Filled, NameNeeded, checked_ask, filled, said
from preround.web.evidence_view import evidence_of
from preround.web.item_page import ItemView, following, offered_reasons, view_of
from preround.web.narrative import narratives_of
from preround.web.pictures import png_of
from preround.web.problem import Problem, problem_of
from preround.web.readings import Readings
from preround.web.rendering import respond
from preround.web.reviewer import remember, reviewer_of
from preround.web.source_page import passage_of, source_of
from preround.web.tree import tree
from preround.wiring import House
from review.errors import NotAllowed
from review.forms import form_of
from review.queue import show
from review.receipt import Receipt
from store.opened import OpenedRow as Opened

JSON_NEEDED = "an informaticist must edit the JSON; use the entry's form, or send the item back with words"
_NEEDED: Mapping[type[Exception], str] = {NameNeeded: "name", ChoiceNeeded: "choice", AskNeeded: "ask"}
Answer = Callable[..., Awaitable[Response]]


class Pages:
    """The routes of the pages.

    Args:
        house: the running program.
        readings: results and evidence, kept in memory.
    """

    def __init__(self, house: House, readings: Readings) -> None:
        self._house = house
        self._readings = readings
        self.router = APIRouter(include_in_schema=False)
        add = self.router.add_api_route
        add("/items/{item_id}", self.item, methods=["GET"])
        add("/items/{item_id}/author", self.author, methods=["GET"])
        add("/items/{item_id}/decisions", self.decide, methods=["POST"])
        add("/items/{item_id}/entries/{n}", self.entry, methods=["GET"])
        add("/items/{item_id}/receipt", self.receipt, methods=["GET"])
        add("/items/{item_id}/receipt/{n}", self.stored, methods=["GET"])
        add("/items/{item_id}/receipt/{n}/undo", self.undo, methods=["POST"])
        add("/items/{item_id}/sources/{ref:path}", self.source, methods=["GET"])
        add("/items/{item_id}/literature/{passage:path}", self.literature, methods=["GET"])
        add("/items/{item_id}/pictures/{n}", self.picture, methods=["GET"])

    def item(self, request: Request, item_id: str) -> Response:
        """One item."""
        return self._item(item_id, form=Filled(name=reviewer_of(request)))

    def author(self, item_id: str) -> Response:
        """Who drafted an item, with the source attributes of a model."""
        return self._respond("author.html", {"view": author_of(self._house, self._readings, item_id)})

    def entry(self, request: Request, item_id: str, n: int, as_: Annotated[str, Query(alias="as")] = "") -> Response:
        """One proposed entry, to be edited."""
        return self._entry(item_id, n, form=Filled(name=reviewer_of(request)), raw=as_ == "json")

    def source(self, request: Request, item_id: str, ref: str, of: str | None = None) -> Response:
        """The resource behind a citation; that it was opened is recorded."""
        view = source_of(self._house, self._readings, item_id, ref, of)
        noted = self._noted(request, item_id, view.reference)
        return self._respond("source.html", {"view": view, "noted": noted})

    def literature(self, request: Request, item_id: str, passage: str, sentence: int = 0) -> Response:
        """The paper or guideline behind a citation; that it was opened is recorded."""
        view = passage_of(self._house, self._readings, item_id, passage, sentence)
        noted = self._noted(request, item_id, f"{LITERATURE}{passage}")
        return self._respond("passage.html", {"view": view, "noted": noted})

    def _noted(self, request: Request, item_id: str, source: str) -> Opened | None:
        if "prefetch" in request.headers.get("sec-purpose", ""):  # a browser that reads ahead is nobody who reads
            return None
        return note(self._house, item_id, source, given=reviewer_of(request))

    def receipt(self, item_id: str) -> Response:
        """What was signed and what the server stored."""
        return self._receipt(item_id)

    async def undo(self, item_id: str, n: int) -> Response:
        """Propose to take a write back, then show the proposal."""
        _, receipt = await self._stored(item_id, n)
        try:
            run = await rounds.undo(self._house, receipt.receipt)
            return RedirectResponse(f"/items/{rounds.item_of_run(self._house, run.run_id)}", status_code=303)
        except EXPECTED as error:
            return await run_in_threadpool(self._receipt, item_id, problem=problem_of(error))

    async def stored(self, item_id: str, n: int) -> Response:
        """A stored resource as the server has it now."""
        view, receipt = await self._stored(item_id, n)
        kind, _, resource_id = receipt.reference.partition("/")
        resource = await self._house.services.client.read(kind, resource_id)
        context = {"view": view, "receipt": receipt, "resource": resource, "branches": tree(resource, ())}
        context["narratives"] = narratives_of(resource, self._readings.sensitive)
        return self._respond("stored.html", context)

    async def decide(self, request: Request, item_id: str) -> Response:
        """Take a decision, then show what came of it."""
        form = filled(await request.form(max_files=0, max_fields=200))
        try:
            if form.ask_only:
                checked_ask(form)
                asking = partial(ask_beside, self._house, item_id, person=form.name, ask=form.ask, words=form.ask_words)
                await run_in_threadpool(asking)
                return remember(RedirectResponse(f"/items/{item_id}", status_code=303), request, form.name)
            what = said(form, await run_in_threadpool(self._edited, item_id, form))
            done = await deciding.decide(
                self._house,
                item_id=item_id,
                person=what.person,
                verb=what.verb,
                only=what.only,
                code=what.code,
                words=what.words,
                edited=what.edited,
                ask=what.ask,
                ask_words=what.ask_words,
                proposal_sha256=what.proposal_sha256,
                signer=signer_here(self._house.services.clock.now()),
            )
        except EXPECTED as error:
            return remember(await run_in_threadpool(self._refused, item_id, form, error), request, form.name)
        return remember(RedirectResponse(_after(item_id, done), status_code=303), request, what.person)

    def picture(self, item_id: str, n: int) -> Response:
        """A picture as the model had it; what it is made of never changes, and it stays out of caches all the same."""
        shown = show(self._house.services.db, item_id)
        result = self._readings.result(run_of(self._house.services, shown.item.run_id))
        return Response(png_of(self._house, result, n), media_type="image/png")

    async def _stored(self, item_id: str, n: int) -> tuple[ItemView, Receipt]:
        view = await run_in_threadpool(view_of, self._house, self._readings, item_id)
        receipt = next((one for one in view.receipts if one.entry == n), None)
        if receipt is None:
            raise Missing("Nothing is stored under that number; see the item's receipt")
        return view, receipt

    def _receipt(self, item_id: str, *, problem: Problem | None = None) -> Response:
        view = view_of(self._house, self._readings, item_id)
        context = {"view": view, "problem": problem, "receipt_words": receipt_words}
        return self._respond("receipt.html", context, status=problem.status if problem else 200)

    def _respond(self, name: str, context: Mapping[str, Any], *, status: int = 200) -> Response:
        """A page; where pictures are read, each says so."""
        imaging = ON if self._house.settings.imaging.enabled else ""
        return respond(name, {**context, "imaging": imaging}, status=status)

    def _refused(self, item_id: str, form: Filled, error: Exception) -> Response:
        shown = show(self._house.services.db, item_id)
        next_item = following(self._house, shown, run_of(self._house.services, shown.item.run_id))
        problem = problem_of(error, next_item=next_item if isinstance(error, Declined) else None)
        if (field := next((name for kind, name in _NEEDED.items() if isinstance(error, kind)), None)) is not None:
            problem = Problem(status=422, sentence=problem.sentence, field=field)
        if form.choice == "edit" and shown.item.state == "open":
            return self._entry(item_id, int(form.entry) if form.entry.isdigit() else 1, form=form, problem=problem)
        return self._item(item_id, form=form, problem=problem)

    def _item(self, item_id: str, *, form: Filled | None = None, problem: Problem | None = None) -> Response:
        view = view_of(self._house, self._readings, item_id)
        evidence, given = evidence_of(self._house, view, given=form.name if form else "")
        context: dict[str, Any] = {
            "view": view,
            "evidence": {one.n: one for one in evidence},
            "evidence_given": given,
            "form": form or Filled(),
            "problem": problem,
            "reasons": offered_reasons(),
            "ask_roles": self._house.services.policy.signing_roles,
        }
        return self._respond("item.html", context, status=problem.status if problem else 200)

    def _edited(self, item_id: str, form: Filled) -> Mapping[str, Any] | None:
        """The resource that a form of an entry's elements was made from."""
        if not form.elements or not form.entry.isdigit():
            return None
        entries = show(self._house.services.db, item_id).proposal.entries
        return next((one.resource for one in entries if one.n == int(form.entry)), None)

    def _entry(
        self, item_id: str, n: int, *, form: Filled, problem: Problem | None = None, raw: bool = False
    ) -> Response:
        view = view_of(self._house, self._readings, item_id)
        found = next((one for one in view.entries if one.entry.n == n), None)
        if found is None:
            raise Missing("The item has no entry of that number; open the item and choose one")
        may = edits_json_here(self._house.services.policy, form.name)
        if raw and not may:
            raise NotAllowed(JSON_NEEDED)
        # What was typed into a form is shown in it again; JSON that somebody gave without the role is not.
        fields = () if raw or (form.resource and may) else form_of(found.entry.resource)
        context = {"view": view, "one": found, "form": form, "problem": problem, "fields": fields, "raw": raw}
        context["json"] = may
        return self._respond("entry.html", context, status=problem.status if problem else 200)


def _after(item_id: str, done: dict[str, Any]) -> str:
    if done["outcome"] == "approved" and "seeded" not in done:
        return f"/items/{item_id}/receipt"
    return f"/items/{done['next_item'] or item_id}"
