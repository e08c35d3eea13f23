"""`preround batch` as users meet it: whom it takes, what it tells, and that no round is done twice."""

from __future__ import annotations

import csv
import json
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.cohorts import cohort_home
from tests.acceptance.homes import SECONDS, Home, copied, finish

PATIENTS = 6
AS_OF = "2026-03-01T12:00:00Z"
ASKED = ("--task", "summary", "--as-of", AS_OF)


@pytest.fixture
def cohort(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    return copied(cohort_home(tmp_path_factory.getbasetemp(), PATIENTS), tmp_path / "home")


def patients(home: Home) -> list[str]:
    return sorted(name for name in home.stored() if name.startswith("Patient/"))


def runs(home: Home) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(home.path / "preround.sqlite")) as state:
        return state.execute("SELECT patient, status FROM runs ORDER BY patient").fetchall()


def test_everybody_is_pre_rounded_once_and_the_report_says_so(cohort: Home, tmp_path: Path) -> None:
    report = tmp_path / "report.csv"
    done = cohort.json("batch", "--all", *ASKED, "--report", report)
    assert (done["patients"], done["done"], done["failed"], done["state"]) == (PATIENTS, PATIENTS, 0, "done")
    assert done["states"] == {"awaiting_review": PATIENTS}
    rows = list(csv.DictReader(report.read_text().splitlines()))
    assert sorted(row["patient"] for row in rows) == patients(cohort)
    assert {row["item"] for row in rows} == {item["item"] for item in cohort.json("queue")}
    again = cohort.json("batch", "--all", *ASKED)
    assert again["batch"] == done["batch"]
    assert runs(cohort) == [(name, "awaiting_review") for name in patients(cohort)]
    anew = cohort.json("batch", "--all", *ASKED, "--again")
    assert anew["batch"] != done["batch"]
    assert len(runs(cohort)) == 2 * PATIENTS
    (newest, oldest) = cohort.json("batch", "--list")
    assert (newest["batch"], oldest["batch"]) == (anew["batch"], done["batch"])
    assert "Next: preround queue" in cohort.preround("batch", "--resume", anew["batch"]).out


def test_a_cohort_can_be_named_in_many_ways(cohort: Home, tmp_path: Path) -> None:
    names = [name.removeprefix("Patient/") for name in patients(cohort)]
    cohort.put(
        {
            "resourceType": "Group",
            "id": "ward",
            "type": "person",
            "actual": True,
            "member": [
                {"entity": {"reference": f"Patient/{names[0]}"}},
                {"entity": {"reference": f"Patient/{names[1]}"}, "inactive": True},
                {"entity": {"reference": f"Patient/{names[2]}"}},
            ],
        }
    )
    (tmp_path / "plain.txt").write_text(f"# tonight\n{names[0]}\n\nPatient/{names[1]}  # twice\n{names[1]}\n")
    (tmp_path / "sheet.csv").write_text(f'patient,bed\n"{names[3]}",4\n{names[4]},5\n')
    (tmp_path / "list.json").write_text(json.dumps([names[5]]))

    def whom(*arguments: str | Path) -> list[str]:
        done = cohort.json("batch", *arguments, *ASKED, "--again")
        assert done["failed"] == 0
        return [row["patient"].removeprefix("Patient/") for row in done["rounds"]]

    assert whom("--cohort", tmp_path / "plain.txt") == [names[0], names[1]]
    assert whom("--cohort", tmp_path / "sheet.csv") == [names[3], names[4]]
    assert whom("--cohort", tmp_path / "list.json") == [names[5]]
    assert whom("--group", "ward") == [names[0], names[2]]
    assert whom("--search", f"_id={names[2]}") == [names[2]]
    assert whom("--search", f"Condition?patient=Patient/{names[0]}") == [names[0]]
    assert sorted(whom("--export")) == names


def test_what_cannot_be_done_is_one_line_and_is_tried_again(cohort: Home, tmp_path: Path) -> None:
    known, coming = patients(cohort)[0].removeprefix("Patient/"), "comes-later"
    (tmp_path / "ids.txt").write_text(f"{known}\n{coming}\n")
    ran = cohort.preround("batch", "--cohort", tmp_path / "ids.txt", *ASKED, "--json", "-", expect=5)
    first = ran.json
    assert (first["done"], first["failed"], first["state"]) == (2, 1, "done")
    (bad,) = [row for row in first["rounds"] if row["status"] == "failed"]
    assert bad["patient"] == f"Patient/{coming}"
    assert bad["detail"]
    cohort.put({"resourceType": "Patient", "id": coming, "birthDate": "1950-01-01"})
    then = cohort.json("batch", "--resume", first["batch"])
    assert (then["done"], then["failed"]) == (2, 0)
    kept = {row["patient"]: row["run_id"] for row in first["rounds"] if row["status"] != "failed"}
    assert kept.items() <= {row["patient"]: row["run_id"] for row in then["rounds"]}.items()
    assert len([one for one in runs(cohort) if one[0] == f"Patient/{known}"]) == 1


def test_ended_in_the_middle_it_goes_on_and_does_nothing_twice(cohort: Home) -> None:
    running = cohort.start("batch", "--all", *ASKED, "--at-once", "1")
    end = time.monotonic() + SECONDS
    while not _begun(cohort) and running.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.02)
    running.send_signal(signal.SIGTERM)
    ran = finish(running)
    assert ran.code == 130, ran
    assert "preround batch --resume" in ran.err
    (there,) = cohort.json("batch", "--list")
    assert there["done"] < PATIENTS
    done = cohort.json("batch", "--resume", there["batch"])
    assert done["states"] == {"awaiting_review": PATIENTS}
    assert runs(cohort) == [(name, "awaiting_review") for name in patients(cohort)]
    with closing(sqlite3.connect(cohort.path / "preround.sqlite")) as state:
        assert state.execute("SELECT count(*) FROM items").fetchone() == (PATIENTS,)


def _begun(home: Home) -> list[Any]:
    try:
        with closing(sqlite3.connect(f"file:{home.path / 'preround.sqlite'}?mode=ro", uri=True)) as state:
            return state.execute("SELECT 1 FROM batch_members WHERE settled IS NOT NULL").fetchall()
    except sqlite3.Error:
        return []


def test_a_paused_batch_begins_nothing_and_a_stopped_one_neither(cohort: Home, tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_text("nobody\n")
    begun = cohort.preround("batch", "--cohort", tmp_path / "ids.txt", *ASKED, "--json", "-", expect=5).json
    for order, state in (("--pause", "paused"), ("--stop", "stopped")):
        cohort.preround("batch", order, begun["batch"], expect=5)
        with closing(sqlite3.connect(cohort.path / "preround.sqlite")) as db:
            assert db.execute("SELECT state FROM batches").fetchone() == (state,)


def test_wrong_use_is_one_sentence(cohort: Home, tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_text("fine-id\nnot an id\n")
    (tmp_path / "empty.txt").write_text("# nobody\n")
    assert "Line 2 of" in cohort.refused("batch", "--cohort", tmp_path / "bad.txt", expect=2)
    assert "Nobody is in the cohort" in cohort.refused("batch", "--cohort", tmp_path / "empty.txt", expect=3)
    assert "not a search" in cohort.refused("batch", "--search", "everyone", expect=2)
    assert "Say one of" in cohort.refused("batch", expect=2)
    assert "Say one of" in cohort.refused("batch", "--all", "--export", expect=2)
    assert "no batch" in cohort.refused("batch", "--resume", "0123456789", expect=3)
    assert "PREROUND_DATABASE_URL" in cohort.preround("worker", expect=2).err
