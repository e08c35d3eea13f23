"""A sandbox of its own for a benchmark: patients, an agent that carries out, an approver that signs by script."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from agents.offline.errands import NotUnderstood, understood
from agents.reasoner import Reasoner
from preround.doing import deciding, errands, rounds
from preround.doing.load import load
from preround.failure import Missing
from preround.settings import Settings
from preround.wiring import SANDBOX_URL, House, open_house
from tools.fhir.transport import in_process

APPROVERS = ("Scripted Approver", "Second Approver")
"""Who signs; in the embedded policy any name may."""
NOBODY = "Patient not found"
_WRITTEN = (
    "Observation",
    "ServiceRequest",
    "MedicationRequest",
    "Condition",
    "AllergyIntolerance",
    "Composition",
    "DocumentReference",
    "Task",
    "CommunicationRequest",
)
_COUNTED = ("age", "mean", "count", "maximum", "minimum")


class BenchWard:
    """Implements `evals.medagentbench.Ward`.

    Args:
        house: on a home that nobody else uses.
        priority: of referrals, where the benchmark says one.
    """

    def __init__(self, house: House, *, priority: str | None) -> None:
        self._house = house
        self._priority = priority

    async def carry_out(self, instruction: str, context: str) -> Sequence[str]:
        """Do what is asked; what is to be written goes through the gate, signed by the script."""
        try:
            errand = understood(instruction, context)
            if errand.kind == "find":
                numbers = [errands.record_number(p) for p in await errands.found(self._house, errand)]
                return [numbers[0] or NOBODY] if len(numbers) == 1 else [NOBODY]
            if errand.kind == "ask":
                return [_value(await errands.answered(self._house, errand))]
            run = await errands.proposed(self._house, errand, priority=self._priority)
        except (NotUnderstood, Missing) as error:
            return [str(error)]
        return [await self._signed(run.run_id)]

    async def _signed(self, run_id: str) -> str:
        for person in APPROVERS:
            item = rounds.item_of_run(self._house, run_id)
            done = await deciding.decide(self._house, item_id=item, person=person, verb="approve")
            if done["outcome"] != "signed":
                return str(done["run_status"])
        return "signatures are missing"

    async def stored(self) -> Mapping[str, Mapping[str, Any]]:
        """Everything that could have been written."""
        held: dict[str, Mapping[str, Any]] = {}
        for kind in _WRITTEN:
            answer = await self._house.services.client.search(kind, [("_count", "500")], cap=100_000)
            for one in answer.resources:
                held[f"{kind}/{one['id']}/_history/{one.get('meta', {}).get('versionId')}"] = one
        return held


def _value(result: Mapping[str, Any]) -> str:
    """The number that an answer gives: what it computed, else the value that it cites; -1 where there is none."""
    claims = [c for d in result.get("drafts", ()) for s in d["sections"] for c in s["claims"]]
    if not claims:
        return "-1"
    computed = claims[0]["computed"]
    if computed and computed["op"] in _COUNTED:
        return str(computed["value"])
    return next((str(c["value"]) for c in claims[0]["citations"] if c["path"].endswith(".value")), "-1")


@asynccontextmanager
async def bench_ward(
    patients: Path, *, settings: Settings, reasoner: Reasoner, priority: str | None
) -> AsyncIterator[BenchWard]:
    """Open a ward in a folder that goes again, whatever server and database the settings name.

    Args:
        patients: a file of FHIR resources to load.
        settings: where the CQL engine is; nothing else of them is used.
        reasoner: who answers questions.
        priority: of referrals.

    Raises:
        LoadError: the patients cannot be loaded.
    """
    with tempfile.TemporaryDirectory() as folder:
        own = settings.model_copy(
            update={"home": Path(folder) / "home", "fhir": None, "database_url": None, "policy": None}
        )
        async with open_house(own, reasoner=reasoner) as house:
            if house.sandbox is None:
                raise Missing("The benchmark needs the embedded sandbox")
            await load([patients], base_url=SANDBOX_URL, transport=in_process(house.sandbox))
            yield BenchWard(house, priority=priority)
