"""A new home with invented patients in its sandbox, and what lies in it afterwards."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.chart_page import Sample
from benchmarks.kept import bytes_of
from preround.clock import WallClock
from preround.doing.load import load
from preround.settings import Settings
from preround.wiring import SANDBOX_URL, House, open_house
from store.tables import artifacts
from tools.fhir.transport import in_process


def kept_of(home: Path) -> dict[str, int]:
    """Bytes of the store: the state, the artifacts apart, and LangGraph's steps."""
    tables = bytes_of(home / "preround.sqlite")
    held = tables.pop(artifacts.name, 0)
    steps = sum(bytes_of(home / "checkpoints.sqlite").values())
    return {"state": sum(tables.values()), "artifacts": held, "checkpoints": steps}


def _written(home: Path, samples: Sequence[Sample]) -> list[Path]:
    home.mkdir(parents=True)
    files = [home / f"{sample.name}.ndjson" for sample in samples]
    for file, sample in zip(files, samples, strict=True):
        file.write_text("".join(f"{json.dumps(r, default=float)}\n" for r in sample.resources))
    return files


@asynccontextmanager
async def house_of(home: Path, samples: Sequence[Sample]) -> AsyncIterator[House]:
    """A new home with an embedded sandbox that holds the samples."""
    files = _written(home, samples)
    async with open_house(Settings(home=home), clock=WallClock()) as house:
        assert house.sandbox is not None  # noqa: S101 - no server was named
        await load(files, base_url=SANDBOX_URL, transport=in_process(house.sandbox))
        yield house
