"""What signatures add to a draft, and that they add nothing else."""

import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from hypothesis import given
from hypothesis import strategies as st

from claims.author import Author, device, device_reference
from claims.canonical import NotCanonical, canonical_bytes, exact_bytes, read_exact, sha256_of
from claims.derived_id import derived_id
from claims.seal import Sealed, Signature, seal

OFFLINE = Author(device_name="Preround", version="0.1.0", reasoner="offline")
MODEL = Author(
    device_name="Preround",
    version="0.1.0",
    reasoner="vllm",
    model_name="medgemma-27b-text-it",
    model_revision="abc123",
)
WHEN = datetime(2021, 8, 1, 7, 30, tzinfo=UTC)
ADA = Signature(who="Ada Nowak", role="prescriber", when=WHEN)
BEN = Signature(who="Ben Okoro", role="pharmacist", when=WHEN + timedelta(minutes=3))
SOURCES = ("Observation/1/_history/2", "MedicationRequest/9/_history/1")

COMPOSITION: dict[str, Any] = {
    "resourceType": "Composition",
    "id": "c-1",
    "status": "preliminary",
    "type": {"coding": [{"system": "http://loinc.org", "code": "60591-5"}]},
    "subject": {"reference": "Patient/p1"},
    "date": "2021-08-01T07:00:00+00:00",
    "author": [device_reference(OFFLINE)],
    "title": "Summary",
}
REQUEST: dict[str, Any] = {
    "resourceType": "MedicationRequest",
    "id": "m-1",
    "meta": {"security": [{"system": "urn:site", "code": "R"}]},
    "status": "draft",
    "intent": "proposal",
    "medicationCodeableConcept": {"text": "atorvastatin 40 mg"},
    "subject": {"reference": "Patient/p1"},
    "dosageInstruction": [{"doseAndRate": [{"doseQuantity": {"value": Decimal("40.0"), "unit": "mg"}}]}],
}
REPORT: dict[str, Any] = {
    "resourceType": "DiagnosticReport",
    "id": "d-1",
    "status": "preliminary",
    "code": {"text": "Chest radiograph"},
    "subject": {"reference": "Patient/p1"},
}


def sealed(draft: dict[str, Any], *signatures: Signature, author: Author = OFFLINE) -> Sealed:
    return seal(
        entry_resource=draft,
        sources=SOURCES,
        author=author,
        signatures=signatures or (ADA,),
        recorded=WHEN,
        provenance_id=derived_id("provenance", "run", 1, 1),
    )


@pytest.mark.parametrize("draft", [COMPOSITION, REQUEST, REPORT], ids=lambda draft: str(draft["resourceType"]))
@pytest.mark.parametrize("author", [OFFLINE, MODEL], ids=lambda author: author.reasoner)
def test_every_sealed_resource_is_valid_r4(draft: dict[str, Any], author: Author) -> None:
    group = sealed(draft, ADA, BEN, author=author)
    assert [part.part for part in group.resources] == ["device", "target", "provenance"]
    for part in group.resources:
        text = exact_bytes(part.resource)
        parsed: Any = get_fhir_model_class(part.resource["resourceType"]).model_validate_json(text)
        assert parsed.id == part.resource["id"]


def test_a_composition_becomes_final_with_one_attester_a_person() -> None:
    target = sealed(COMPOSITION, ADA, BEN).target
    assert target["status"] == "final"
    assert [(attester["party"]["display"], attester["time"]) for attester in target["attester"]] == [
        ("Ada Nowak", "2021-08-01T07:30:00.000+00:00"),
        ("Ben Okoro", "2021-08-01T07:33:00.000+00:00"),
    ]
    assert all("reference" not in attester["party"] for attester in target["attester"])


@pytest.mark.parametrize("draft", [COMPOSITION, REQUEST, REPORT], ids=lambda draft: str(draft["resourceType"]))
def test_nothing_else_is_added(draft: dict[str, Any]) -> None:
    before = deepcopy(draft)
    target = deepcopy(sealed(draft).target)
    assert draft == before, "the draft itself must not change"
    assert target["meta"]["security"].pop()["code"] == "AIAST"
    if draft["resourceType"] == "Composition":
        assert target.pop("attester")
        target["status"] = "preliminary"
    if "meta" not in draft:
        assert target.pop("meta") == {"security": []}
    assert target == before


