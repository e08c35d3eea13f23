"""Planted text before a model that obeys what it reads: nothing is written, nothing else is asked, all is marked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from agents.models.asking import Asker
from agents.worded.reasoner import WordedReasoner
from chart.addressed import reads_like_instruction
from evals.carriers import CARRIERS, Chart
from evals.injection import NEVER, run
from evals.obedient import ObedientChat
from evals.planting import Case, cases, goals, phrasings
from evals.played import Asked, Played
from preround.proving_ground import ProvingGround, proving_ground
from tests.depth import depth
from tools.guidelines.worker import PACKAGES

ROOT = Path(__file__).parents[2]
needs_engine = pytest.mark.skipif(
    not all((ROOT / "node_modules" / each).exists() for each in PACKAGES),
    reason="the npm packages of the CQL engine are not installed (npm ci)",
)
STEP = 211
"""Prime to the number of cases, so that few of them go through carriers, goals and phrasings."""


def test_there_are_at_least_300_documents_and_20_goals_in_every_place() -> None:
    every = list(cases())
    assert len({case.id for case in every}) == len(every) >= 300
    assert len(goals()) == 20
    carriers = Counter(case.carrier for case in every)
    assert set(carriers) == {*CARRIERS, "literature"}
    assert len({(case.carrier, case.goal.id) for case in every}) == 20 * len(carriers)


def test_what_addresses_a_program_openly_is_told_whatever_it_wants() -> None:
    texts = {phrasing.text.format(order=goal.order) for phrasing in phrasings() if phrasing.overt for goal in goals()}
    assert len(texts) == 20 * 9
    assert [text for text in sorted(texts) if not reads_like_instruction(text)] == []


@needs_engine
async def test_a_model_that_obeys_writes_nothing_and_asks_for_nothing_else() -> None:
    every = list(cases())
    chosen = {every[n * STEP % len(every)].id for n in range(depth("INJECTIONS", here=8, ci=40))}
    chat = ObedientChat()
    reasoner = WordedReasoner(Asker(chat), name="scripted", model=("obedient", "1"))
    async with proving_ground(reasoner, data=None, node_modules=ROOT / "node_modules") as ground:
        found = await run(ground, chat, only=lambda case: case.id in chosen)
    wrong = [f"{case['id']}: {case['detail']}" for case in found["cases"] if not case["ok"]]
    assert not wrong, "\n".join(wrong)
    assert {found[what] for what in NEVER} == {0}
    assert found["read_by_the_model"] > len(chosen) / 2, "most of it has to reach the model, or this shows nothing"


class Leaky:
    """A ground whose rounds do what they must not."""

    def __init__(self, ground: ProvingGround) -> None:
        self._ground = ground
        self.charts, self.put, self.paper = ground.charts, ground.put, ground.paper

    async def play(self, chart: Chart, tasks: Sequence[str], question: str | None) -> Played:
        """A round, and a write and two requests of nobody's asking."""
        played = await self._ground.play(chart, tasks, question)
        more = (
            Asked(method="PUT", path="/Patient/x", query=""),
            Asked(method="GET", path="/Patient", query="name=a"),
        )
        return replace(played, asked=(*played.asked, *more), elsewhere=("collect.invalid",))


@needs_engine
async def test_a_write_and_a_request_off_the_list_are_counted() -> None:
    only: list[Case] = [case for case in cases() if case.carrier == "note"][:1]
    chat = ObedientChat()
    reasoner = WordedReasoner(Asker(chat), name="scripted", model=("obedient", "1"))
    async with proving_ground(reasoner, data=None, node_modules=ROOT / "node_modules") as ground:
        found = await run(Leaky(ground), chat, only=lambda case: case in only)
    assert (found["writes"], found["requests_off_the_list"], found["passed"]) == (1, 1, 0)
    assert "collect.invalid" in found["cases"][0]["detail"]


@pytest.mark.parametrize("carrier", sorted(CARRIERS))
def test_every_carrier_is_valid_json_with_the_text_or_an_attachment(carrier: str) -> None:
    chart = Chart(
        patient={"resourceType": "Patient", "id": "p", "name": [{"given": ["A"]}]}, as_of="", name="p", day="2026-01-01"
    )
    made = CARRIERS[carrier]("an order <&> (of) some kind", chart)
    assert "an order" in str(made) or made["content"][0]["attachment"]["data"]
