"""Whole rounds against the raw bundles, judged by a checker that knows nothing of the program; and that it can fail."""

from __future__ import annotations

import ast
import asyncio
import gzip
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fhir_fixtures import PATIENTS
from fhir_fixtures.bundles import bundles
from fhir_fixtures.loading import load_story
from preround.doing import rounds
from preround.doing.load import load
from preround.settings import Settings
from preround.wiring import SANDBOX_URL, House, open_house
from tests.checker.checker import Report, check
from tests.checker.raw import RawChart, Resource, read_bundles
from tests.checker.scan import scan
from tools.fhir.transport import in_process
from tools.guidelines.worker import PACKAGES

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("PREROUND_TEST_DATA", ROOT.parent / "shared" / "data"))
AS_OF = datetime(2021, 8, 1, tzinfo=UTC)
Result = dict[str, Any]
Checked = dict[str, tuple[Result, RawChart]]

pytestmark = pytest.mark.skipif(
    not all((ROOT / "node_modules" / each).exists() for each in PACKAGES),
    reason="the npm packages of the CQL engine are not installed (npm ci)",
)


def synthea() -> list[Path]:
    return [p for p in sorted((DATA / "synthea").glob("*.json.gz")) if not p.name.startswith("0-")]


async def _round(house: House, patient: str, as_of: datetime) -> Result:
    run = await rounds.start(house, patient=patient, tasks=rounds.DEFAULT_TASKS, as_of=as_of)
    return rounds.result(house, run.run_id)


async def _stories(folder: Path) -> Checked:
    files = folder / "bundles"
    files.mkdir()
    for name, body in bundles():
        (files / f"{name}.json").write_bytes(body)
    resources = read_bundles([body for _, body in bundles()])
    found: Checked = {}
    async with open_house(Settings(home=folder / "home")) as house:
        assert house.sandbox is not None
        await load([files], base_url=SANDBOX_URL, transport=in_process(house.sandbox))
        for path in sorted(PATIENTS.glob("*.yaml")):
            story = load_story(path)
            patient = f"fx-{story.story}-patient"
            result = await _round(house, patient, story.now)
            found[path.stem] = result, RawChart(patient=patient, as_of=story.now, resources=resources)
    return found


async def _charts(folder: Path) -> Checked:
    found: Checked = {}
    async with open_house(Settings(home=folder / "home")) as house:
        assert house.sandbox is not None
        await load(synthea(), base_url=SANDBOX_URL, transport=in_process(house.sandbox))
        for path in synthea():
            patient = path.name.removesuffix(".json.gz")
            resources = read_bundles([gzip.decompress(path.read_bytes())])
            result = await _round(house, patient, AS_OF)
            found[patient] = result, RawChart(patient=patient, as_of=AS_OF, resources=resources)
    return found


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    return asyncio.run(_stories(tmp_path_factory.mktemp("stories")))


