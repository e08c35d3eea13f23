"""Notes against the coded chart: planted sentences in notes of any kind and age, and what each may say."""

from __future__ import annotations

from typing import Any

import pytest

from chart.finding import Finding
from chart.notes import repeated
from tests.unit.chart.entries import appraised

ORDER = {"medicine": "apixaban 5 MG Oral Tablet", "date": "2021-01-10", "dose": "1"}
FILLER = ("Feels well.", "Seen with her daughter.", "Walked in.")


def notes(*texts: str, kind: str = "Progress note") -> dict[str, dict[str, Any]]:
    """One note a month from January 2021, each with a sentence of its own."""
    return {
        f"n{i}": {"note": f"{text} Day {i}.", "date": f"2021-0{i + 1}-14", "with": {"type": {"text": kind}}}
        for i, text in enumerate(texts)
    }


def found(entries: dict[str, dict[str, Any]], *kinds: str) -> list[Finding]:
    return list(appraised(entries).of(*kinds))


# --- medicines


@pytest.mark.parametrize("kind", ["Progress note", "Consult note", "Discharge summary", "Telephone encounter"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_medicine_stopped_in_any_note_of_any_kind(kind: str, place: int) -> None:
    texts = list(FILLER)
    texts[place] = "Apixaban was stopped by the cardiologist."
    (conflict,) = found({"o": ORDER, **notes(*texts, kind=kind)}, "note_list_conflict")
    assert conflict.key == "apixaban"
    assert conflict.facts[0].reference == f"DocumentReference/n{place}"
    assert conflict.courses


def test_an_order_that_is_newer_than_the_note_has_answered_it() -> None:
    later = {**ORDER, "date": "2021-05-01"}
    assert not found(
        {"o": ORDER, "p": later, **notes("Apixaban was stopped by the cardiologist.")}, "note_list_conflict"
    )


def test_the_newest_note_that_speaks_of_it_counts() -> None:
    back = notes("Apixaban was stopped.", "Takes apixaban again since last week.")
    assert not found({"o": ORDER, **back}, "note_list_conflict")
    off = notes("Takes apixaban without trouble.", "Apixaban was stopped.")
    assert [f.facts[0].reference for f in found({"o": ORDER, **off}, "note_list_conflict")] == ["DocumentReference/n1"]


@pytest.mark.parametrize(
    ("text", "conflict"),
    [
        ("Takes naproxen most days.", True),
        ("Uses ibuprofen for the knee.", True),
        ("Does not take naproxen.", False),
        ("Consider naproxen if the knee flares.", False),
        ("Her husband takes naproxen.", False),
        ("Took naproxen many years ago.", False),
        ("Family history\nMother takes warfarin.", False),
        ("Allergic to naproxen.", False),
    ],
)
def test_what_a_sentence_means_decides(text: str, conflict: bool) -> None:
    assert bool(found(notes(text), "note_list_conflict")) is conflict


def test_a_note_of_years_ago_is_history() -> None:
    old = {"n": {"note": "Takes naproxen most days.", "date": "2018-03-01"}}
    assert not found(old, "note_list_conflict")


# --- copied forward


@pytest.mark.parametrize("many", [3, 4, 8])
def test_a_sentence_of_three_notes_says_nothing_of_when(many: int) -> None:
    assert not found(notes(*["Takes naproxen most days."] * many), "note_list_conflict")
    assert found(notes(*["Takes naproxen most days."] * 2), "note_list_conflict")


def test_a_copy_is_one_whatever_its_case_and_punctuation() -> None:
    texts = ("Takes naproxen most days.", "takes naproxen  most days", "TAKES NAPROXEN - MOST DAYS!")
    entries = {f"n{i}": {"note": f"{t}\nDay {i}.", "date": f"2021-0{i + 1}-14"} for i, t in enumerate(texts)}
    assert not found(entries, "note_list_conflict")
    assert len([t for t in appraised(entries).copied if "naproxen" in t.lower()]) == 3


def test_the_same_text_attached_twice_is_one_note() -> None:
    twice = {f"n{i}": {"note": "Takes naproxen most days.", "date": "2021-05-14"} for i in range(3)}
    assert not repeated(appraised(twice).chart.notes)


# --- allergies


@pytest.mark.parametrize(
    ("text", "listed", "conflict"),
    [
        ("No Known Allergies", "Fish", True),
        ("No\n  known\nallergies.", "Fish", True),
        ("Patient has no known drug allergies.", "Fish", False),  # fish is no drug
        ("Patient has no known drug allergies.", "Penicillin V", True),
        ("NKDA", "Penicillin V", True),
        ("Allergic to fish.", "Fish", False),
        ("No allergic rhinitis today.", "Fish", False),
    ],
)
@pytest.mark.parametrize("place", [0, 2])
def test_a_note_that_denies_a_coded_allergy(text: str, listed: str, conflict: bool, place: int) -> None:
    texts = list(FILLER)
    texts[place] = text
    coded = {"a": {"allergy": listed, "date": "1947"}}
    assert bool(found({**coded, **notes(*texts)}, "allergy_conflict")) is conflict
    assert found(notes(*texts), "allergy_conflict") == []  # nothing coded, nothing to contradict


@pytest.mark.parametrize(
    ("text", "listed", "told"),
    [
        ("Allergic to amoxicillin, she says.", None, ["amoxicillin"]),
        ("Anaphylaxis after ceftriaxone in 2019.", None, ["ceftriaxone"]),
        ("Rash after trimethoprim.", "Trimethoprim", []),
        ("Allergic to amoxicillin.", "Penicillin V", []),  # the same class is on the list
        ("Not allergic to amoxicillin.", None, []),
        ("Her mother is allergic to amoxicillin.", None, []),
        ("Allergic to the dog next door.", None, []),
    ],
)
def test_an_allergy_that_only_a_note_tells_of(text: str, listed: str | None, told: list[str]) -> None:
    coded = {"a": {"allergy": listed, "date": "2001"}} if listed else {}
    assert [f.key for f in found({**coded, **notes(FILLER[0], text, FILLER[1])}, "note_allergy")] == told


# --- problems


@pytest.mark.parametrize(
    ("text", "listed", "told"),
    [
        ("History of stroke in 2015.", None, ["stroke"]),
        ("Known atrial fibrillation, sees a cardiologist.", None, ["atrial_fibrillation"]),
        ("History of stroke in 2015.", "Stroke", []),
        ("No history of stroke.", None, []),
        ("No history of stroke.", "Stroke", ["stroke"]),
        ("Denies any history of asthma.", "Asthma", ["asthma"]),
        ("Mother had a stroke.", None, []),
        ("Risk of stroke discussed.", None, []),
        ("Stroke education given.", None, []),
    ],
)
def test_a_disease_in_the_note_and_on_the_list(text: str, listed: str | None, told: list[str]) -> None:
    coded = {"p": {"problem": listed, "date": "2015-03-01"}} if listed else {}
    assert [f.key for f in found({**coded, **notes(text, FILLER[1])}, "note_problem")] == told


# --- smoking


@pytest.mark.parametrize(
    ("coded", "text", "conflict"),
    [
        ("Never smoker", "Patient is an active smoker.", True),
        ("Never smoker", "Patient is a non-smoker.", False),
        ("Current every day smoker", "Patient has never smoked.", True),
        ("Current every day smoker", "Patient is an active smoker.", False),
    ],
)
@pytest.mark.parametrize("later", [(), (FILLER[0],)])
def test_smoking_coded_and_smoking_noted(coded: str, text: str, conflict: bool, later: tuple[str, ...]) -> None:
    entries = {"s": {"lab": "smoking", "date": "2021-05-14", "value": coded}, **notes(text, *later)}
    assert bool(found(entries, "smoking_conflict")) is conflict
