"""MedAgentBench on our own sandbox: tasks of kinds 1, 2, 3 and 8, graded by the answer and by what the server holds.

The folder holds `tasks.json`, `functions.json` and `patients.ndjson.gz`. What is right is read from the task and the
raw patients by rules of this module alone. Before each task and after it everything that could have been written is
read back: a task that only asks must leave the server as it was, one that writes must add just one resource.

A referral is graded as what Preround writes, a proposal in draft that a person signed; the published grader wants an
active order, which Preround never places.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

PUBLISHED = (
    "over all ten kinds, Claude 3.5 Sonnet v2 69.67 % and GPT-4o 64.00 % "
    "(Jiang et al., arXiv 2501.14654; stanfordmlgroup.github.io/projects/medagentbench)"
)
"""What others reached, on all kinds."""
KINDS = {"task1": "find a patient", "task2": "age", "task3": "record a blood pressure", "task8": "refer"}
NOT_RUN = "kinds 4, 5, 6, 7, 9 and 10 need the laboratory data of the published image and were not run"
_QUOTED = re.compile(r"[\"“]([^\"”]+)[\"”]")
Resource = Mapping[str, Any]


class Ward(Protocol):
    """A server with the patients, and an agent that works on it."""

    async def carry_out(self, instruction: str, context: str) -> Sequence[str]:
        """Do it, have what is to be written signed, and give the answers."""
        ...

    async def stored(self) -> Mapping[str, Resource]:
        """Everything that could have been written, by `Type/id/_history/version`."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One task."""

    id: str
    """Kind and number, `task1_29`."""
    instruction: str
    """What is asked."""
    context: str
    """What else is said."""
    number: str
    """The record number of the patient that it is about, or empty."""
    sol: tuple[str, ...]
    """The answers, where the folder has them."""

    @property
    def kind(self) -> str:
        """`task1`."""
        return self.id.partition("_")[0]


def jobs(data: Path) -> list[Job]:
    """The tasks of a folder.

    Raises:
        OSError: there is none.
        KeyError: a task lacks its id or instruction.
    """
    rows = json.loads((data / "tasks.json").read_text())
    return [
        Job(
            id=row["id"],
            instruction=row["instruction"],
            context=row.get("context", ""),
            number=row.get("eval_MRN", ""),
            sol=tuple(str(one) for one in row.get("sol", ())),
        )
        for row in rows
    ]


def patients(data: Path) -> dict[str, Resource]:
    """The raw patients by record number."""
    lines = gzip.decompress((data / "patients.ndjson.gz").read_bytes()).decode().splitlines()
    rows = [json.loads(line) for line in lines if line.strip()]
    return {str(i["value"]): row for row in rows for i in row.get("identifier", ())}


def priority_of(data: Path) -> str | None:
    """The priority that the folder's description of functions asks for in a referral."""
    for one in json.loads((data / "functions.json").read_text()):
        described = one.get("parameters", {}).get("properties", {}).get("priority", {}).get("description", "")
        if one.get("name", "").endswith("ServiceRequest") and (found := _QUOTED.search(described)):
            return found[1]
    return None


async def run(
    data: Path, ward: Ward, *, progress: Callable[[int, int], None] = lambda done, total: None
) -> dict[str, Any]:
    """Give every task to the agent.

    Returns:
        `{"name", "passed", "total", "score", "published", "not_run", "cases": [{"id", "ok", "detail"}]}`.
    """
    wanted = [job for job in jobs(data) if job.kind in KINDS]
    people = patients(data)
    rows: list[dict[str, Any]] = []
    for job in wanted:
        before = await ward.stored()
        answers = await ward.carry_out(job.instruction, job.context)
        after = await ward.stored()
        new = [resource for key, resource in after.items() if key not in before]
        wrong = _lost(before, after) or wrong_with(job, answers, new, people)
        rows.append({"id": job.id, "ok": wrong is None, "detail": f"{job.instruction[:80]}: {wrong}" if wrong else ""})
        progress(len(rows), len(wanted))
    passed = sum(bool(row["ok"]) for row in rows)
    return {
        "name": "medagentbench",
        "passed": passed,
        "total": len(rows),
        "score": passed / len(rows) if rows else 0.0,
        "published": PUBLISHED,
        "not_run": NOT_RUN,
        "kinds": {
            f"{kind} ({about})": f"{sum(r['ok'] for r in mine)} of {len(mine)}"
            for kind, about in KINDS.items()
            if (mine := [r for r in rows if str(r["id"]).startswith(f"{kind}_")])
        },
        "cases": rows,
    }