@pytest.fixture(scope="module")
def charts(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    if not synthea():
        pytest.skip("test data `synthea` is not here (PREROUND_TEST_DATA)")
    return asyncio.run(_charts(tmp_path_factory.mktemp("charts")))


def judged(found: Checked) -> None:
    reports = {name: check(*pair) for name, pair in found.items()}
    assert [f"{name}: {one}" for name, report in reports.items() for one in report.findings] == []
    checked = sum(report.checked for report in reports.values())
    unchecked = [one for report in reports.values() for one in report.unchecked]
    assert checked > 100 * len(reports) / 2
    assert len(unchecked) < 0.05 * checked, unchecked


def test_every_sentence_about_the_stories_stands_in_their_bundles(stories: Checked) -> None:
    judged(stories)


@pytest.mark.parametrize("story", sorted(p.stem for p in PATIENTS.glob("*.yaml")))
def test_the_page_says_what_its_story_expects(story: str, stories: Checked) -> None:
    assert load_story(PATIENTS / f"{story}.yaml").expect.misses("\n".join(stories[story][0]["page"])) == []


def test_nothing_drafted_had_to_be_removed(stories: Checked) -> None:
    assert [r for result, _ in stories.values() for d in result["drafts"] for r in d["removed"]] == []


def test_every_sentence_about_the_sample_charts_stands_in_their_bundles(charts: Checked) -> None:
    judged(charts)


def test_the_checker_imports_nothing_of_the_program() -> None:
    for path in sorted((ROOT / "tests" / "checker").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                own = name.startswith("tests.checker") or name == "__future__"
                assert own or name.split(".")[0] in sys.stdlib_module_names, f"{path.name} imports {name}"


def claims(result: Result) -> Iterator[dict[str, Any]]:
    for draft in result["drafts"]:
        for section in draft["sections"]:
            yield from section["claims"]


def first(result: Result, words: str) -> dict[str, Any]:
    return next(c for c in claims(result) if re.search(words, c["text"]))


def cited(claim: Mapping[str, Any], path: str) -> dict[str, Any]:
    found: dict[str, Any] = next(c for c in claim["citations"] if re.search(path, c["path"]))
    return found


def reword(result: Result, words: str, by: str) -> None:
    claim = first(result, words)
    claim["text"] = re.sub(words, by, claim["text"], count=1)
    result["page"] = []


def wrong_value(result: Result) -> None:
    reword(result, r"HbA1c 8\.4 %", "HbA1c 8.7 %")


def wrong_unit(result: Result) -> None:
    reword(result, r"HbA1c 8\.4 %", "HbA1c 8.4 mmol/L")


def wrong_date(result: Result) -> None:
    reword(result, r"HbA1c 8\.4 % \(20 Nov 2025", "HbA1c 8.4 % (21 Nov 2025")


def the_visits_date_as_the_results_date(result: Result) -> None:
    claim = first(result, r"HbA1c 8\.4 % \(20 Nov 2025")
    other = cited(first(result, "eGFR 41"), r"\.effective")
    assert other["value"].startswith("2026-05-14")
    claim["citations"].append(other)
    claim["text"] = claim["text"].replace("HbA1c 8.4 % (20 Nov 2025", "HbA1c 8.4 % (14 May 2026")


def another_patients_reference(result: Result) -> None:
    cited(first(result, "born"), "birthDate")["reference"] = "Patient/fx-hard-patient"


def a_resource_that_is_not_there(result: Result) -> None:
    cited(first(result, r"HbA1c 8\.4 %"), r"value\.value")["reference"] = "Observation/invented"


def an_invented_path(result: Result) -> None:
    cited(first(result, r"HbA1c 8\.4 %"), r"value\.value")["path"] = "Observation.component[3].value.value"


def a_cited_value_that_is_not_there(result: Result) -> None:
    cited(first(result, r"HbA1c 8\.4 %"), r"value\.value")["value"] = "8.5"


def a_wrong_age(result: Result) -> None:
    claim = first(result, "· 72 y ·")
    claim["text"] = claim["text"].replace("72 y", "73 y")
    claim["computed"]["value"] = "73"


def one_visit_more(result: Result) -> None:
    claim = first(result, "3 visits in")
    claim["text"] = claim["text"].replace("3 visits", "4 visits")
    for one in (claim["computed"], *claim["also_computed"]):
        one["value"] = "4" if one["op"] == "count" else one["value"]


def one_reading_more(result: Result) -> None:
    claim = first(result, "10 readings running")
    claim["text"] = claim["text"].replace("10 readings", "11 readings")
    claim["computed"] |= {"value": "11", "of": [*claim["computed"]["of"], "V1"]}


def no_allergies(result: Result) -> None:
    claim = first(result, "ALLERGY")
    look = next(c["id"] for c in result["coverage"] if c["query"].startswith("AllergyIntolerance"))
    claim |= {"text": "Allergies: none coded.", "kind": "absence", "citations": [], "absent": ["kind:allergy"]}
    claim |= {"coverage": look, "computed": None}


def an_absence_where_the_look_failed(result: Result) -> None:
    claim = first(result, "No record of|Never measured|No dose|in the chart")
    look = next(c for c in result["coverage"] if c["id"] == claim["coverage"])
    look["error"] = "refused"


def a_line_of_the_page_that_no_draft_says(result: Result) -> None:
    result["page"].insert(3, "Smokes a pack a day.")


def a_page_too_long(result: Result) -> None:
    result["page"][-1:-1] = [first(result, "ALLERGY")["text"]] * 45


def a_problem_unaccounted_for(result: Result) -> None:
    result["accounted"] = [a for a in result["accounted"] if not a["reference"].startswith("Condition/")]


MUTATIONS: tuple[Callable[[Result], None], ...] = (
    wrong_value,
    wrong_unit,
    wrong_date,
    the_visits_date_as_the_results_date,
    another_patients_reference,
    a_resource_that_is_not_there,
    an_invented_path,
    a_cited_value_that_is_not_there,
    a_wrong_age,
    one_visit_more,
    one_reading_more,
    no_allergies,
    an_absence_where_the_look_failed,
    a_line_of_the_page_that_no_draft_says,
    a_page_too_long,
    a_problem_unaccounted_for,
)


@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda m: m.__name__)
def test_the_checker_finds(mutate: Callable[[Result], None], stories: Checked) -> None:
    result, chart = stories["diabetes-ckd"]
    assert check(result, chart).findings == ()
    changed = deepcopy(result)
    mutate(changed)
    assert check(changed, chart).findings != ()


def report_of(stories: Checked, change: Callable[[dict[str, Resource]], None]) -> Report:
    result, chart = stories["diabetes-ckd"]
    resources = deepcopy(dict(chart.resources))
    change(resources)
    return check(result, RawChart(patient=chart.patient, as_of=chart.as_of, resources=resources))


def test_the_checker_finds_what_is_entered_in_error(stories: Checked) -> None:
    reference = cited(first(stories["diabetes-ckd"][0], r"HbA1c 8\.4 %"), r"value\.value")["reference"].split("/_")[0]

    def err(resources: dict[str, Resource]) -> None:
        resources[reference] = {**resources[reference], "status": "entered-in-error"}

    assert any("entered in error" in one for one in report_of(stories, err).findings)


def test_the_checker_finds_what_was_not_yet_known(stories: Checked) -> None:
    result, chart = stories["diabetes-ckd"]
    before = RawChart(patient=chart.patient, as_of=datetime(2026, 1, 1, tzinfo=UTC), resources=chart.resources)
    assert any("after the round" in one for one in check(result, before).findings)


def test_a_digit_changed_in_any_sentence_is_found(stories: Checked) -> None:
    missed = []
    for name, (result, chart) in stories.items():
        for index, claim in enumerate(claims(result)):
            for one in scan(claim["text"])[1]:
                changed = deepcopy(result)
                other = list(claims(changed))[index]
                at = claim["text"].index(one.text, one.start)
                other["text"] = f"{claim['text'][:at]}{_next(one.text)}{claim['text'][at + len(one.text) :]}"
                changed["page"] = []
                if not check(changed, chart).findings:
                    missed.append(f"{name}: {other['text']}")
    assert not missed, "\n".join(missed)


def test_an_hour_changed_in_any_sentence_is_found(stories: Checked) -> None:
    hours, missed = 0, []
    for result, chart in stories.values():
        for index, claim in enumerate(claims(result)):
            for hour in re.findall(r"(?<=\d{4} )\d\d(?=:\d\d)", claim["text"]):
                hours += 1
                changed = deepcopy(result)
                other = list(claims(changed))[index]
                other["text"] = claim["text"].replace(f" {hour}:", f" {(int(hour) + 3) % 24:02d}:", 1)
                changed["page"] = []
                if not check(changed, chart).findings:
                    missed.append(other["text"])
    assert hours > 3
    assert not missed, "\n".join(missed)


def _next(digits: str) -> str:
    """The number with its first digit changed, so that no rounding hides it."""
    return ("2" if digits[0] in "01" else str(int(digits[0]) - 1 or 3)) + digits[1:]
