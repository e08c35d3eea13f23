"""A round looks at as much of the store among thousands as among the first few, on both stores."""

from __future__ import annotations

from typing import Any

from preround.doing import deciding, rounds
from preround.settings import Settings
from preround.shown.instant import instant
from preround.wiring import House, Outside, open_house
from store.database import Database, database_at
from tests.acceptance.homes import Home
from tests.depth import depth
from tests.scale.filled import fill
from tests.scale.looking import looking
from tools.guidelines.worker import GuidelineWorker

MOST = 1.2
"""Times as much as before."""
ROUNDS = depth("STORED_ROUNDS", here=1000, ci=5000)
DECIDED: tuple[dict[str, Any], ...] = ({"verb": "approve"}, {"verb": "reject", "code": "patient-ineligible"})
AS_OF = "2026-06-01T08:00:00Z"


def state_of(settings: Settings) -> Database:
    url = settings.database_url
    return Database(url.get_secret_value()) if url else database_at(settings.home / "preround.sqlite")


async def pre_round(house: House, patients: list[str]) -> None:
    """One signed, one declined, and a look of the sweep."""
    for patient, decided in zip(patients, DECIDED, strict=True):
        run = await rounds.start(house, patient=patient, tasks=rounds.DEFAULT_TASKS, as_of=instant(AS_OF))
        await deciding.decide(house, item_id=rounds.item_of_run(house, run.run_id), person="Ada Nowak", **decided)
    await house.runner.sweep()


async def test_what_a_round_looks_at_does_not_grow_with_the_store(home: Home) -> None:
    patients = sorted(name for name in home.stored() if name.startswith("Patient/") and "screening" in name)
    others = sorted(name for name in home.stored() if name.startswith("Patient/") and name not in patients)
    days = list(zip(patients, others, strict=True))
    url = home.more.get("PREROUND_DATABASE_URL")
    async with GuidelineWorker(node_modules=home.settings.node_modules) as worker:

        async def a_day() -> int:
            with looking(url) as looked:
                async with open_house(home.settings, outside=Outside(worker=worker)) as house:
                    await pre_round(house, list(days.pop()))
            return looked.much

        await a_day()
        first = await a_day()
        state = state_of(home.settings)
        with state.write() as connection:
            fill(connection, ROUNDS // 4)
            connection.exec_driver_sql("ANALYZE" if state.shared else "SELECT 1")  # as PostgreSQL does by itself
        state.close()
        last = await a_day()
    assert first > 100, "nothing is counted any more"
    assert last < MOST * first
