"""The Node process: killed, hung, out of memory, given a broken library, left behind."""

import asyncio
import os
import signal
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from tools.guidelines.evaluate import evaluate
from tools.guidelines.library import GuidelineLibrary, load
from tools.guidelines.outcome import Outcome
from tools.guidelines.worker import (
    PACKAGES,
    GuidelineWorker,
    WorkerEnded,
    WorkerMissing,
    WorkerRefused,
    WorkerTooSlow,
)

AS_OF = datetime(2021, 8, 1, tzinfo=UTC)
BUILT_IN = load()
ASKED = frozenset({"colorectal-screening-45", "colorectal-screening-50", "diabetes-hba1c", "diabetes-statin"})
LIBRARY = replace(BUILT_IN, recommendations=tuple(each for each in BUILT_IN.recommendations if each.id in ASKED))
"""Few recommendations, so that a test of failures reads at one look."""
ROOT = Path(__file__).parents[2]
CHART: list[dict[str, Any]] = [
    {"resourceType": "Patient", "id": "p", "birthDate": "1961-03-01"},
    {
        "resourceType": "Condition",
        "id": "d",
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "44054006"}]},
    },
]
DUE = {"colorectal-screening-50": "due", "diabetes-hba1c": "due", "diabetes-statin": "due"}


@pytest.fixture
def node_modules() -> Path:
    if not all((ROOT / "node_modules" / each).exists() for each in PACKAGES):
        pytest.skip("the npm packages of the CQL engine are not installed (npm ci)")
    return ROOT / "node_modules"


def expression(**elm: Any) -> dict[str, Any]:
    return {"name": "Applies", "context": "Patient", "accessLevel": "Public", "expression": elm}


def with_library(name: str, *statements: dict[str, Any], **more: Any) -> GuidelineLibrary:
    """The built-in library, the statin recommendation decided by the statements given."""
    elm = {
        "library": {
            "identifier": {"id": name, "version": "1"},
            "usings": {"def": []},
            "statements": {"def": list(statements)},
            **more,
        }
    }
    recommendations = tuple(
        replace(each, library=name) if each.id == "diabetes-statin" else each for each in LIBRARY.recommendations
    )
    return replace(LIBRARY, recommendations=recommendations, elm={**LIBRARY.elm, name: orjson.dumps(elm)})


async def outcomes(worker: GuidelineWorker, library: GuidelineLibrary = LIBRARY) -> dict[str, Outcome]:
    found = await evaluate(worker, library, CHART, as_of=AS_OF, doubtful=frozenset())
    return {each.recommendation.id: each for each in found if each.why != "not_applicable"}


def whys(found: dict[str, Outcome]) -> dict[str, str]:
    return {name: each.why for name, each in found.items()}


async def test_libraries_are_parsed_once_and_kept(node_modules: Path) -> None:
    async with GuidelineWorker(node_modules=node_modules) as worker:
        assert whys(await outcomes(worker)) == DUE
        first = worker.pid
        assert whys(await outcomes(worker)) == DUE
        assert worker.pid == first
        assert sorted((await worker.call("ping", LIBRARY, {}))["libraries"]) == sorted(LIBRARY.elm)


async def test_why_carries_the_clauses_and_explain_the_tree(node_modules: Path) -> None:
    async with GuidelineWorker(node_modules=node_modules) as worker:
        clauses = {each.define: each for each in (await outcomes(worker))["diabetes-hba1c"].clauses}
        assert (clauses["Applies"].value, clauses["Done"].value) == (True, False)
        assert clauses["Active Diabetes"].looked_at == ("Condition/d",)
        request = {"now": AS_OF.isoformat(timespec="milliseconds"), "resources": CHART, "library": "DiabetesHbA1c"}
        answer = await worker.call("explain", LIBRARY, request)
        assert answer["why"] == "due"
        assert [each["define"] for each in answer["reasons"]] == ["Applies", "Excluded", "Declined", "Done"]
        assert "Active Diabetes" in [each.get("define") for each in answer["reasons"][0]["because"]]


async def test_a_killed_worker_starts_again(node_modules: Path) -> None:
    async with GuidelineWorker(node_modules=node_modules) as worker:
        await outcomes(worker)
        first = worker.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        assert whys(await outcomes(worker)) == DUE
        assert worker.pid != first


async def test_killed_in_the_middle_of_a_call_it_says_so(node_modules: Path) -> None:
    async with GuidelineWorker(node_modules=node_modules) as worker:
        await worker.load(LIBRARY)
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGSTOP)
        asking = asyncio.create_task(worker.call("ping", LIBRARY, {}))
        await asyncio.sleep(0.05)
        os.kill(worker.pid, signal.SIGKILL)
        with pytest.raises(WorkerEnded, match="starts again with the next call"):
            await asking
        assert whys(await outcomes(worker)) == DUE


