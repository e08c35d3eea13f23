"""The chart as it stood at a moment."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from tools.guidelines.cut import at, later

AS_OF = datetime(2021, 8, 1, 9, tzinfo=UTC)


def ids(*resources: dict[str, Any]) -> list[str]:
    return [each["id"] for each in at(resources, AS_OF)]


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2021-08-01T09:00:00Z", False),
        ("2021-08-01T09:00:01Z", True),
        ("2021-08-01T10:30:00+02:00", False),
        ("2021-08-01", False),
        ("2021-08-02", True),
        ("2021-08", False),
        ("2021-09", True),
        ("2021", False),
        ("2022", True),
        ("soon", False),
        (None, False),
        (2022, False),
    ],
)
def test_later_begins_after_the_moment(moment: object, expected: bool) -> None:
    assert later(moment, AS_OF) is expected


def test_a_date_is_read_in_the_time_zone_of_the_moment() -> None:
    east = datetime(2021, 8, 2, 1, tzinfo=timezone(timedelta(hours=9)))
    assert not later("2021-08-02", east)


def test_what_came_later_is_not_there() -> None:
    assert ids(
        {"resourceType": "Observation", "id": "before", "effectiveDateTime": "2021-07-31"},
        {"resourceType": "Observation", "id": "after", "effectiveDateTime": "2021-08-02"},
        {
            "resourceType": "Observation",
            "id": "drawn before, known after",
            "effectiveDateTime": "2021-07-31",
            "issued": "2021-08-03T00:00:00Z",
        },
        {"resourceType": "Procedure", "id": "planned", "performedPeriod": {"start": "2021-09-01"}},
        {"resourceType": "Condition", "id": "recorded after", "onsetDateTime": "2010", "recordedDate": "2021-08-02"},
        {"resourceType": "MedicationRequest", "id": "undated"},
        {"resourceType": "Device", "id": "of a type without a date"},
    ) == ["before", "undated", "of a type without a date"]


def test_what_was_entered_in_error_or_refuted_is_not_there() -> None:
    refuted = {"coding": [{"code": "refuted"}]}
    assert ids(
        {"resourceType": "Observation", "id": "wrong", "status": "entered-in-error"},
        {"resourceType": "Condition", "id": "refuted", "verificationStatus": refuted},
        {"resourceType": "AllergyIntolerance", "id": "refuted allergy", "verificationStatus": refuted},
        {"resourceType": "Condition", "id": "unconfirmed", "verificationStatus": {"coding": [{"code": "unconfirmed"}]}},
    ) == ["unconfirmed"]


def test_what_ended_later_had_not_ended() -> None:
    condition = {"resourceType": "Condition", "clinicalStatus": {"coding": [{"code": "resolved"}]}}
    (open_then,) = at([condition | {"abatementDateTime": "2021-08-02"}], AS_OF)
    assert open_then["clinicalStatus"]["coding"][0]["code"] == "active"
    assert "abatementDateTime" not in open_then
    (closed,) = at([condition | {"abatementDateTime": "2021-07-31"}], AS_OF)
    assert closed["clinicalStatus"]["coding"][0]["code"] == "resolved"
    (stay,) = at(
        [{"resourceType": "Encounter", "status": "finished", "period": {"start": "2021-07-01", "end": "2021-09-01"}}],
        AS_OF,
    )
    assert stay["status"] == "in-progress"
    assert stay["period"] == {"start": "2021-07-01"}


def test_who_died_later_was_living() -> None:
    (living,) = at([{"resourceType": "Patient", "deceasedDateTime": "2021-08-02"}], AS_OF)
    assert "deceasedDateTime" not in living
    (dead,) = at([{"resourceType": "Patient", "deceasedDateTime": "2021-07-30"}], AS_OF)
    assert dead["deceasedDateTime"] == "2021-07-30"
