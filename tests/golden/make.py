"""`python -m tests.golden.make`: keep two waiting rounds of today's graph; see README.md beside it."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import tempfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fhir_fixtures.bundles import bundles
from graphs.state import GRAPH_VERSION
from preround.clock import WallClock
from preround.doing import rounds
from preround.settings import Settings
from preround.shown.instant import instant
from preround.wiring import open_house
from tests.acceptance.homes import loaded
from tests.integration.test_prepared_rounds import a_note

HERE = Path(__file__).parent
STORY = "overdue-screening"
PATIENT = "fx-screening-patient"
AS_OF = "2026-03-01T12:00:00Z"
MADE = datetime(2026, 3, 1, 12, tzinfo=UTC)
DATABASES = ("preround", "checkpoints")


class Standing(WallClock):
    """The real clock, with its hands where they were when the rounds were made, or a little later."""

    def __init__(self, *, later: timedelta = timedelta()) -> None:
        self._now = MADE + later

    def now(self) -> datetime:
        """Wall time of then."""
        return self._now


async def _made(home: Path) -> None:
    async with open_house(Settings(home=home), clock=Standing()) as house:
        run = await rounds.start(house, patient=PATIENT, tasks=("summary",), as_of=instant(AS_OF))
        assert run.status == "awaiting_review", run
        note = a_note(patient=f"Patient/{PATIENT}")
        (entry,) = note.entries
        own = {**entry.resource, "subject": {"reference": f"Patient/{PATIENT}"}}
        note = note.model_copy(update={"entries": (entry.model_copy(update={"resource": own}),)})
        prepared = await rounds.open_prepared(house, note, as_of=instant(AS_OF))
        assert prepared.status == "awaiting_review", prepared


def main() -> int:
    """Write the folder of today's version; 2 when it is there already."""
    folder = HERE / f"threads-{GRAPH_VERSION}"
    if (folder / "preround.sql").exists():
        sys.stderr.write(f"{folder.name} is there: what a release left is not made again\n")
        return 2
    folder.mkdir(exist_ok=True)
    bundle = dict(bundles())[STORY]
    (folder / "bundle.json").write_bytes(bundle)
    with tempfile.TemporaryDirectory() as there:
        home = loaded(Path(there) / "home", folder / "bundle.json")
        asyncio.run(_made(home))
        for name in DATABASES:
            with closing(sqlite3.connect(home / f"{name}.sqlite")) as database:
                (folder / f"{name}.sql").write_text("\n".join(database.iterdump()) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
