"""`preround watch --once`, as a timer calls it: what begins is driven to its stop before it ends, on either store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.homes import PATIENT, Home, copied, loaded_home
from tests.integration.happening import admission
from tests.stores import Store, ready

RULES = """
[[rule]]
name = "admission"
type = "Encounter"
where.class = ["IMP"]
where.status = ["in-progress"]
tasks = ["summary"]
wait_seconds = 0
"""


@pytest.fixture
def home(
    which_store: Store, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Home]:
    rules = tmp_path / "begins.toml"
    rules.write_text(RULES, encoding="utf-8")
    more = {"PREROUND_SUBSCRIPTIONS__RULES": str(rules), "PREROUND_FHIR_TASKS": "true"}
    with ready(which_store, tmp_path, request) as url:
        if which_store == "postgresql":
            more["PREROUND_DATABASE_URL"] = url
        yield copied(loaded_home(tmp_path_factory.getbasetemp()), tmp_path / "home", **more)


def test_what_begins_is_at_its_stop_and_shown_when_it_ends(home: Home) -> None:
    assert home.json("watch", "--once")["begun"] == [], "what stands there begins nothing"
    home.put(admission("new", f"Patient/{PATIENT}"))
    ((begun),) = home.json("watch", "--once")["begun"]
    assert (begun["rule"], begun["patient"]) == ("admission", f"Patient/{PATIENT}")
    with home.state() as connection:
        rounds = connection.exec_driver_sql("SELECT run_id, status FROM runs").all()
    assert [tuple(row) for row in rounds] == [(begun["run_id"], "awaiting_review")]
    assert len([name for name in home.stored() if name.startswith("Task/")]) == 1
    assert home.json("watch", "--once")["begun"] == [], "and nothing is looked at twice"
