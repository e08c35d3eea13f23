from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preround.sandbox.instants import instant, microseconds, moment, span


def ends(text: str) -> tuple[str, str] | None:
    found = span(text)
    return (moment(found[0]).isoformat(), moment(found[1]).isoformat()) if found else None


@pytest.mark.parametrize(
    ("text", "first", "after"),
    [
        ("2013", "2013-01-01T00:00:00+00:00", "2014-01-01T00:00:00+00:00"),
        ("2013-12", "2013-12-01T00:00:00+00:00", "2014-01-01T00:00:00+00:00"),
        ("2012-02", "2012-02-01T00:00:00+00:00", "2012-03-01T00:00:00+00:00"),
        ("2012-02-29", "2012-02-29T00:00:00+00:00", "2012-03-01T00:00:00+00:00"),
        ("2013-01-14T10:05", "2013-01-14T10:05:00+00:00", "2013-01-14T10:06:00+00:00"),
        ("2013-01-14T10:05:06", "2013-01-14T10:05:06+00:00", "2013-01-14T10:05:07+00:00"),
        ("2013-01-14T10:05:06Z", "2013-01-14T10:05:06+00:00", "2013-01-14T10:05:07+00:00"),
        ("2013-01-14T23:05:06-05:00", "2013-01-15T04:05:06+00:00", "2013-01-15T04:05:07+00:00"),
        ("2013-01-14T02:05:06+05:30", "2013-01-13T20:35:06+00:00", "2013-01-13T20:35:07+00:00"),
        ("2013-01-14T10:05:06.25Z", "2013-01-14T10:05:06.250000+00:00", "2013-01-14T10:05:06.260000+00:00"),
        ("2013-01-14T10:05:06.1234567Z", "2013-01-14T10:05:06.123456+00:00", "2013-01-14T10:05:06.123457+00:00"),
    ],
)
def test_a_date_is_the_range_that_it_leaves_open(text: str, first: str, after: str) -> None:
    assert ends(text) == (first, after)


@pytest.mark.parametrize(
    "text", ["", "13", "2013-13", "2013-02-30", "2013-01-14T25:00:00Z", "2013-1-4", "x2013", "0000"]
)
def test_what_is_no_date_has_no_range(text: str) -> None:
    assert span(text) is None


def test_the_last_year_ends_nowhere() -> None:
    assert span("9999") is None


@given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(UTC)))  # noqa: DTZ001
def test_an_instant_is_read_back_to_the_millisecond(value: datetime) -> None:
    cut = value.replace(microsecond=value.microsecond // 1000 * 1000)
    found = span(instant(value))
    assert found == (microseconds(cut), microseconds(cut + timedelta(milliseconds=1)))
