"""Instructions in many wordings: what is wanted, for whom, with which code; what is unclear is no errand."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from agents.offline.errands import NotUnderstood, pressure, understood

NOW = "It's 2024-05-06T07:08:00+00:00 now."
FLOW = f"{NOW} The flowsheet ID for blood pressure is BP."
SNOMED = f"{NOW} The SNOMED code for cardiology referral is 183519002."


@pytest.mark.parametrize(
    "instruction",
    [
        "What's the MRN of the patient with name Ada Nowak and DOB of 1950-02-03?",
        "Find the medical record number of Ada Nowak, born February 3, 1950.",
        "Who is Ada Nowak (3 Feb 1950)? Give me the record number.",
        "Look up the patient identifier for patient Ada Nowak, date of birth 02/03/1950.",
    ],
)
def test_a_patient_is_to_be_found(instruction: str) -> None:
    errand = understood(instruction)
    assert (errand.kind, errand.name, errand.born) == ("find", ("Ada", "Nowak"), date(1950, 2, 3))


@pytest.mark.parametrize(
    "instruction",
    [
        "What's the age of the patient with MRN of S2874099?",
        "How old is patient S2874099?",
        "Tell me the patient's age; MRN S2874099.",
    ],
)
def test_a_question_about_a_patient(instruction: str) -> None:
    errand = understood(instruction, f"{NOW} Round down to an integer.")
    assert (errand.kind, errand.number) == ("ask", "S2874099")
    assert errand.now == datetime(2024, 5, 6, 7, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    "instruction",
    [
        'I just measured the blood pressure of the patient with MRN S1353305: it is "131/82 mmHg". Record it.',
        "Please document a BP of 131/82 mmHg for patient S1353305.",
        "S1353305 had 131/82 mmHg just now. Chart it.",
    ],
)
def test_a_measurement_is_to_be_recorded(instruction: str) -> None:
    errand = understood(instruction, FLOW)
    assert (errand.kind, errand.number, errand.value) == ("record", "S1353305", "131/82 mmHg")
    assert errand.code is not None
    assert (errand.code.system, errand.code.code) == ("", "BP")
    assert pressure(errand.value) == (131, 82)


@pytest.mark.parametrize(
    "instruction",
    [
        'Order cardiology referral for patient S2748981. Free text: "Syncope: see soon. 120/80."',
        'Refer patient S2748981 to cardiology with the note "Syncope: see soon. 120/80."',
        'Request a cardiology consult for MRN S2748981; text: "Syncope: see soon. 120/80."',
    ],
)
def test_a_referral_is_to_be_asked_for(instruction: str) -> None:
    errand = understood(instruction, SNOMED)
    assert (errand.kind, errand.number, errand.text) == ("refer", "S2748981", "Syncope: see soon. 120/80.")
    assert errand.code is not None
    assert (errand.code.system, errand.code.code) == ("http://snomed.info/sct", "183519002")
    assert errand.code.what == "cardiology referral"


@pytest.mark.parametrize(
    ("instruction", "context"),
    [
        ("Find the MRN of the patient.", ""),
        ("How old is the patient?", NOW),
        ('Record "131/82 mmHg" for S1353305.', NOW),
        ("Refer patient S2748981 to cardiology.", ""),
    ],
)
def test_what_is_unclear_is_no_errand(instruction: str, context: str) -> None:
    with pytest.raises(NotUnderstood):
        understood(instruction, context)