async def test_a_hung_worker_is_ended_at_the_time_limit(node_modules: Path) -> None:
    async with GuidelineWorker(node_modules=node_modules) as worker:
        await worker.load(LIBRARY)
        hung = worker.pid
        assert hung is not None
        os.kill(hung, signal.SIGSTOP)
        worker.process.seconds = 0.2
        with pytest.raises(WorkerTooSlow, match="did not answer in time"):
            await worker.call("ping", LIBRARY, {})
        worker.process.seconds = 20.0
        with pytest.raises(ProcessLookupError):
            os.kill(hung, 0)
        assert whys(await outcomes(worker)) == DUE


async def test_a_call_given_up_leaves_no_answer_for_the_next(node_modules: Path) -> None:
    async with GuidelineWorker(node_modules=node_modules) as worker:
        await worker.load(LIBRARY)
        asking = asyncio.create_task(worker.call("ping", LIBRARY, {}))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert whys(await outcomes(worker)) == DUE


async def test_calls_side_by_side_get_their_own_answers(node_modules: Path) -> None:
    async with GuidelineWorker(node_modules=node_modules) as worker:
        found = await asyncio.gather(*(outcomes(worker) for _ in range(4)))
        assert [whys(each) for each in found] == [DUE] * 4


def endless() -> dict[str, Any]:
    """A clause that lists a thousand million numbers: it meets the time limit or the bound on memory."""

    def number(value: str) -> dict[str, Any]:
        return {"type": "Literal", "valueType": "{urn:hl7-org:elm-types:r1}Integer", "value": value}

    interval = {
        "type": "Interval",
        "lowClosed": True,
        "highClosed": True,
        "low": number("1"),
        "high": number("1000000000"),
    }
    listed = {
        "type": "Expand",
        "operand": [{"type": "ToList", "operand": interval}, {"type": "Quantity", "value": 1, "unit": "1"}],
    }
    return expression(type="Exists", operand=listed)


@pytest.mark.parametrize(("seconds", "megabytes"), [(1.5, 2048), (20, 64)], ids=["time limit", "bound on memory"])
async def test_a_clause_without_end_stops_no_other_recommendation(
    node_modules: Path, seconds: float, megabytes: int
) -> None:
    async with GuidelineWorker(node_modules=node_modules, seconds=seconds, megabytes=megabytes) as worker:
        found = await outcomes(worker, with_library("Endless", endless()))
        assert whys(found) == {**DUE, "diabetes-statin": "could_not_check"}
        assert found["diabetes-statin"].detail.startswith("Could not be checked: The guideline worker")


async def test_a_clause_that_errs_could_not_be_checked(node_modules: Path) -> None:
    broken = with_library(
        "Erring", expression(type="ExpressionRef", name="Nowhere"), expression(type="FunctionRef", name="None")
    )
    async with GuidelineWorker(node_modules=node_modules) as worker:
        found = await outcomes(worker, broken)
        assert whys(found) == {**DUE, "diabetes-statin": "could_not_check"}
        assert found["diabetes-statin"].detail == 'Could not be checked: the clause "Applies" gave no answer.'
        assert found["diabetes-statin"].action is None


async def test_an_answer_that_is_neither_true_nor_false_could_not_be_checked(node_modules: Path) -> None:
    async with GuidelineWorker(node_modules=node_modules) as worker:
        found = await outcomes(worker, with_library("Unknown", expression(type="Null")))
        assert whys(found) == {**DUE, "diabetes-statin": "could_not_check"}


@pytest.mark.parametrize(
    "broken",
    [
        with_library("Parsed", expression(type="NoSuchElement")),
        with_library("Included", expression(type="Null"), includes={"def": [{"localIdentifier": "X", "path": "Gone"}]}),
    ],
    ids=["an unknown element", "a library that is not there"],
)
async def test_a_library_that_cannot_be_parsed_stops_no_other(node_modules: Path, broken: GuidelineLibrary) -> None:
    async with GuidelineWorker(node_modules=node_modules) as worker:
        assert whys(await outcomes(worker, broken)) == {**DUE, "diabetes-statin": "could_not_check"}


async def test_a_request_that_fails_names_the_kind_and_quotes_nothing(node_modules: Path) -> None:
    async with GuidelineWorker(node_modules=node_modules) as worker:
        with pytest.raises(WorkerRefused, match=r"^the guideline engine failed with \w+$"):
            await worker.call("evaluate", LIBRARY, {"resources": [], "libraries": ["Chart"], "doubtful": []})
        with pytest.raises(WorkerRefused):
            await worker.call("no such thing", LIBRARY, {})
        assert whys(await outcomes(worker)) == DUE


async def test_without_the_packages_it_says_what_to_run(tmp_path: Path) -> None:
    async with GuidelineWorker(node_modules=tmp_path) as worker:
        with pytest.raises(WorkerMissing, match="npm ci"):
            await worker.load(LIBRARY)
        found = await evaluate(worker, LIBRARY, CHART, as_of=AS_OF, doubtful=frozenset())
        assert {each.why for each in found} == {"could_not_check"}


