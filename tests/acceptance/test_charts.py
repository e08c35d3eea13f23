"""Charts by others: every round of them reaches its review, within bounds, and leaves out nothing that it must name."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from preround.doing import rounds
from preround.shown.instant import instant
from preround.wiring import open_house
from tests.acceptance.homes import SYNTHEA, Home, copied, needs_synthea, synthea_home

pytestmark = needs_synthea
AS_OF = "2021-08-01T00:00:00Z"
NEVER = ("8a4c9c04", "52ebdcae", "cdb9464f")
"""An infant and two people who have died: nothing of adult prevention is suggested for them."""


def _charts() -> dict[str, list[dict[str, Any]]]:
    """The resources of each patient's bundle, as the files have them."""
    found = {}
    for path in sorted(SYNTHEA.glob("*.json.gz")) if SYNTHEA.is_dir() else ():
        resources = [e["resource"] for e in json.loads(gzip.decompress(path.read_bytes()))["entry"]]
        patients = [r["id"] for r in resources if r["resourceType"] == "Patient"]
        if len(patients) == 1:
            found[patients[0]] = resources
    return found


CHARTS = _charts()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    template = synthea_home(tmp_path_factory.getbasetemp())
    return copied(template, tmp_path_factory.mktemp("synthea") / "home")


@pytest.fixture(scope="module")
def results(home: Home) -> dict[str, dict[str, Any]]:
    """Every chart's round, one after the other in one process."""

    async def all_of_them() -> dict[str, dict[str, Any]]:
        async with open_house(home.settings) as house:
            found = {}
            for patient in CHARTS:
                run = await rounds.start(house, patient=patient, tasks=rounds.DEFAULT_TASKS, as_of=instant(AS_OF))
                found[patient] = rounds.result(house, run.run_id)
            return found

    return asyncio.run(all_of_them())


@pytest.fixture(params=sorted(CHARTS), ids=lambda patient: patient[:8])
def chart(request: pytest.FixtureRequest, results: dict[str, dict[str, Any]]) -> tuple[list[dict[str, Any]], Any]:
    """One bundle and its round."""
    return CHARTS[request.param], results[request.param]


def test_there_are_sixteen() -> None:
    assert len(CHARTS) >= 16


def test_the_round_waits_for_its_review(chart: tuple[list[dict[str, Any]], Any]) -> None:
    _, found = chart
    assert (found["status"], found["status_detail"]) == ("awaiting_review", None)
    assert 0 < len(found["page"]) <= 45
    assert found["ledger"]["fhir_requests"] <= 25
    assert [line for line in found["coverage"] if line["error"] or line["truncated"]] == []


def test_the_offline_reasoner_says_nothing_that_does_not_stand(chart: tuple[list[dict[str, Any]], Any]) -> None:
    _, found = chart
    assert [row for draft in found["drafts"] for row in draft["removed"]] == []


def test_every_problem_order_and_allergy_is_accounted_for(chart: tuple[list[dict[str, Any]], Any]) -> None:
    resources, found = chart
    where = {row["reference"]: row["in"] for row in found["accounted"]}
    said = {c["id"] for d in found["drafts"] for s in d["sections"] for c in s["claims"]}
    due = set(_must_be_named(resources, instant(AS_OF)))
    assert due - where.keys() == set()
    assert {name: claim for name, claim in where.items() if claim not in said} == {}


def test_nothing_entered_in_error_or_of_the_future_is_cited(chart: tuple[list[dict[str, Any]], Any]) -> None:
    resources, found = chart
    wrong = {f"{r['resourceType']}/{r['id']}" for r in resources if "entered-in-error" in json.dumps(r)}
    late = {
        f"{r['resourceType']}/{r['id']}"
        for r in resources
        for name in ("effectiveDateTime", "authoredOn", "recordedDate")
        if name in r and datetime.fromisoformat(r[name]) > instant(AS_OF)
    }
    claims = [c for d in found["drafts"] for s in d["sections"] for c in s["claims"]]
    cited = {x["reference"].partition("/_history/")[0] for c in claims for x in c["citations"]}
    assert cited & (wrong | late) == set()


def test_no_prevention_for_an_infant_or_the_dead(results: dict[str, dict[str, Any]]) -> None:
    some = {patient: found["suggestions"] for patient, found in results.items()}
    assert {p: s for p, s in some.items() if p.startswith(NEVER) and s} == {}
    assert any(some.values())


def test_the_largest_chart_is_cheap(home: Home, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A command of its own, so that nothing is warm: CPU seconds with the Node worker's, and the checkpoints' size."""
    largest = max(CHARTS, key=lambda patient: len(CHARTS[patient]))
    own = copied(synthea_home(tmp_path_factory.getbasetemp()), tmp_path / "home")
    process = own.start("run", largest, "--as-of", AS_OF, "--json", "-")
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    found = json.loads(out)
    assert found["ledger"]["cpu_seconds"] < 2.5
    assert found["ledger"]["fhir_requests"] <= 25
    with contextlib.closing(sqlite3.connect(own.path / "checkpoints.sqlite")) as checkpoints:
        assert 0 < sum(len(cell) for cell in _cells(checkpoints)) < 64_000


def _cells(database: sqlite3.Connection) -> Iterator[bytes]:
    for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        for row in database.execute(f"SELECT * FROM {table}"):  # noqa: S608 - names from the file itself
            yield from (cell if isinstance(cell, bytes) else str(cell).encode() for cell in row if cell is not None)


def _must_be_named(resources: list[dict[str, Any]], as_of: datetime) -> Iterator[str]:
    """Active problems, active orders and allergies dated up to `as_of`, found without any code of the program."""
    for r in resources:
        name = f"{r['resourceType']}/{r['id']}"
        if r["resourceType"] == "Condition":
            codes = {c["code"] for c in r.get("clinicalStatus", {}).get("coding", ())}
            if codes & {"active", "recurrence", "relapse"} and _by(r, as_of, "onsetDateTime", "recordedDate"):
                yield name
        elif r["resourceType"] == "MedicationRequest":
            if r["status"] == "active" and _by(r, as_of, "authoredOn"):
                yield name
        elif r["resourceType"] == "AllergyIntolerance" and _by(r, as_of, "recordedDate", "onsetDateTime"):
            yield name


def _by(resource: dict[str, Any], as_of: datetime, *names: str) -> bool:
    dates = [resource[name] for name in names if name in resource]
    return not dates or datetime.fromisoformat(dates[0]) <= as_of