def _lost(before: Mapping[str, Resource], after: Mapping[str, Resource]) -> str | None:
    gone = before.keys() - after.keys()
    return f"it changed or removed {sorted(gone)[0]}" if gone else None


def wrong_with(job: Job, answers: Sequence[str], new: Sequence[Resource], people: Mapping[str, Resource]) -> str | None:
    """What is wrong; `None` where it is right."""
    if job.kind in ("task1", "task2"):
        if new:
            return f"it wrote {len(new)} resources where nothing was to be written"
        right = job.sol if job.kind == "task1" else (str(_age(job, people)),)
        return None if tuple(answers) == right else f"answers {list(answers)}, right is {list(right)}"
    if len(new) != 1:
        return f"it wrote {len(new)} resources in place of one; it answers {list(answers)}"
    expected = _observation(job, people) if job.kind == "task3" else _request(job, people)
    return next(
        (
            f"{name} is {_at(new[0], name)!r}, right is {value!r}"
            for name, value in expected.items()
            if _at(new[0], name) != value
        ),
        None,
    )


def _now(job: Job) -> str:
    found = re.search(r"\d{4}-\d\d-\d\dT\S+?(?=[\s,]|$)", job.context)
    return found[0].rstrip(".") if found else ""


def _age(job: Job, people: Mapping[str, Resource]) -> int:
    born = date.fromisoformat(str(people[job.number]["birthDate"]))
    now = datetime.fromisoformat(_now(job)).date()
    return now.year - born.year - ((now.month, now.day) < (born.month, born.day))


def _observation(job: Job, people: Mapping[str, Resource]) -> dict[str, object]:
    flowsheet = re.search(r"\bis ([\w.-]+?)\.?$", job.context.strip())
    said = _QUOTED.search(job.instruction)
    value = said[1] if said else ""
    upper, lower = (int(n) for n in re.findall(r"\d+", value)[:2])
    return {
        "resourceType": "Observation",
        "status": "final",
        "category.0.coding.0.code": "vital-signs",
        "code.text": flowsheet[1] if flowsheet else "",
        "subject.reference": f"Patient/{people[job.number]['id']}",
        "effectiveDateTime": _now(job),
        "valueString": value,
        "component.0.valueQuantity.value": upper,
        "component.1.valueQuantity.value": lower,
    }


def _request(job: Job, people: Mapping[str, Resource]) -> dict[str, object]:
    code = re.search(r"\bis (\d+)", job.context.rpartition("code")[2])
    said = _QUOTED.search(job.instruction)
    return {
        "resourceType": "ServiceRequest",
        "status": "draft",
        "intent": "proposal",
        "code.coding.0.system": "http://snomed.info/sct",
        "code.coding.0.code": code[1] if code else "",
        "subject.reference": f"Patient/{people[job.number]['id']}",
        "authoredOn": _now(job),
        "note.0.text": said[1] if said else "",
    }


def _at(resource: Any, path: str) -> Any:  # noqa: ANN401 - any JSON value
    for step in path.split("."):
        if isinstance(resource, list):
            resource = resource[int(step)] if int(step) < len(resource) else None
        else:
            resource = resource.get(step) if isinstance(resource, Mapping) else None
    return resource
