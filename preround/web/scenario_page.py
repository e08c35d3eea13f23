"""A scenario in the web page: its steps, what came of those that were played, and a button for the next."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from fhir_fixtures.scenario import Scenario
from preround.failure import EXPECTED, sentence
from preround.replay.play import Moment, Player
from preround.replay.step_words import words_of
from preround.web.rendering import respond


@dataclass(frozen=True, kw_only=True, slots=True)
class StepView:
    """One step."""

    n: int
    """Its number."""
    words: str
    """What is done."""
    why: str | None
    """What to look at."""
    moment: Moment | None
    """What came of it; ``None`` where it was not played yet."""
    item: str | None
    """The review item at hand after it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ScenarioView:
    """Everything on that page."""

    scenario: Scenario
    """Which."""
    now: str
    """The time on stage."""
    steps: tuple[StepView, ...]
    """All of them, in order."""
    next_step: StepView | None
    """The one that the button plays."""
    whole: dict[str, Any] | None
    """What came of the whole, when all is played."""
    problem: str | None
    """Why the last step could not be played."""


class ScenarioPage:
    """The routes of a scenario that is played step by step.

    Args:
        player: the performance; the pages beside it show the same house.
    """

    def __init__(self, player: Player) -> None:
        self._player = player
        self._items: list[str | None] = []
        self._whole: dict[str, Any] | None = None
        self._problem: str | None = None
        self._turn = asyncio.Lock()
        self.router = APIRouter(include_in_schema=False)
        self.router.add_api_route("/scenario", self.page, methods=["GET"])
        self.router.add_api_route("/scenario/next", self.play, methods=["POST"])

    def page(self) -> Response:
        """The scenario as it stands."""
        return respond("scenario.html", {"view": self._view()})

    async def play(self) -> Response:
        """Play the next step, then show what came of it."""
        async with self._turn:
            self._problem = None
            try:
                if self._player.left:
                    await self._player.next()
                    self._items.append(self._player.item)
                if not self._player.left and self._whole is None:
                    self._whole = await self._player.whole()
            except EXPECTED as error:
                self._problem = sentence(error)
        return RedirectResponse("/scenario#next", status_code=303)

    def _view(self) -> ScenarioView:
        stage, played = self._player.stage, self._player.moments
        steps = tuple(
            StepView(
                n=n,
                words=words_of(step),
                why=step.why,
                moment=played[n - 1] if n <= len(played) else None,
                item=self._items[n - 1] if n <= len(self._items) else None,
            )
            for n, step in enumerate(stage.cast.scenario.steps, start=1)
        )
        return ScenarioView(
            scenario=stage.cast.scenario,
            now=stage.clock.now().isoformat(sep=" ", timespec="minutes"),
            steps=steps,
            next_step=next((one for one in steps if one.moment is None), None),
            whole=self._whole,
            problem=self._problem,
        )