def test_a_withdrawn_composition_is_not_made_final() -> None:
    assert sealed({**COMPOSITION, "status": "entered-in-error"}).target["status"] == "entered-in-error"


def test_the_ai_label_stands_once() -> None:
    labelled = sealed(REQUEST).target
    assert sealed(labelled).target["meta"] == labelled["meta"]


def test_the_provenance_names_author_verifiers_and_sources() -> None:
    group = sealed(REQUEST, ADA, BEN, author=MODEL)
    provenance = group.resources[2].resource
    assert provenance["target"] == [{"reference": "MedicationRequest/m-1"}]
    assert [agent["type"]["coding"][0]["code"] for agent in provenance["agent"]] == ["author", "verifier", "verifier"]
    assert provenance["agent"][0]["who"]["reference"] == f"Device/{group.resources[0].resource['id']}"
    assert [agent["who"]["identifier"]["value"] for agent in provenance["agent"][1:]] == ["Ada Nowak", "Ben Okoro"]
    assert [entity["what"]["reference"] for entity in provenance["entity"]] == list(SOURCES)
    assert {entity["role"] for entity in provenance["entity"]} == {"source"}


def test_the_device_is_one_for_a_version_and_model_and_another_for_others() -> None:
    assert device(MODEL) == device(MODEL)
    assert device(MODEL)["id"] != device(OFFLINE)["id"]
    assert "extension" not in device(OFFLINE), "no model, no kind of model"
    assert device(MODEL)["extension"][0]["valueCodeableConcept"]["coding"][0]["code"] == "Large-Language-Models"


def test_the_same_signing_gives_the_same_bytes_and_hashes() -> None:
    one, two = sealed(COMPOSITION, ADA), sealed(deepcopy(COMPOSITION), ADA)
    assert [exact_bytes(part.resource) for part in one.resources] == [
        exact_bytes(part.resource) for part in two.resources
    ]
    assert one.sha256 == two.sha256
    assert sealed(COMPOSITION, BEN).sha256 != one.sha256


def test_one_instant_in_two_zones_is_one_seal() -> None:
    berlin = WHEN.astimezone(timezone(timedelta(hours=2)))
    assert sealed(COMPOSITION, Signature(who="Ada Nowak", role="prescriber", when=berlin)) == sealed(COMPOSITION, ADA)


def test_unsigned_and_unnamed_drafts_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one signature"):
        seal(entry_resource=REQUEST, sources=(), author=OFFLINE, signatures=(), recorded=WHEN, provenance_id="p")
    with pytest.raises(ValueError, match="an id"):
        sealed({"resourceType": "Composition", "status": "preliminary"})
    with pytest.raises(ValueError, match="time zone"):
        sealed(COMPOSITION, Signature(who="Ada", role="prescriber", when=WHEN.replace(tzinfo=None)))


def test_decimals_are_hashed_by_value_and_kept_by_digits() -> None:
    assert sha256_of({"value": Decimal("8.10")}) == sha256_of({"value": 8.1}) == sha256_of({"value": Decimal("8.1")})
    assert sha256_of({"value": Decimal("5.0")}) == sha256_of({"value": 5})
    assert sha256_of({"value": Decimal("8.1")}) != sha256_of({"value": Decimal("8.11")})
    assert exact_bytes({"value": Decimal("8.10")}) == b'{"value":8.10}'
    assert str(read_exact(b'{"value":8.10}')["value"]) == "8.10"


@pytest.mark.parametrize(
    "value",
    [Decimal("0.10000000000000000001"), Decimal("9007199254740993"), Decimal("NaN"), Decimal("1E+999"), 2**60, WHEN],
    ids=str,
)
def test_what_a_double_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(NotCanonical, match="at most 15 significant digits"):
        canonical_bytes({"value": value})


def test_an_exact_text_refuses_what_is_not_json() -> None:
    with pytest.raises(NotCanonical):
        exact_bytes({"when": WHEN})


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=5))
def test_every_ordinary_decimal_goes_through_unchanged(value: Decimal) -> None:
    assert read_exact(exact_bytes([value]))[0] == value
    assert Decimal(json.loads(canonical_bytes([value]), parse_float=Decimal, parse_int=Decimal)[0]) == value
