"""Playing a scenario: one step after the other, each with what came of it and what should have."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from fhir_fixtures.scenario import (
    DecideStep,
    GoOnStep,
    HappensStep,
    LaterStep,
    RoundStep,
    ServerStep,
    Step,
    UndoStep,
)
from graphs.node import run_of
from preround.doing import deciding, rounds
from preround.failure import EXPECTED, Unusable, sentence
from preround.replay.expected import ended_as_expected, refusal_misses, round_misses, titled
from preround.replay.holding import came, held
from preround.replay.seen import seen
from preround.replay.stage import Stage
from preround.replay.step_words import words_of
from review.proposal import Resource
from review.queue import show
from store.runs import Run

Moment = dict[str, Any]
"""One step as JSON: its number, what was done, when, what came of it, and what should have and did not."""


class Player:
    """One performance.

    Args:
        stage: where it is played.
        told: told of each step before it is played.
    """

    def __init__(self, stage: Stage, told: Callable[[str], None] = lambda step: None) -> None:
        self.stage = stage
        self.moments: list[Moment] = []
        """What was played so far."""
        self.item: str | None = None
        """The review item at hand."""
        self._told = told
        self._run: str | None = None
        self._items: list[str] = []
        self._before: dict[str, Resource] | None = None

    @property
    def left(self) -> tuple[Step, ...]:
        """The steps that were not played yet."""
        return tuple(self.stage.cast.scenario.steps[len(self.moments) :])

    async def next(self) -> Moment:
        """Play one step.

        Raises:
            Unusable: the step needs an item, or a receipt, that is not there.
        """
        if self._before is None:
            self._before = await held(self.stage)
        scenario, n = self.stage.cast.scenario, len(self.moments) + 1
        step = scenario.steps[n - 1]
        self._told(words_of(step))
        if step.at is not None:
            self.stage.clock.move(scenario.moment(step.at))
        done, misses = await self._played(step, n)
        at = self.stage.clock.now().isoformat()
        self.moments.append({"n": n, "step": words_of(step), "at": at, **done, "misses": misses})
        return self.moments[-1]

    async def to_the_end(self) -> dict[str, Any]:
        """Play what is left, and say what came of the whole."""
        while self.left:
            await self.next()
        return await self.whole()

    async def whole(self) -> dict[str, Any]:
        """The performance as JSON: the same bytes each time it is played."""
        self.stage.outage.down, self.stage.outage.left = False, None
        written = came(self._before or {}, await held(self.stage))
        cast, reasoner = self.stage.cast, self.stage.house.services.reasoner
        misses = [f"step {m['n']} ({m['step']}): {one}" for m in self.moments for one in m["misses"]]
        return {
            "scenario": cast.scenario.scenario,
            "title": cast.scenario.title,
            "reasoner": reasoner.name,
            "model": {"name": reasoner.model[0], "revision": reasoner.model[1]},
            "moments": self.moments,
            "written": written,
            "calls": {kind: dict(self.stage.tape.used(kind)) for kind in ("fhir", "literature")},
            "misses": [*misses, *(f"at the end: {m}" for m in ended_as_expected(cast.scenario.at_the_end, written))],
        }

    async def _played(self, step: Step, n: int) -> tuple[Moment, list[str]]:
        match step:
            case RoundStep():
                return await self._round(step, n)
            case DecideStep():
                return await self._decide(step)
            case UndoStep():
                return await self._undo(step)
            case GoOnStep():
                return await self._go_on(step)
            case HappensStep():
                earlier = await held(self.stage)
                await self.stage.happens(step.happens)
                # What others write is the new ground against which our own writes are seen.
                self._before = (self._before or {}) | came(earlier, await held(self.stage))
            case LaterStep():
                self.stage.clock.later(step.span)
            case ServerStep():
                self.stage.outage.down = step.server == "down"
                self.stage.outage.left = step.server if isinstance(step.server, int) else None
        return {}, []

    async def _round(self, step: RoundStep, n: int) -> tuple[Moment, list[str]]:
        run_id = uuid.uuid5(uuid.NAMESPACE_OID, f"scenario:{self.stage.cast.scenario.scenario}:{n}").hex[:16]
        try:
            run = await self._opened(step, run_id)
        except EXPECTED as error:
            found: Moment = {"status": "failed", "status_detail": sentence(error)}
            return {"round": found}, round_misses(step, found)
        self._take(run.run_id)
        return self._seen(step)

    async def _opened(self, step: RoundStep, run_id: str) -> Run:
        house, patient, now = self.stage.house, self.stage.patient, self.stage.clock.now()
        if step.round == ("imaging",) and self.stage.films is not None:
            return await self.stage.films.read(house, patient, now)
        return await rounds.start(
            house,
            patient=patient,
            tasks=step.round,
            as_of=now,
            question=step.question,
            since=step.since,
            run_id=run_id,
        )

    def _seen(self, step: RoundStep | None = None) -> tuple[Moment, list[str]]:
        """The round at hand, as people see it."""
        found = seen(self.stage, self._run or "")
        return {"round": found}, round_misses(step, found) if step else []

    async def _decide(self, step: DecideStep) -> tuple[Moment, list[str]]:
        item = self._at_hand()
        titles = {e.n: e.title for e in show(self.stage.house.services.db, item).proposal.entries}
        try:
            done = await deciding.decide(
                self.stage.house,
                item_id=item,
                person=step.by,
                verb=step.decide,
                only=titled(step.only, titles) if step.only else None,
                code=step.code,
                words=step.words,
                edited=self._edited(step, item, titles) or None,
            )
        except EXPECTED as error:
            await self._follow_stale()
            return {"refused": sentence(error)}, refusal_misses(step.refused, sentence(error))
        moment: Moment = {
            "outcome": done["outcome"],
            "missing": list(done["signatures_missing"]),
            "receipts": [{k: r[k] for k in ("reference", "version", "sha256")} for r in done["receipts"]],
        }
        misses = [] if done["outcome"] == step.then else [f"it came to {done['outcome']}, not {step.then}"]
        if step.refused is not None:
            misses = [f"it was not refused, and came to {done['outcome']}"]
        if done["next_item"] and done["next_item"] != item:
            self._hold(done["next_item"])
            moment |= self._seen()[0]
        return moment, misses

    def _edited(self, step: DecideStep, item: str, titles: dict[int, str]) -> dict[int, Resource]:
        entries = {e.n: e.resource for e in show(self.stage.house.services.db, item).proposal.entries}
        return {
            n: {**entries[n], **elements} for pattern, elements in step.edit.items() for n in titled((pattern,), titles)
        }

    async def _undo(self, step: UndoStep) -> tuple[Moment, list[str]]:
        found = [
            receipt
            for item in self._items
            for receipt in deciding.receipts_json(self.stage.house, item)
            if titled((step.undo,), {0: receipt["reference"]}, missing_ok=True)
        ]
        if not found:
            raise Unusable(f"Nothing was written that “{step.undo}” names; write such as ServiceRequest")
        try:
            run = await rounds.undo(self.stage.house, found[-1]["receipt"])
        except EXPECTED as error:
            return {"refused": sentence(error)}, refusal_misses(step.refused, sentence(error))
        self._take(run.run_id)
        misses = [f"it was not refused, and is {run.status}"] if step.refused else []
        return {**self._seen()[0], "undoes": found[-1]["reference"]}, misses

    async def _go_on(self, step: GoOnStep) -> tuple[Moment, list[str]]:
        await self.stage.house.runner.sweep()
        await self._follow_stale()
        run = run_of(self.stage.house.services, self._run or "")
        receipts = deciding.receipts_json(self.stage.house, self.item) if self.item else []
        moment = {
            "status": run.status,
            "receipts": [{k: r[k] for k in ("reference", "version", "sha256")} for r in receipts],
        }
        misses = [f"the round is {run.status}, not {step.status}"] if step.status not in (None, run.status) else []
        return moment, misses

    async def _follow_stale(self) -> None:
        """The fresh round in place of one whose chart has changed."""
        if self._run is None:
            return
        run = run_of(self.stage.house.services, self._run)
        if run.status == "stale":
            item = await rounds.refresh(self.stage.house, run)
            if item:
                self._hold(item)

    def _take(self, run_id: str) -> None:
        self._run = run_id
        item = rounds.result(self.stage.house, run_id)["review_item"]
        if item:
            self._hold(item)
        else:
            self.item = None

    def _hold(self, item: str) -> None:
        self.item = item
        self._items.append(item)
        self._run = show(self.stage.house.services.db, item).item.run_id

    def _at_hand(self) -> str:
        if self.item is None:
            raise Unusable("A decision needs an item; begin with a round that has something to write")
        return self.item
