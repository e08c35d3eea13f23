"""Medicines: what a name says, which orders are one course, and which course is still in use."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from chart.comparison import compare
from chart.drug import drugs
from tests.unit.chart.entries import appraised

NAMES = yaml.safe_load(Path(__file__).with_name("medicine_names.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", NAMES, ids=lambda row: row["name"][:40])
def test_a_name(row: dict[str, Any]) -> None:
    drug = drugs().read(row["name"])
    assert drug.short == row.get("says", drug.short)
    assert drug.substances == set(row["of"])
    assert "class" not in row or row["class"] in drug.classes
    assert drug.known is ("class" in row)


def states(entries: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {c.drug.short: c.state for c in appraised(entries).courses}


def order(date: str | None, status: str = "active", over: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {
        "medicine": "lisinopril 10 MG Oral Tablet",
        "status": status,
        **({"date": date} if date else {}),
        "with": over or {},
    }


@pytest.mark.parametrize(
    ("entry", "state"),
    [
        (order("2021-05-14"), "current"),
        (order("2020-05-01"), "current"),  # fifteen months to the day
        (order("2020-04-30"), "stale"),  # a day more
        (order("1952-03-01"), "stale"),
        (order(None), "stale"),  # no date: nothing shows that it is recent
        (order("2021-05-14", "stopped"), "finished"),
        (order("2021-05-14", "completed"), "finished"),
        (order("2021-05-14", "cancelled"), "finished"),
    ],
)
def test_a_course_of_one_order(entry: dict[str, Any], state: str) -> None:
    assert states({"x": entry}) == {"lisinopril 10 mg": state}


@pytest.mark.parametrize(
    ("end", "state"), [("2021-07-31", "finished"), ("2021-08-01", "current"), ("2022-01-01", "current")]
)
def test_an_order_that_names_its_end(end: str, state: str) -> None:
    bounds = {"dosageInstruction": [{"timing": {"repeat": {"boundsPeriod": {"end": end}}}}]}
    assert states({"x": order("2021-05-14", over=bounds)}) == {"lisinopril 10 mg": state}


@pytest.mark.parametrize(
    "laid_over", [{"doNotPerform": True}, {"intent": "proposal"}, {"intent": "option"}], ids=lambda x: next(iter(x))
)
def test_what_is_not_ordered_is_no_course(laid_over: dict[str, Any]) -> None:
    assert states({"x": order("2021-05-14", over=laid_over)}) == {}


def test_a_renewal_is_neither_a_start_nor_a_second_course() -> None:
    found = appraised(
        {"a": order("2019-01-05", "stopped"), "b": order("2020-11-02", "stopped"), "c": order("2021-05-14")}
    )
    (course,) = found.courses
    assert (course.state, len(course.orders), course.last.reference) == ("current", 3, "MedicationRequest/c")
    assert compare(found).courses == ()
    assert compare(found).renewed == 2


def changes(entries: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str]]:
    return [(c.what, c.course.drug.short) for c in compare(appraised(entries)).courses]


def test_started_stopped_changed_and_over() -> None:
    assert changes({"a": order("2021-05-14")}) == [("started", "lisinopril 10 mg")]
    assert changes({"a": order("2019-05-14", "stopped"), "b": order("2021-05-14", "stopped")}) == [
        ("stopped", "lisinopril 10 mg")
    ]
    assert changes({"a": order("2021-05-14", "completed")}) == [("finished", "lisinopril 10 mg")]
    more = {"b": {"medicine": "lisinopril 20 MG Oral Tablet", "date": "2021-05-14"}}
    assert ("changed", "lisinopril 20 mg") in changes({"a": order("2019-05-14", "stopped"), **more})


def test_two_strengths_at_once_are_a_duplicate() -> None:
    more = {"b": {"medicine": "lisinopril 20 MG Oral Tablet", "date": "2021-06-14"}}
    assert [f.key for f in appraised({"a": order("2021-05-14"), **more}).of("duplicate_course")] == ["lisinopril"]
    assert appraised({"a": order("2021-05-14")}).of("duplicate_course") == ()


def test_every_live_order_and_allergy_is_accounted_for() -> None:
    found = appraised(
        {
            "old": order("2020-11-02"),
            "new": order("2021-05-14"),
            "naproxen": {"medicine": "naproxen 220 MG Oral Tablet", "date": "2000-11-29"},
            "done": {"medicine": "amoxicillin 250 MG", "date": "2021-04-15", "status": "completed"},
            "fish": {"allergy": "Fish", "date": "1947"},
            "milk": {"allergy": "Milk", "date": "1950", "status": "resolved"},
            "asthma": {"problem": "Asthma", "date": "1999"},
        }
    )
    assert {a.fact.reference.partition("/")[2]: a.shown_as for a in found.accounted} == {
        "old": "superseded",
        "new": "current",
        "naproxen": "stale",
        "fish": "current",
        "milk": "past",
        "asthma": "current",
    }
