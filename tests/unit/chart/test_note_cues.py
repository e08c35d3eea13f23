"""How a note means a term."""

from __future__ import annotations

import pytest

from chart.note_cues import heading, meaning

CASES = [
    ("Takes warfarin 5 mg from an old supply.", "warfarin", "affirmed"),
    ("Does not take warfarin.", "warfarin", "denied"),
    ("Denies chest pain, fever or cough.", "cough", "denied"),
    ("Denies chest pain but takes naproxen daily.", "naproxen", "affirmed"),
    ("Apixaban was stopped in December by an outside clinic.", "apixaban", "denied"),
    ("Stopped metformin; takes gliclazide.", "metformin", "denied"),
    ("Pulmonary embolism was ruled out.", "pulmonary embolism", "denied"),
    ("History of asthma in childhood.", "asthma", "past"),
    ("Took methotrexate many years ago.", "methotrexate", "past"),
    ("Consider a statin at the next visit.", "statin", "considered"),
    ("Asks for ibuprofen: not with apixaban.", "ibuprofen", "considered"),
    ("Allergic to penicillin.", "penicillin", "considered"),
    ("Her mother takes warfarin.", "warfarin", "other_person"),
    ("No cough. Takes lisinopril.", "lisinopril", "affirmed"),
]


@pytest.mark.parametrize(("sentence", "term", "expected"), CASES, ids=[c[0] for c in CASES])
def test_a_cue_reaches_its_term_and_no_further(sentence: str, term: str, expected: str) -> None:
    parts = [p for p in sentence.split(". ") if term.lower() in p.lower()]
    assert meaning(parts[0], term) == expected


def test_a_term_that_is_not_there_is_not_denied() -> None:
    assert meaning("No fever.", "cough") == "affirmed"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("# Family History", "family history"),
        ("## Plan", "plan"),
        ("Allergies:", "allergies"),
        ("PAST MEDICAL HISTORY", "past medical history"),
        ("- Hunger", None),
        ("Takes warfarin: daily.", None),
        ("", None),
    ],
)
def test_headings_in_the_ways_that_notes_write_them(line: str, expected: str | None) -> None:
    assert heading(line) == expected
