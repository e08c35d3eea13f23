"""Dates as the record wrote them, and the small path language of citations."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chart.fhirpath import resolve
from chart.moment import moment_of, months_before, parse_moment, years_between


@pytest.mark.parametrize(
    ("text", "precision", "words", "start"),
    [
        ("2021", "year", "2021", "2021-01-01T00:00:00+00:00"),
        ("2021-05", "month", "May 2021", "2021-05-01T00:00:00+00:00"),
        ("2021-05-14", "day", "14 May 2021", "2021-05-14T00:00:00+00:00"),
        ("2021-05-14T07:30:00Z", "second", "14 May 2021", "2021-05-14T07:30:00+00:00"),
        ("2021-05-14T07:30", "second", "14 May 2021", "2021-05-14T07:30:00+00:00"),
        # The calendar day is the record's own, the instant is one for all.
        ("2021-05-14T23:30:00-05:00", "second", "14 May 2021", "2021-05-15T04:30:00+00:00"),
        ("2021-05-14T00:30:00.123+02:00", "second", "14 May 2021", "2021-05-13T22:30:00+00:00"),
        ("2020-02-29", "day", "29 Feb 2020", "2020-02-29T00:00:00+00:00"),
    ],
)
def test_a_date(text: str, precision: str, words: str, start: str) -> None:
    found = parse_moment(text)
    assert found is not None
    assert (found.text, found.precision, found.words(), found.start.isoformat()) == (text, precision, words, start)


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "14.05.2021", "2021-13", "2021-02-30", "2021-05-14T25:00:00Z", "21-05-14", "0000", "2021-5-1"],
)
def test_no_date(text: str) -> None:
    assert parse_moment(text) is None


@given(st.text(max_size=30))
def test_no_text_stops_the_parser(text: str) -> None:
    found = parse_moment(text)
    assert found is None or found.text == text


@given(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)), st.integers(-14, 14))  # noqa: DTZ001 - zone follows
def test_an_instant_comes_back_to_the_second(at: datetime, hours: int) -> None:
    aware = at.replace(microsecond=0, tzinfo=timezone(timedelta(hours=hours)))
    assert moment_of(aware).start == aware
    assert moment_of(aware).start.tzinfo is UTC


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        moment_of(datetime(2021, 5, 14))  # noqa: DTZ001 - that is the point


@pytest.mark.parametrize(
    ("day", "months", "before"),
    [
        ("2021-08-01", 15, "2020-05-01"),
        ("2021-03-31", 1, "2021-02-28"),
        ("2020-03-31", 1, "2020-02-29"),
        ("2021-01-15", 1, "2020-12-15"),
        ("2021-12-31", 12, "2020-12-31"),
        ("2020-02-29", 12, "2019-02-28"),
        ("2021-05-31", 0, "2021-05-31"),
    ],
)
def test_months_before(day: str, months: int, before: str) -> None:
    assert months_before(date.fromisoformat(day), months).isoformat() == before


@pytest.mark.parametrize(
    ("born", "day", "years"),
    [("1950-06-15", "2021-06-14", 70), ("1950-06-15", "2021-06-15", 71), ("2000-02-29", "2021-02-28", 20)],
)
def test_completed_years(born: str, day: str, years: int) -> None:
    assert years_between(date.fromisoformat(born), date.fromisoformat(day)) == years


OBSERVATION = {
    "resourceType": "Observation",
    "code": {"coding": [{"code": "85354-9"}]},
    "valueQuantity": {"value": Decimal("3.10")},
    "component": [{"valueQuantity": {"value": 120}}, {"valueInteger": 80}],
    "flag": True,
}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("Observation.value.value", "3.10"),
        ("Observation.valueQuantity.value", "3.10"),
        ("Observation.code.coding.code", "85354-9"),
        ("Observation.code.coding[0].code", "85354-9"),
        ("Observation.component[0].value.value", "120"),
        ("Observation.component[1].value", "80"),
        ("Observation.flag", "true"),
        # Nothing is there, or it could mean two things.
        ("Observation.component.value", None),
        ("Observation.component[2].value", None),
        ("Observation.code.coding[1].code", None),
        ("Observation.code[1].coding.code", None),
        ("Observation.value", None),
        ("Patient.value.value", None),
        ("Observation..value", None),
        ("Observation.value.value.more", None),
        ("Observation.component[-1].value", None),
        ("", None),
    ],
)
def test_a_path_leads_to_one_literal_or_to_nothing(path: str, text: str | None) -> None:
    assert resolve(OBSERVATION, path) == text


@given(st.text("Observation.value[]01 component", max_size=60))
def test_no_path_stops_the_walker(path: str) -> None:
    resolve(OBSERVATION, path)
