"""The guideline files: valid FHIR, whole, and read as what they are."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class

from tools.guidelines.library import BUILT_IN, GuidelineUnusable, load
from tools.guidelines.proposal import propose

FILES = sorted(each for each in BUILT_IN.glob("*.json") if not each.name.endswith(".elm.json"))
LIBRARY = load()


def day(year: int, month: int, number: int) -> datetime:
    return datetime(year, month, number, 23, 59, tzinfo=UTC)


@pytest.mark.parametrize("path", FILES, ids=lambda each: each.name)
def test_each_file_is_valid_r4(path: Path) -> None:
    content = json.loads(path.read_text())
    get_fhir_model_class(content["resourceType"]).model_validate(content)
    assert path.name.startswith(f"{content['resourceType']}-{content['id']}")


def test_each_library_names_what_it_includes() -> None:
    for path in BUILT_IN.glob("Library-*.json"):
        content = json.loads(path.read_text())
        source = (BUILT_IN / f"{content['name']}.cql").read_text()
        included = {
            f"urn:preround:guideline:library:{each}|1.0.0" for each in re.findall(r"^include (\w+)", source, re.M)
        }
        assert {each["resource"] for each in content.get("relatedArtifact", ())} == included
        assert f"library {content['name']} version '{content['version']}'" in source


def test_every_recommendation_can_be_cited() -> None:
    for each in LIBRARY.recommendations:
        assert each.title
        assert each.citation
        assert each.strength
        assert each.publisher
        assert each.topics
        assert re.fullmatch("[A-E]|1[AB]|ungraded|routine|strong", each.grade)
        assert each.url.startswith("https://")


def test_the_version_in_force_is_chosen_by_the_day() -> None:
    def versions(moment: datetime) -> dict[str, str]:
        return {each.id: each.version for each in LIBRARY.in_force(moment) if each.id.startswith("colorectal")}

    assert versions(day(2021, 5, 17)) == {"colorectal-screening-50": "2016.1"}
    assert versions(day(2021, 5, 18)) == {"colorectal-screening-50": "2021.1", "colorectal-screening-45": "2021.1"}
    assert versions(day(2016, 6, 14)) == {}


def test_what_is_not_in_force_names_its_next_version() -> None:
    waiting = {each.id: each.version for each in LIBRARY.out_of_force(day(2016, 6, 14))}
    assert waiting["colorectal-screening-50"] == "2016.1"
    assert "colorectal-screening-50" not in {each.id for each in LIBRARY.out_of_force(day(2017, 1, 1))}


@pytest.mark.parametrize("recommendation", LIBRARY.recommendations, ids=lambda each: f"{each.id}-{each.version}")
def test_each_proposal_is_a_valid_draft(recommendation: Any) -> None:
    action = propose(recommendation, patient="Patient/p", reasons=["Condition/1"])
    get_fhir_model_class(action["resourceType"]).model_validate(action)
    assert (action["status"], action["intent"], action["subject"]) == ("draft", "proposal", {"reference": "Patient/p"})
    assert action["instantiatesCanonical"] == [f"{recommendation.canonical}|{recommendation.version}"]
    assert "id" not in action


def test_the_statin_has_a_drug_and_a_dose() -> None:
    (statin,) = [each for each in LIBRARY.recommendations if each.id == "diabetes-statin"]
    action = propose(statin, patient="Patient/p", reasons=[])
    assert action["medicationCodeableConcept"]["coding"][0]["code"] == "617310"
    assert action["dosageInstruction"][0]["doseAndRate"][0]["doseQuantity"]["value"] == 20
    assert "reasonReference" not in action


def test_a_site_replaces_a_recommendation(tmp_path: Path) -> None:
    plan = json.loads((BUILT_IN / "PlanDefinition-diabetes-hba1c-2021.json").read_text())
    plan["action"][0]["title"] = "Our own words"
    for name in ("ActivityDefinition-order-hba1c.json", "Library-DiabetesHbA1c.json"):
        (tmp_path / name).write_text((BUILT_IN / name).read_text())
    (tmp_path / "PlanDefinition-ours.json").write_text(json.dumps(plan))
    titles = {each.id: each.title for each in load([BUILT_IN, tmp_path]).recommendations}
    assert titles["diabetes-hba1c"] == "Our own words"
    assert titles["diabetes-statin"] == "Start a moderate-intensity statin"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("PlanDefinition-x.json", "{", "is not JSON"),
        ("PlanDefinition-x.json", "[]", "is not a JSON object"),
        ("PlanDefinition-x.json", '{"action": [{}]}', "lacks or points to"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(GuidelineUnusable, match=f"{name} {message}"):
        load([tmp_path])


def test_logic_that_was_not_compiled_is_named(tmp_path: Path) -> None:
    for path in FILES:
        (tmp_path / path.name).write_text(path.read_text())
    with pytest.raises(GuidelineUnusable, match=r"compile the CQL of .*ColorectalScreening45"):
        load([tmp_path])
