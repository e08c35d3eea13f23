"""The offline drafts of every sample chart and story, and how they change when the chart does."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest

from agents.reasoner import Material
from claims.page import MAX_LINES, page
from claims.verify import verify
from tests.unit.agents.drafting import (
    chart_materials,
    claims_of,
    drafts_of,
    looks,
    material_of,
    page_of,
    story_materials,
)
from tests.unit.chart.entries import AS_OF, resources_of
from tests.unit.chart.samples import Resources, stories

Source = Callable[[], Mapping[str, Material]]
SOURCES = [pytest.param(story_materials, id="stories"), pytest.param(chart_materials, id="synthea")]


@pytest.mark.parametrize("source", SOURCES)
def test_every_sentence_stands(source: Source) -> None:
    refused = [
        (name, claim.text, verdict.reasons)
        for name, material in source().items()
        for claim in claims_of(drafts_of(material))
        if not (verdict := verify(claim, material.appraisal, looks(material))).stands
    ]
    assert refused == []


@pytest.mark.parametrize("source", SOURCES)
def test_a_page_holds_its_lines_and_at_most_four_stand_on_top(source: Source) -> None:
    for name, material in source().items():
        drafts = drafts_of(material)
        assert len(page(drafts, head=("head",), foot=("foot",))) <= MAX_LINES, name
        top = next((s.claims for s in drafts[0].sections if s.title.startswith("Act on")), ())
        assert len(top) <= max(4, len(material.appraisal.of("critical"))), name


@pytest.mark.parametrize("source", SOURCES)
def test_everything_active_is_accounted_for(source: Source) -> None:
    for name, material in source().items():
        cited = {c.fact for claim in claims_of(drafts_of(material)) for c in claim.citations}
        together = [
            *({o.id for o in c.orders} for c in material.appraisal.courses),
            *({f.id for f in p.facts} for p in material.appraisal.problems),
        ]
        for one in material.appraisal.accounted:
            group = next((g for g in together if one.fact.id in g), {one.fact.id})
            assert (group | {one.fact.id}) & cited, f"{name}: {one.fact.id} is nowhere"


@pytest.mark.parametrize("source", SOURCES)
def test_the_same_chart_gives_the_same_words(source: Source) -> None:
    for material in source().values():
        assert drafts_of(material) == drafts_of(material)


# --- the same chart told otherwise -----------------------------------------------------------------------------------


def renamed(resources: Resources) -> Resources:
    """Every id changed, and every reference with it."""
    ids = sorted({r["id"] for r in resources}, key=len, reverse=True)
    names = {old: f"zz{index:05d}" for index, old in enumerate(reversed(ids))}

    def work(node: Any, key: str = "") -> Any:
        if isinstance(node, dict):
            return {k: work(v, k) for k, v in node.items()}
        if isinstance(node, list):
            return [work(v, key) for v in node]
        if key == "id":
            return names.get(node, node)
        if key == "reference" and isinstance(node, str):
            head, _, tail = node.rpartition("/")
            return f"{head}/{names[tail]}" if tail in names else node
        return node

    return [work(r) for r in resources]


def shuffled(resources: Resources) -> Resources:
    found = list(resources)
    random.Random(7).shuffle(found)  # noqa: S311 - a reproducible order, not a secret
    return found


@pytest.mark.parametrize("story", sorted(stories()))
@pytest.mark.parametrize("change", [shuffled, renamed], ids=["shuffled", "renamed"])
def test_order_and_ids_change_no_word(story: str, change: Callable[[Resources], Resources]) -> None:
    resources, now = stories()[story]
    assert page_of(material_of(change(copy.deepcopy(resources)), now)) == page_of(material_of(resources, now))


@pytest.mark.parametrize("story", ["diabetes-ckd", "hard-chart"])
def test_renewals_in_another_order_change_no_word(story: str) -> None:
    """The dates of two renewals of one order change places: it is still the same medicine, renewed as often."""
    resources, now = stories()[story]
    changed = copy.deepcopy(resources)
    orders: dict[str, list[dict[str, Any]]] = {}
    for one in changed:
        if one["resourceType"] == "MedicationRequest" and one["status"] == "active" and "authoredOn" in one:
            key = json.dumps([one.get("medicationCodeableConcept"), one.get("dosageInstruction")], default=str)
            orders.setdefault(key, []).append(one)
    for same in orders.values():
        same[0]["authoredOn"], same[-1]["authoredOn"] = same[-1]["authoredOn"], same[0]["authoredOn"]
    assert page_of(material_of(changed, now)) == page_of(material_of(resources, now))


# --- what is not there, and what could not be looked at ---------------------------------------------------------------

ON_LISINOPRIL: dict[str, dict[str, Any]] = {
    "order": {"medicine": "lisinopril 10 MG Oral Tablet", "date": "2021-05-14", "dose": "daily"},
    "first": {"medicine": "lisinopril 10 MG Oral Tablet", "date": "2020-05-14", "status": "stopped"},
    "creatinine": {"lab": "creatinine", "date": "2021-05-14", "value": "0.9 mg/dL"},
    "potassium": {"lab": "potassium", "date": "2021-05-14", "value": "4.1 mmol/L"},
}


def told(entries: Mapping[str, Mapping[str, Any]], **how: Any) -> str:
    return page_of(material_of(resources_of(entries), AS_OF, **how))


def without(*keys: str) -> dict[str, dict[str, Any]]:
    return {k: v for k, v in ON_LISINOPRIL.items() if k not in keys}


def test_a_drug_that_is_monitored_needs_no_word() -> None:
    assert "anywhere in the chart" not in told(ON_LISINOPRIL)


def test_what_was_never_measured_is_said() -> None:
    text = told(without("creatinine", "potassium"))
    assert re.search(r"Lisinopril 10 mg in use, and no creatinine or potassium anywhere in the chart", text)


@pytest.mark.parametrize("how", [{"failed": ["Observation"]}, {"cut": ["Observation"]}], ids=["failed", "cut"])
def test_what_could_not_be_looked_at_is_not_called_absent(how: dict[str, Any]) -> None:
    text = told(without("creatinine", "potassium"), **how)
    assert "anywhere in the chart" not in text
    assert re.search(r"Lisinopril.*could be looked for only in part", text)


@pytest.mark.parametrize("how", [{"failed": ["AllergyIntolerance"]}, {"cut": ["AllergyIntolerance"]}])
def test_no_allergies_only_after_a_whole_look(how: dict[str, Any]) -> None:
    assert "Allergies: none coded" in told(ON_LISINOPRIL)
    assert "none coded" not in told(ON_LISINOPRIL, **how)


def test_a_critical_value_stands_first() -> None:
    entries = ON_LISINOPRIL | {"k": {"lab": "potassium", "date": "2021-07-30", "value": "6.6 mmol/L"}}
    drafts = drafts_of(material_of(resources_of(entries), AS_OF))
    top = next(s for s in drafts[0].sections if s.title.startswith("Act on"))
    assert top.claims[0].text.startswith("CRITICAL: potassium 6.6 mmol/L (30 Jul 2021)")


def test_a_flipped_status_flips_its_line() -> None:
    def allergy(verification: str) -> str:
        return told({"a": {"allergy": "Penicillin", "date": "2001", "verification": verification}})

    assert "ALLERGY: penicillin" in allergy("confirmed")
    assert "penicillin" not in allergy("refuted").lower()
    assert "In use: lisinopril" in told(ON_LISINOPRIL)
    stopped = ON_LISINOPRIL | {"order": {**ON_LISINOPRIL["order"], "status": "stopped"}}
    assert "In use: lisinopril" not in told(stopped)


def test_a_note_denies_a_coded_allergy_and_both_are_shown() -> None:
    entries = {
        "a": {"allergy": "Penicillin", "date": "2001-03-01"},
        "n": {"note": "Feels well. No Known Allergies.", "date": "2021-05-14"},
    }
    assert re.search(r"ALLERGY: penicillin.*note of 14 May 2021 says “No Known Allergies”", told(entries))


def test_many_normal_results_more_change_little() -> None:
    resources, now = stories()["diabetes-ckd"]
    more = resources_of(
        {
            f"n{i}": {
                "lab": "TSH",
                "date": f"20{10 + i % 15}-{i % 12 + 1:02d}-{i % 28 + 1:02d}",
                "value": f"{Decimal(150 + i % 90) / 100} mIU/L",
            }
            for i in range(500)
        }
    )[1:]
    before = page_of(material_of(resources, now)).splitlines()
    assert len(page_of(material_of([*resources, *more], now)).splitlines()) <= len(before) + 2