async def test_a_patient_of_50_mb_goes_through(node_modules: Path) -> None:
    """Notes and results that no library asks for never reach the worker."""
    notes = [
        {"resourceType": "DocumentReference", "id": str(each), "description": "x" * 1_000_000} for each in range(50)
    ]
    async with GuidelineWorker(node_modules=node_modules, megabytes=64) as worker:
        found = await evaluate(worker, LIBRARY, [*CHART, *notes], as_of=AS_OF, doubtful=frozenset())
        assert DUE.items() <= {each.recommendation.id: each.why for each in found}.items()


def results(number: int) -> list[dict[str, Any]]:
    """So many results that a library asks for, half a kilobyte each."""
    return [
        {
            "resourceType": "Observation",
            "id": f"o{each}",
            "status": "final",
            "effectiveDateTime": f"2020-{1 + each % 12:02}-{1 + each % 28:02}T00:00:00Z",
            "code": {"coding": [{"system": "http://loinc.org", "code": "4548-4", "display": "x" * 300}]},
            "valueQuantity": {"value": 6.5, "unit": "%", "code": "%"},
        }
        for each in range(number)
    ]


async def test_50_mb_that_libraries_do_ask_for_end_in_a_clear_error_and_the_next_patient_is_served(
    node_modules: Path,
) -> None:
    """Too much for the bound on memory: no recommendation is called not due, and the round goes on."""
    async with GuidelineWorker(node_modules=node_modules, megabytes=48) as worker:
        found = await evaluate(worker, LIBRARY, [*CHART, *results(110_000)], as_of=AS_OF, doubtful=frozenset())
        asked = {each.why for each in found if each.why != "not_in_force"}
        assert asked == {"could_not_check"}
        assert all("guideline worker" in each.detail for each in found if each.why == "could_not_check")
        assert whys(await outcomes(worker)) == DUE


async def test_one_that_hangs_costs_its_own_time_and_those_before_and_behind_it_are_answered(
    node_modules: Path,
) -> None:
    async with GuidelineWorker(node_modules=node_modules, seconds=2, megabytes=4096) as worker:
        told: list[str] = []
        library = with_library("Endless", endless())
        request = {"now": "2021-08-01T00:00:00Z", "resources": CHART, "doubtful": []}
        with pytest.raises(WorkerTooSlow):
            await worker.call(
                "evaluate",
                library,
                {**request, "libraries": ["DiabetesHbA1c", "Endless", "ColorectalScreening50"]},
                lambda part: told.append(part["library"]),
            )
        assert told == ["DiabetesHbA1c"]
        assert whys(await outcomes(worker, library)) == {**DUE, "diabetes-statin": "could_not_check"}


@pytest.mark.parametrize(("patients", "message"), [(0, "one patient"), (2, "one patient")])
async def test_a_chart_of_not_one_patient_is_refused(node_modules: Path, patients: int, message: str) -> None:
    async with GuidelineWorker(node_modules=node_modules) as worker:
        with pytest.raises(ValueError, match=message):
            await evaluate(worker, LIBRARY, [CHART[0]] * patients, as_of=AS_OF, doubtful=frozenset())
        with pytest.raises(ValueError, match="time zone"):
            await evaluate(worker, LIBRARY, CHART, as_of=AS_OF.replace(tzinfo=None), doubtful=frozenset())


PARENT = """
import asyncio, sys
from pathlib import Path
from tools.guidelines.library import GuidelineLibrary
from tools.guidelines.worker import GuidelineWorker

async def main():
    worker = GuidelineWorker(node_modules=Path(sys.argv[1]), megabytes=4096)
    library = GuidelineLibrary(recommendations=(), elm={"Only": sys.argv[2].encode()})
    await worker.load(library)
    sys.stdout.write(f"{worker.pid}\\n")
    sys.stdout.flush()
    request = {"now": "2021-08-01T00:00:00Z", "resources": [{"resourceType": "Patient", "id": "p"}], "doubtful": []}
    await worker.call("evaluate", library, {**request, "libraries": list(library.elm)})
    await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.kill
@pytest.mark.parametrize("applies", [endless(), expression(type="Null")], ids=["busy without end", "idle"])
async def test_a_killed_parent_leaves_no_worker_behind(node_modules: Path, applies: dict[str, Any]) -> None:
    elm = with_library("Only", applies).elm["Only"].decode()
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, str(node_modules), elm, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    child = int(await asyncio.wait_for(parent.stdout.readline(), 30))
    await asyncio.sleep(0.5)
    os.kill(child, 0)
    parent.kill()
    await parent.wait()
    async with asyncio.timeout(10):
        while _lives(child):  # noqa: ASYNC110 - nothing else tells of the end of a grandchild
            await asyncio.sleep(0.02)


def _lives(pid: int) -> bool:
    """A process that has ended and waits to be reaped by init does not live."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
