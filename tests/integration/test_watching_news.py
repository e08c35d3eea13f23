"""What was stored 30 days ago is no news, whoever comes with it, and whether or not it is remembered."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from preround.subscriptions.keeping import OLD, Found, keep
from store import beginnings
from tests.integration.happening import RULES, Watching, admission, happening, watching


@pytest.mark.parametrize(("days", "begins"), [(29, True), (31, False)])
async def test_what_was_stored_thirty_days_ago_is_no_news_whoever_comes_with_it(
    tmp_path: Path, days: int, begins: bool
) -> None:
    async with happening(tmp_path) as server, watching(server) as here:
        await here.later(0)
        now = here.clock.now()
        assert _comes(here, stored=now - timedelta(days=days), now=now) == (1 if begins else 0)


async def test_what_was_forgotten_begins_nothing_when_it_comes_again(tmp_path: Path) -> None:
    async with happening(tmp_path) as server, watching(server) as here:
        await here.later(0)
        stored = here.clock.now()
        assert _comes(here, stored=stored, now=stored) == 1
        assert _comes(here, stored=stored, now=stored) == 1, "the same once more is no other round"
        later = stored + OLD + timedelta(days=2)
        with here.house.services.db.write() as connection:
            beginnings.forget(connection, here.watch("admission").watch_id, before=later - OLD)
        assert not _known(here)
        _comes(here, stored=stored, now=later)
        assert not _known(here), "it is not even taken for new"


def _known(here: Watching) -> frozenset[str]:
    with here.house.services.db.read() as connection:
        return beginnings.known(connection, here.watch("admission").watch_id, ["Encounter/e"])


def _comes(here: Watching, *, stored: datetime, now: datetime) -> int:
    """Somebody comes with an admission; gives how many rounds are to begin in all."""
    services = here.house.services
    (rule, _) = RULES.rule
    given = admission("e", meta={"versionId": "1", "lastUpdated": stored.isoformat()})
    with services.db.write() as connection:
        keep(
            connection,
            here.house,
            RULES,
            rule,
            here.watch("admission"),
            Found(resources=[given], mark=now, since=now - OLD, named=("Encounter/e",)),
        )
    return len(here.waiting())
