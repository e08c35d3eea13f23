"""The bill of one round, taken while it runs: ours in this process, the FHIR server's in another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agents.models.asking import about_tokens
from benchmarks.bill import Bill
from benchmarks.chart_page import Sample, material_of
from benchmarks.home import house_of, kept_of
from benchmarks.navigator import prompts_of
from benchmarks.notebook_cost import QUESTIONS
from benchmarks.rounds import children, mine, patient_of
from benchmarks.sandbox_server import sandbox_beside
from preround.clock import WallClock
from preround.doing import deciding, rounds
from preround.settings import Settings
from preround.wiring import House, open_house
from store import runs
from store.database import Database

TURNS = 3
"""Rounds of each chart; the cheapest counts, because whatever else the machine does only adds."""


async def bills_of(home: Path, samples: Sequence[Sample]) -> list[Bill]:
    """What a round of each chart takes, on a sandbox of its own and with the offline reasoner.

    What a model would be asked is counted by one that answers with nothing: prompts are as long as they would be.
    """
    async with house_of(home / "ward", samples):
        pass  # the sandbox is loaded, and is served by another process from here on
    started = children()
    with sandbox_beside(home / "ward") as (address, its_cpu):
        async with open_house(Settings(home=home / "worker", fhir=address), clock=WallClock()) as house:
            empty = kept_of(home / "worker")
            bills = [await _bill(house, sample, its_cpu) for sample in samples]
        kept = {part: size - empty[part] for part, size in kept_of(home / "worker").items()}
        node = (children() - started) / (TURNS * len(samples))
    many = TURNS * len(samples)
    shared = {
        "node_seconds": node,
        "kept_bytes": (kept["state"] + kept["checkpoints"]) / many,
        "artifact_bytes": kept["artifacts"] / many,
    }
    return [Bill(**{**bill, **shared}) for bill in bills]


async def _bill(house: House, sample: Sample, its_cpu: Any) -> dict[str, Any]:  # noqa: ANN401
    turns = []
    for _ in range(TURNS):
        before, theirs = mine(), its_cpu()
        with _writes(house.services.db) as writes:
            run = await rounds.start(house, patient=patient_of(sample), tasks=rounds.DEFAULT_TASKS, as_of=sample.as_of)
        turns.append((mine() - before, its_cpu() - theirs, len(writes), run))
        await _close(house, run)
    cpu, served, written, run = min(turns, key=lambda turn: turn[0])
    ledger = dict(run.ledger or {})
    material = material_of(sample.resources, sample.as_of)
    spent, prompts = await prompts_of(material.appraisal, QUESTIONS[-1])
    return {
        "name": sample.name,
        "entries": len(sample.resources),
        "core_seconds": cpu,
        "requests": ledger["fhir_requests"],
        "fhir_seconds": served,
        "read_bytes": ledger["fhir_bytes"],
        "calls": spent.llm_calls,
        "prompt_tokens": spent.prompt_tokens,
        "new_tokens": sum(_new(prompt, prompts[:n]) for n, prompt in enumerate(prompts)),
        "writes": written,
    }


async def _close(house: House, run: runs.Run) -> None:
    item = rounds.item_of_run(house, run.run_id)
    await deciding.decide(house, item_id=item, person="Ada Prescriber", verb="reject", code="clutter")


def _new(prompt: str, earlier: Sequence[str]) -> int:
    """Tokens of a prompt behind what it shares with the beginning of an earlier one."""
    shared = max((_alike(prompt, other) for other in earlier), default=0)
    return about_tokens(prompt[shared:])


def _alike(one: str, other: str) -> int:
    """How many characters two texts begin with in common."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


@contextmanager
def _writes(db: Database) -> Iterator[list[None]]:
    """Counts the transactions that write."""
    seen: list[None] = []
    write = db.write

    @contextmanager
    def counted() -> Iterator[Any]:
        seen.append(None)
        with write() as connection:
            yield connection

    vars(db)["write"] = counted
    try:
        yield seen
    finally:
        del vars(db)["write"]
