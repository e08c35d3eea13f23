"""A batch that is switched off begins nothing, says why, and goes on when it is switched on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from preround.dispatch import batch as work
from preround.dispatch.batch import Asked
from preround.dispatch.cohort import Cohort
from preround.dispatch.here import Here
from preround.wiring import House
from review.switches import SwitchedOff
from store import runs
from tests.integration.test_switches import PATIENT, house_at, throw


def begun(house: House) -> int:
    with house.services.db.read() as connection:
        return len(runs.by_status(connection))


async def test_no_round_of_a_batch_is_put_on_record_while_it_is_off(tmp_path: Path) -> None:
    cohort = tmp_path / "cohort.txt"
    cohort.write_text(f"{PATIENT}\n", encoding="utf-8")
    async with house_at(tmp_path) as house:
        batch = await work.begin(house, Cohort(kind="file", value=str(cohort)), Asked(tasks=("summary",)))
        assert work.batch_json(house, batch)["stopped"] is None
        throw(house, "off", task="summary")
        stop = asyncio.Event()
        here = Here(house)
        working = asyncio.create_task(here.work(stop, batch_id=batch.batch_id))
        await asyncio.sleep(2.5)  # it asks again after a second, and after two more
        assert (begun(house), working.done()) == (0, False)
        told = work.batch_json(house, batch)
        assert (told["states"], told["done"]) == ({"waiting": 1}, 0)
        assert "wrong ages" in told["stopped"]
        with pytest.raises(SwitchedOff):
            work.resume(house, batch.batch_id)
        throw(house, "on", task="summary")
        await asyncio.wait_for(working, 120)
        far = work.progress(house, batch.batch_id)
        assert (far.through, begun(house), dict(far.states)) == (True, 1, {"awaiting_review": 1})
        assert work.batch_json(house, batch)["stopped"] is None
        await here.close()
