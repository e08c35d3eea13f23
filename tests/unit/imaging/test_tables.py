"""The gate and the choice of the prior, by tables of cases; whose a picture is; which way up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from agents.models.registry import registry
from tests.unit.imaging.pictures import OWNER
from tools.imaging.errors import NobodysPicture, OthersPicture
from tools.imaging.gate import admission, table
from tools.imaging.header import Header
from tools.imaging.prior import prior_of
from tools.imaging.upright import turn_of
from tools.imaging.whose import Owner

HERE = Path(__file__).parent


def cases(name: str) -> list[Any]:
    return [pytest.param(one, id=one["name"]) for one in yaml.safe_load((HERE / name).read_text())]


@pytest.mark.parametrize("case", cases("gate.yaml"))
def test_the_gate(case: dict[str, Any]) -> None:
    header = Header(
        modality=case.get("modality", ""),
        body_part=case.get("part", ""),
        view=case.get("view"),
        kind=tuple(case.get("kind", ())),
    )
    found = admission(case["model"], header)
    assert (found.row.name if found.row else None) == case.get("is")
    assert found.reason == case.get("out")
    assert found.admitted == ("is" in case)
    assert found.words.endswith(".")
    if not found.admitted:
        assert found.words.startswith("Out of scope: ")


def test_each_model_of_the_table_is_one_of_the_registry_that_sees() -> None:
    seeing = {row.name for row in registry().values() if "image" in row.modalities}
    assert {name for row in table().trained for name in row.models} == seeing


def film(row: list[Any]) -> Header:
    study, modality, part, view, side, taken = row
    return Header(study=study, modality=modality, body_part=part, view=view, laterality=side, taken=taken)


@pytest.mark.parametrize("case", cases("prior.yaml"))
def test_the_prior(case: dict[str, Any]) -> None:
    others = [film(row) for row in case["others"]]
    for order in (others, others[::-1]):
        found = prior_of(film(case["current"]), order)
        assert (found.header.study if found else "none") == case["is"]
        if found is not None:
            assert found.why == case.get("why", "same view")
            assert found.days == case.get("days", found.days)
            assert ("it was taken" in found.words) == (found.why == "other projection")


WHOSE = [
    ({"patient_id": "FILM-1"}, None),
    ({"patient_id": "FILM-1", "born": "1960-05-04"}, None),
    ({"patient_id": "FILM-1", "issuer": "1.2.3"}, None),
    ({"patient_id": "FILM-1", "issuer": "1.2.4"}, OthersPicture),
    ({"patient_id": "FILM-1", "born": "1961-05-04"}, OthersPicture),
    ({"patient_id": "FILM-2"}, OthersPicture),
    ({"patient_id": "film-1"}, OthersPicture),
    ({"patient_id": ""}, NobodysPicture),
    ({}, NobodysPicture),
]


@pytest.mark.parametrize(("said", "raised"), WHOSE)
def test_whose_a_picture_is(said: dict[str, str], raised: type[Exception] | None) -> None:
    if raised is None:
        OWNER.admit(Header(**said))  # type: ignore[arg-type]
        return
    with pytest.raises(raised) as failed:
        OWNER.admit(Header(**said))  # type: ignore[arg-type]
    assert not any(value and value in str(failed.value) for value in said.values())


def test_the_owner_by_a_patient_resource() -> None:
    owner = Owner.of(
        {
            "resourceType": "Patient",
            "birthDate": "1960",
            "identifier": [
                {"system": "urn:oid:1.2.3", "value": " FILM-1 "},
                {"value": "GONE", "use": "old"},
                {"system": "http://x.example"},
            ],
        }
    )
    assert owner.ids == ("FILM-1",)
    owner.admit(Header(patient_id="FILM-1", born="1960-05-04"))
    with pytest.raises(OthersPicture):
        owner.admit(Header(patient_id="GONE"))
    assert "FILM-1" not in repr(owner)
    assert "FILM-1" not in repr(Header(patient_id="FILM-1"))


# A film of four pixels as it is hung: patient's right and head at the top left.
HUNG = np.array([["RH", "LH"], ["RF", "LF"]])
TURNS = [
    (("L", "F"), [["RH", "LH"], ["RF", "LF"]], ""),
    (("R", "F"), [["LH", "RH"], ["LF", "RF"]], "mirrored"),
    (("L", "H"), [["RF", "LF"], ["RH", "LH"]], "turned upside down and mirrored"),
    (("R", "H"), [["LF", "RF"], ["LH", "RH"]], "turned by 180 degrees"),
    (("F", "L"), [["RH", "RF"], ["LH", "LF"]], "transposed"),
    (("H", "L"), [["RF", "RH"], ["LF", "LH"]], "turned by 90 degrees to the left"),
    (("F", "R"), [["LH", "LF"], ["RH", "RF"]], "turned by 90 degrees to the right"),
    (("H", "R"), [["LF", "LH"], ["RF", "RH"]], "transposed over the other diagonal"),
]


@pytest.mark.parametrize(("directions", "stored", "words"), TURNS, ids=[t[2] or "upright" for t in TURNS])
def test_a_frontal_film_is_hung(directions: tuple[str, str], stored: list[list[str]], words: str) -> None:
    turn = turn_of(Header(directions=directions))
    assert np.array_equal(turn.of(np.array(stored)), HUNG)
    assert turn.words == words


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"directions": ("A", "F")}, ""),
        ({"directions": ("P", "F")}, ""),
        ({"directions": ("A", "H")}, "turned upside down and mirrored"),
        ({"directions": ("LA", "FP")}, ""),
        ({"directions": ("L", "R")}, ""),
        ({"directions": ("x", "y")}, ""),
        ({"axes": (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)}, ""),
        ({"axes": (-1.0, 0.0, 0.0, 0.0, 1.0, 0.0)}, "mirrored"),
        ({"axes": (0.98, 0.1, 0.0, -0.1, 0.98, 0.1)}, ""),
        ({"axes": (-1.0, 0.0, 0.0, 0.0, -1.0, 0.0)}, "turned by 180 degrees"),
        ({}, ""),
    ],
)
def test_other_planes(said: dict[str, Any], words: str) -> None:
    assert turn_of(Header(**said)).words == words
