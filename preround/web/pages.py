"""The pages: plain forms, redirect after a decision, and a mistake shown where it was made."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from graphs.node import run_of
from preround import rounds
from preround.commands.queue import receipt_words
from preround.failure import EXPECTED, Declined, Missing
from preround.web.author_page import author_of
from preround.web.decision_form import ChoiceNeeded, Filled, NameNeeded, filled, said
from preround.web.item_page import ItemView, following, offered_reasons, view_of
from preround.web.problem import Problem, problem_of
from preround.web.queue_page import queue_of
from preround.web.readings import Readings
from preround.web.rendering import ICON, STYLESHEET, respond
from preround.web.source_page import passage_of, source_of
from preround.web.tree import tree
from preround.wiring import House
from review.queue import show
from review.receipt import Receipt

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
        add("/", self.queue, methods=["GET"])
        add("/items/{item_id}", self.item, methods=["GET"])
        add("/items/{item_id}/author", self.author, methods=["GET"])
        add("/items/{item_id}/decisions", self.decide, methods=["POST"])
        add("/items/{item_id}/entries/{n}", self.entry, methods=["GET"])
        add("/items/{item_id}/receipt", self.receipt, methods=["GET"])
        add("/items/{item_id}/receipt/{n}", self.stored, methods=["GET"])
        add("/items/{item_id}/receipt/{n}/undo", self.undo, methods=["POST"])
        add("/items/{item_id}/sources/{ref:path}", self.source, methods=["GET"])
        add("/items/{item_id}/literature/{passage:path}", self.literature, methods=["GET"])
        add("/static/preround.css", self.stylesheet, methods=["GET"])
        add("/static/icon.svg", self.icon, methods=["GET"])

    def queue(self, status: str = "open") -> Response:
        """The review queue."""
        return respond("queue.html", {"view": queue_of(self._house, self._readings, status)})

    def item(self, item_id: str) -> Response:
        """One item."""
        return self._item(item_id)

    def author(self, item_id: str) -> Response:
        """Who drafted an item, with the source attributes of a model."""
        return respond("author.html", {"view": author_of(self._house, self._readings, item_id)})

    def entry(self, item_id: str, n: int) -> Response:
        """One proposed entry, to be edited."""
        return self._entry(item_id, n)

    def source(self, item_id: str, ref: str, of: str | None = None) -> Response:
        """The resource behind a citation."""
        return respond("source.html", {"view": source_of(self._house, self._readings, item_id, ref, of)})

    def literature(self, item_id: str, passage: str, sentence: int = 0) -> Response:
        """The paper or guideline behind a citation."""
        view = passage_of(self._house, self._readings, item_id, passage, sentence)
        return respond("passage.html", {"view": view})

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
        return respond("stored.html", context)

    async def decide(self, request: Request, item_id: str) -> Response:
        """Take a decision, then show what came of it."""
        form = filled(await request.form(max_files=0, max_fields=200))
        try:
            what = said(form)
            done = await rounds.decide(
                self._house,
                item_id=item_id,
                person=what.person,
                verb=what.verb,
                only=what.only,
                code=what.code,
                words=what.words,
                edited=what.edited,
                proposal_sha256=what.proposal_sha256,
            )
        except EXPECTED as error:
            return await run_in_threadpool(self._refused, item_id, form, error)
        return RedirectResponse(_after(item_id, done), status_code=303)

    def stylesheet(self) -> Response:
        """The one stylesheet."""
        return Response(STYLESHEET, media_type="text/css", headers={"cache-control": "max-age=300"})

    def icon(self) -> Response:
        """The site's icon."""
        return Response(ICON, media_type="image/svg+xml", headers={"cache-control": "max-age=300"})

    async def _stored(self, item_id: str, n: int) -> tuple[ItemView, Receipt]:
        view = await run_in_threadpool(view_of, self._house, self._readings, item_id)
        receipt = next((one for one in view.receipts if one.entry == n), None)
        if receipt is None:
            raise Missing("Nothing is stored under that number; see the item's receipt")
        return view, receipt

    def _receipt(self, item_id: str, *, problem: Problem | None = None) -> Response:
        view = view_of(self._house, self._readings, item_id)
        context = {"view": view, "problem": problem, "receipt_words": receipt_words}
        return respond("receipt.html", context, status=problem.status if problem else 200)

    def _refused(self, item_id: str, form: Filled, error: Exception) -> Response:
        shown = show(self._house.services.db, item_id)
        next_item = following(self._house, shown, run_of(self._house.services, shown.item.run_id))
        problem = problem_of(error, next_item=next_item if isinstance(error, Declined) else None)
        if isinstance(error, (NameNeeded, ChoiceNeeded)):
            problem = Problem(
                status=422, sentence=problem.sentence, field="name" if isinstance(error, NameNeeded) else "choice"
            )
        if form.choice == "edit" and shown.item.state == "open":
            return self._entry(item_id, int(form.entry) if form.entry.isdigit() else 1, form=form, problem=problem)
        return self._item(item_id, form=form, problem=problem)

    def _item(self, item_id: str, *, form: Filled | None = None, problem: Problem | None = None) -> Response:
        context: dict[str, Any] = {
            "view": view_of(self._house, self._readings, item_id),
            "form": form or Filled(),
            "problem": problem,
            "reasons": offered_reasons(),
        }
        return respond("item.html", context, status=problem.status if problem else 200)

    def _entry(self, item_id: str, n: int, *, form: Filled | None = None, problem: Problem | None = None) -> Response:
        view = view_of(self._house, self._readings, item_id)
        found = next((one for one in view.entries if one.entry.n == n), None)
        if found is None:
            raise Missing("The item has no entry of that number; open the item and choose one")
        context = {"view": view, "one": found, "form": form or Filled(), "problem": problem}
        return respond("entry.html", context, status=problem.status if problem else 200)


def _after(item_id: str, done: dict[str, Any]) -> str:
    if done["outcome"] == "approved":
        return f"/items/{item_id}/receipt"
    return f"/items/{done['next_item'] or item_id}"
