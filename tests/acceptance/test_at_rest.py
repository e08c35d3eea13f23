"""With a key, nothing that a chart or a person says can be read in the store; without one, the same look finds it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.at_rest import lying
from tests.acceptance.homes import AS_OF, PATIENT, Home, copied, loaded_home
from tests.postgres import PostgreSQL
from tests.stores import Store

KEYS = [base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2)]
CHART = ("Testpatient", "Aurora", "FX-0001", "1954-02-11", "naproxen", "Naproxen")
ASKED = "What was the last potassium of Mrs Testpatient-Kestrel"
WORDS = "Mention her sister Peregrine"
HELD = "Letter of the lawyer Finch"
SPOKEN = ("Kestrel", "Peregrine", "Finch")


@pytest.fixture(params=["plain", "sealed"])
def at_rest(
    which_store: Store,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[Home]:
    """A home with or without a key, on SQLite and on PostgreSQL."""
    more = {"PREROUND_STATE_KEY": KEYS[0]} if request.param == "sealed" else {}
    server: PostgreSQL | None = request.getfixturevalue("postgres") if which_store == "postgresql" else None
    url = server.new("ready") if server else None
    if url:
        more["PREROUND_DATABASE_URL"] = url
    yield copied(loaded_home(tmp_path_factory.getbasetemp()), tmp_path / "home", **more)
    if server and url:
        server.drop(url)


def a_whole_round(home: Home) -> str:
    """A question asked, a round sent back, then approved and written; returns its item."""
    home.preround("run", PATIENT, "--as-of", AS_OF, "--task", "question", "--question", f"{ASKED}?")
    item = home.draft()["review_item"]
    home.preround("decide", item, "--revise", WORDS, "--as", "Ada Nowak")
    written: str = home.json("show", item)["next_item"]
    home.preround("decide", written, "--approve", "--as", "Ada Nowak")
    home.preround("hold", "set", "--patient", PATIENT, "--reason", HELD, "--as", "Ada Nowak")
    return written


def test_nothing_that_a_chart_says_lies_there_in_plain(at_rest: Home) -> None:
    sealed = "PREROUND_STATE_KEY" in at_rest.more
    item = a_whole_round(at_rest)
    found = lying(at_rest, (*CHART, *SPOKEN))
    if sealed:
        assert found == set()
    else:
        assert found == {*CHART, *SPOKEN}
    shown = at_rest.json("show", item)
    assert shown["status"] == "approved"
    assert "Naproxen" in str(shown) or "naproxen" in str(shown)
    doctor = next(c for c in at_rest.json("doctor") if c["name"] == "state")
    assert ("encrypted under" in doctor["detail"]) == sealed
    key = at_rest.more.get("PREROUND_STATE_KEY")
    assert key is None or key not in str(at_rest.json("doctor"))


def test_a_key_is_changed_while_rounds_wait(drafted_on_both: tuple[Home, str]) -> None:
    plain, item = drafted_on_both
    assert lying(plain, CHART) == {*CHART}

    def with_keys(*keys: str) -> Home:
        return Home(path=plain.path, more={**plain.more, "PREROUND_STATE_KEY": ",".join(keys)})

    for keys in ((KEYS[0],), (KEYS[1], KEYS[0])):
        found = with_keys(*keys).json("rekey")
        assert found["sealed_again"] >= found["artifacts"] > 0
        assert lying(plain, CHART) == set()
    assert with_keys(KEYS[1]).json("decide", item, "--approve", "--as", "Ada Nowak")["run_status"] == "written"
    assert "add that key to it" in with_keys(KEYS[0]).refused("show", item, expect=2)
    assert "PREROUND_STATE_KEY does not hold" in plain.refused("queue", expect=2)
    assert "make one with" in with_keys("nonsense").refused("queue", expect=2)


def test_no_key_is_said(tmp_path: Path) -> None:
    assert "There is no key" in Home(path=tmp_path, more={}).refused("rekey", expect=2)
