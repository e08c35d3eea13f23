"""The campaigns, some of each on both stores; `python -m tests.decisions` runs them whole.

`TEST_EDITS`, `TEST_TAMPERED` and `TEST_RACED` in the environment set how many.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from preround.home import open_database
from preround.settings import Settings
from review.queue import queue, show
from tests.decisions.edits import EDITS, WAYS, Edits
from tests.decisions.ground import KEY, ground
from tests.decisions.harms import HARMS
from tests.decisions.races import RACERS, Raced, judge, raced
from tests.decisions.tampered import Tampering
from tests.depth import depth
from tests.stores import Store

NUMBER_OF_EDITS = depth("EDITS", here=200, ci=300)
TAMPERED = depth("TAMPERED", here=len(HARMS), ci=2 * len(HARMS))
RACED = depth("RACED", here=16, ci=32)


@pytest.mark.no_cover
def test_every_edit_of_the_audit_table_is_found(store_url: str, tmp_path: Path) -> None:
    with ground(store_url, tmp_path) as made:
        found = Edits(made).run(NUMBER_OF_EDITS, seed=1)
    assert found.missed == {}
    assert (found.edits, len(found.kinds) > len(EDITS) * len(WAYS) * 0.9) == (NUMBER_OF_EDITS, True)


@pytest.mark.parametrize(
    ("key", "noting", "unfound"),
    [(None, True, "a row put"), (KEY, False, "with an old seal"), (None, False, "computed anew")],
    ids=["without a key", "without noted heads", "without either"],
)
def test_what_is_found_only_with_the_key_or_the_noted_heads(
    tmp_path: Path, key: str | None, noting: bool, unfound: str, ready: str
) -> None:
    with ground(ready, tmp_path, key=key, noting=noting) as made:
        found = Edits(made).run(400, seed=2, ways=("plain", "computed anew", "with an old seal"))
    assert any(unfound in kind for kind in found.missed)
    assert not any(kind.endswith("plain") for kind in found.missed)
    if key or noting:
        assert all(unfound in kind for kind in found.missed), found.missed


@pytest.fixture
def ready(tmp_path: Path) -> str:
    open_database(Settings(home=tmp_path)).close()
    return f"sqlite:///{tmp_path / 'preround.sqlite'}"


@pytest.mark.no_cover
def test_every_tampered_proposal_is_refused_for_what_was_done_to_it(store_url: str, tmp_path: Path) -> None:
    with ground(store_url, tmp_path) as made:
        found = Tampering(made).run(TAMPERED, seed=1)
    assert found.clean, (found.accepted, found.left, found.idle)
    assert (found.tried, found.kinds.keys()) == (TAMPERED, HARMS.keys())


@pytest.mark.no_cover
def test_each_race_has_one_winner_whose_bytes_are_written_once(
    which_store: Store, store_url: str, tmp_path: Path
) -> None:
    found = raced(tmp_path, None if which_store == "sqlite" else store_url, RACED, seed=1)
    assert found.clean, (found.not_one, found.store, found.server)
    assert (found.decisions, found.races) == (RACED, RACED // len(RACERS))
    if which_store == "sqlite":
        _the_judge_sees_what_it_is_there_for(tmp_path / "loaded")


def _the_judge_sees_what_it_is_there_for(home: Path) -> None:
    """The same races told otherwise."""
    db = open_database(Settings(home=home))
    try:
        over = next(item for item in queue(db) if item.state in ("approved", "rejected"))
        shown = show(db, over.item_id)
        (decision,) = shown.decisions
        others = {racer.person: "told" for racer in RACERS}
        two, another = Raced(), Raced()
        judge(db, shown, {over.item_id: {**others, RACERS[0].person: "won", RACERS[2].person: "won"}}, {}, two)
        assert len(two.not_one) == 1
        person = next(racer.person for racer in RACERS if racer.person != decision.person)
        judge(db, shown, {over.item_id: {**others, person: "won"}}, {}, another)
        assert len(another.store) == 1
        if over.state == "approved":
            assert len(another.server) == 1, "nothing of it is on the server"
    finally:
        db.close()
