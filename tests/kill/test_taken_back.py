"""Kill −9 at many moments of an undo, and of a write that a server refuses unannounced, on both stores.

`TEST_KILLS` in the environment sets how many moments are tried, as in `tests/integration/test_kills.py`: a third of
them here on SQLite, a fifteenth on PostgreSQL.
"""

from __future__ import annotations

import contextlib
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.types import ASGIApp

from preround.doing import deciding, rounds
from preround.failure import Declined
from preround.settings import Settings
from preround.wiring import House
from review.errors import AlreadyDecided, CannotUndo
from review.queue import queue
from tests.acceptance.homes import loaded_home
from tests.acceptance.lives import Door, Work, leases_run_out, live
from tests.integration.picky import Picky
from tests.integration.test_kills import KILLS, approve_it, decide_it, moments, resume_it, run_it, state_of, stored
from tests.postgres import PostgreSQL
from tests.stores import Store

pytestmark = pytest.mark.kill


@dataclass(frozen=True, kw_only=True, slots=True)
class Template:
    """A home, and where its state lies in PostgreSQL its database, to be copied for each life."""

    settings: Settings
    """Of its house."""
    server: PostgreSQL | None
    """Where the state lies; none for SQLite."""

    def copy(self, to: Path) -> Template:
        """The same once more."""
        shutil.copytree(self.settings.home, to)
        if self.server is None or self.settings.database_url is None:
            return Template(settings=Settings(home=to), server=None)
        name = self.settings.database_url.get_secret_value().partition("@/")[2].partition("?")[0]
        url = SecretStr(self.server.new(name))
        return Template(settings=Settings(home=to, database_url=url), server=self.server)

    def after(self, to: Path, work: Work) -> Template:
        """A copy in which something was done."""
        made = self.copy(to)
        live(made.settings, work)
        return made

    def drop(self) -> None:
        """Remove it."""
        shutil.rmtree(self.settings.home)
        if self.server is not None and self.settings.database_url is not None:
            self.server.drop(self.settings.database_url.get_secret_value())

    def tried(self, folder: Path, work: Work, *, seed: int, door: Door | None = None) -> Iterator[Settings]:
        """Copies whose life was ended at each chosen moment."""
        whole = self.copy(folder / "whole")
        places = live(whole.settings, work, door=door)
        whole.drop()
        assert places is not None
        assert places > 10, "a life passes few places: is it still counted?"
        share = KILLS // 3 if self.server is None else max(4, KILLS // 15)
        for number, deaths in enumerate(moments(places, share, seed)):
            made = self.copy(folder / f"k{number}")
            for death in deaths:
                live(made.settings, work, kill_at=death, door=door)
                leases_run_out(made.settings)
            yield made.settings
            made.drop()


@pytest.fixture
def waiting(
    which_store: Store, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Template:
    """A home with a round that waits for its review."""
    home = shutil.copytree(loaded_home(tmp_path_factory.getbasetemp()), tmp_path / "home")
    if which_store == "sqlite":
        made = Template(settings=Settings(home=home), server=None)
    else:
        server: PostgreSQL = request.getfixturevalue("postgres")
        made = Template(settings=Settings(home=home, database_url=SecretStr(server.new("ready"))), server=server)
    live(made.settings, run_it)
    return made


def test_a_killed_undo_is_proposed_once_and_written_once(waiting: Template, tmp_path: Path) -> None:
    """Killed while it is proposed, while either person signs, while it is written."""
    template = waiting.after(tmp_path / "written", approve_it)
    (_, (first,)) = state_of(template.settings)
    row = next(r for r in first.outbox if r.part == "target")
    reference = f"{row.resource_type}/{row.resource_id}"

    async def undo_it(house: House) -> None:
        with contextlib.suppress(CannotUndo):
            await rounds.undo(house, row.outbox_id)
        for item in queue(house.services.db, states={"open"}):
            for person in ("Ada Nowak", "Ben Okafor"):
                with contextlib.suppress(AlreadyDecided):
                    await deciding.decide(house, item_id=item.item_id, person=person, verb="approve")

    before = stored(template.settings)
    for settings in template.tried(tmp_path, undo_it, seed=7):
        live(settings, resume_it)
        live(settings, undo_it)
        found, items = state_of(settings)
        assert [run.status for run in found] == ["written", "written"]
        assert [s.item.state for s in items] == ["approved", "approved"]
        assert len(items[-1].decisions) == 2
        after = stored(settings)
        assert after[reference]["status"] == "entered-in-error"
        assert after[reference]["meta"]["versionId"] == "2"
        added = Counter(name.partition("/")[0] for name in after if name not in before)
        assert added == {"Device": 1, "Provenance": 1}
        assert {name for name in before if after[name] != before[name]} == {reference}


def test_a_killed_refusal_opens_one_item_in_another_form(waiting: Template, tmp_path: Path) -> None:
    """The server takes no Composition and does not say so; killed while it refuses and while another form is signed."""

    def door(app: ASGIApp) -> ASGIApp:
        return Picky(app, refuses={"Composition"})

    async def sign_it(house: House) -> None:
        for _ in range(2):
            await house.runner.sweep()
            with contextlib.suppress(Declined):
                await decide_it(house, verb="approve")

    before = stored(waiting.settings)
    for settings in waiting.tried(tmp_path, sign_it, seed=8, door=door):
        for _ in range(2):
            live(settings, sign_it, door=door)
        found, items = state_of(settings)
        assert [(run.status, run.refreshes) for run in found] == [("failed", None), ("written", found[0].run_id)]
        assert [s.item.state for s in items] == ["approved", "approved"]
        held = stored(settings)
        added = {name: r for name, r in held.items() if name not in before}
        assert Counter(name.partition("/")[0] for name in added) == {
            "Device": 1,
            "DocumentReference": len(items[0].proposal.entries),
            "Provenance": len(items[0].proposal.entries),
        }
        assert all(r["meta"]["versionId"] == "1" for r in added.values())
        assert {name: held[name] for name in before} == before
