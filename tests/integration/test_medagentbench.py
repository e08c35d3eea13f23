"""An agent's tasks on a sandbox of their own: done through the gate, graded by what the server holds then."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from agents.offline.reasoner import OfflineReasoner
from evals.medagentbench import jobs, priority_of, run
from preround.bench_ward import bench_ward
from preround.settings import Settings
from tests.conftest import DATA
from tests.depth import depth

NOW = "It's 2024-05-06T07:08:00+00:00 now."
FLOW = f"{NOW} The flowsheet ID for blood pressure is BP7."
SNOMED = f"{NOW} The SNOMED code for cardiology referral is 183519002."
EVERY = depth("MEDAGENTBENCH_EVERY", here=6, ci=1)
"""Each so manieth of the published tasks."""
PEOPLE = [("S1111111", "Nowak", "Ada", "1950-02-03"), ("S2222222", "Nowak", "Ada", "1950-03-02")]
TASKS: list[dict[str, Any]] = [
    {"id": "task1_1", "instruction": "Who is Ada Nowak, born March 2, 1950? Give the MRN.", "sol": ["S2222222"]},
    {"id": "task1_2", "instruction": "Find the MRN of Ada Nowak, born 1951-03-02.", "sol": ["Patient not found"]},
    {"id": "task2_1", "instruction": "How old is patient S2222222?", "context": NOW, "eval_MRN": "S2222222"},
    {
        "id": "task3_1",
        "instruction": 'Please chart "141/92 mmHg" as the blood pressure of S1111111.',
        "context": FLOW,
        "eval_MRN": "S1111111",
    },
    {
        "id": "task8_1",
        "instruction": 'Refer patient S1111111 to cardiology with the note "Situation: syncope."',
        "context": SNOMED,
        "eval_MRN": "S1111111",
    },
]


def folder_of(path: Path, tasks: Sequence[Mapping[str, Any]], people: bytes) -> Path:
    path.mkdir()
    (path / "tasks.json").write_text(json.dumps(tasks))
    (path / "functions.json").write_text("[]")
    (path / "patients.ndjson.gz").write_bytes(gzip.compress(people))
    return path


def invented() -> bytes:
    system = "http://terminology.hl7.org/CodeSystem/v2-0203"
    return "\n".join(
        json.dumps(
            {
                "resourceType": "Patient",
                "id": number,
                "identifier": [{"type": {"coding": [{"system": system, "code": "MR"}]}, "value": number}],
                "name": [{"family": family, "given": [given]}],
                "birthDate": born,
            }
        )
        for number, family, given, born in PEOPLE
    ).encode()


async def graded(folder: Path, tmp_path: Path) -> dict[str, Any]:
    async with bench_ward(
        folder / "patients.ndjson.gz",
        settings=Settings(home=tmp_path / "home"),
        reasoner=OfflineReasoner(),
        priority=priority_of(folder),
    ) as ward:
        return await run(folder, ward)


async def test_tasks_in_other_words_are_understood_and_done(tmp_path: Path) -> None:
    found = await graded(folder_of(tmp_path / "bench", TASKS, invented()), tmp_path)
    assert [c for c in found["cases"] if not c["ok"]] == []
    assert found["total"] == len(TASKS)


async def test_what_was_not_done_or_done_wrongly_fails(tmp_path: Path) -> None:
    """The grader reads the task by itself: a task that our agent cannot read, and a wrong answer, are failures."""
    unread = {**TASKS[3], "instruction": 'S1111111 seems to have "141/92 mmHg", what would you make of that?'}
    other = {**TASKS[4], "context": SNOMED.replace("183519002", "183519002 or code for nothing is 5")}
    wrong = {**TASKS[0], "sol": ["S1111111"]}
    found = await graded(folder_of(tmp_path / "bench", [unread, other, wrong], invented()), tmp_path)
    assert [c["ok"] for c in found["cases"]] == [False, False, False]


async def test_the_published_tasks(tmp_path: Path) -> None:
    data = DATA / "medagentbench"
    if not data.is_dir():
        pytest.skip("the tasks are not at medagentbench of PREROUND_TEST_DATA")
    tasks = json.loads((data / "tasks.json").read_text())[::EVERY]
    numbers = {str(t.get("eval_MRN", "")) for t in tasks}
    lines = gzip.decompress((data / "patients.ndjson.gz").read_bytes()).splitlines()
    people = b"\n".join(x for x in lines if EVERY == 1 or any(n and n.encode() in x for n in numbers))
    folder = folder_of(tmp_path / "bench", tasks, people)
    (folder / "functions.json").write_bytes((data / "functions.json").read_bytes())
    assert len(jobs(folder)) == len(tasks)
    found = await graded(folder, tmp_path)
    assert found["passed"] >= found["total"] * 58 / 62, [c for c in found["cases"] if not c["ok"]]
