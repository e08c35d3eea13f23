"""Between the signature and the write somebody changes the store: the commit sends nothing that was not signed."""

from __future__ import annotations

from pathlib import Path

import pytest

from preround.doing import rounds
from preround.shown.instant import instant
from preround.wiring import House, open_house
from review.errors import RecordDiffers
from review.gate import decide
from review.queue import outbox_for, show
from store.tables import outbox
from tests.acceptance.homes import AS_OF, Home, copied, loaded_home
from tests.integration.test_prepared_rounds import a_note


async def _signed(house: House) -> str:
    run = await rounds.open_prepared(house, a_note(), as_of=instant(AS_OF))
    item = rounds.item_of_run(house, run.run_id)
    services = house.services
    decide(
        services.db, item_id=item, person="Ada Nowak", verb="approve", policy=services.policy, now=services.clock.now()
    )
    return item


@pytest.fixture
def home(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    return copied(loaded_home(tmp_path_factory.getbasetemp()), tmp_path / "home")


@pytest.mark.parametrize("column", ["body", "if_match", "resource_id"])
async def test_what_was_changed_after_the_signature_is_not_written(home: Home, column: str) -> None:
    async with open_house(home.settings) as house:
        before = home.stored()
        item = await _signed(house)
        run_id = show(house.services.db, item).item.run_id
        row = next(row for row in outbox_for(house.services.db, item) if row.part == "target")
        value = getattr(row, column)
        changed = {"body": row.body.replace("U2xlcHQ", "QmxlZCE"), "if_match": "1", "resource_id": "somebody-elses"}
        _set(house, row.outbox_id, column, changed[column])
        with pytest.raises(RecordDiffers, match="not what was recorded"):
            await house.runner.advance(run_id)
        assert home.stored() == before
        assert rounds.result(house, run_id)["status"] == "committing"
        _set(house, row.outbox_id, column, value)
        assert (await house.runner.advance(run_id)).status == "written"
        assert len(home.stored()) > len(before)


def _set(house: House, outbox_id: str, column: str, value: str | None) -> None:
    with house.services.db.write() as connection:
        connection.execute(outbox.update().where(outbox.c.outbox_id == outbox_id).values({column: value}))
