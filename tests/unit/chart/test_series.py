"""Units and series: one measurement over time whatever its codes and units, and what cannot be right set apart."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from chart.measurement import measurements
from chart.series import Series
from chart.units import convert, same_unit, shown, ucum
from tests.unit.chart.entries import appraised

MOLAR = {"glucose": "180.156", "creatinine": "113.12", "ldl": "386.65"}


@pytest.mark.parametrize(
    ("value", "source", "target", "molar", "wanted"),
    [
        ("97", "umol/L", "mg/dL", "creatinine", "1.10"),
        ("1.10", "mg/dL", "umol/L", "creatinine", "97"),
        ("5.5", "mmol/L", "mg/dL", "glucose", "99"),
        ("181", "[lb_av]", "kg", None, "82.1"),
        ("181", "lbs", "kg", None, "82.1"),
        ("70", "[in_i]", "cm", None, "177.8"),
        ("98.6", "[degF]", "Cel", None, "37.0"),
        ("37", "Cel", "[degF]", None, "98.6"),
        ("135", "g/L", "g/dL", None, "13.5"),
        ("4.1", "meq/L", "mmol/L", None, "4.1"),
        ("250", "10*9/L", "10*3/uL", None, "250"),
        ("81", "mL/min/{1.73_m2}", "mL/min", None, "81"),
    ],
)
def test_units_convert(value: str, source: str, target: str, molar: str | None, wanted: str) -> None:
    mass = Decimal(MOLAR[molar]) if molar else None
    found = convert(Decimal(value), source, target, molar=mass)
    assert found is not None
    assert found.quantize(Decimal(wanted)) == Decimal(wanted)


@pytest.mark.parametrize(
    ("source", "target"), [("mg/dL", "kg"), ("mg/dL", "mmol/L"), ("furlongs", "cm"), ("", "mg/dL")]
)
def test_units_that_do_not_convert(source: str, target: str) -> None:
    assert convert(Decimal(5), source, target) is None


def test_units_as_written_and_as_shown() -> None:
    assert ucum(" MG/DL ") == "mg/dL"
    assert same_unit("mmHg", "mm[Hg]")
    assert not same_unit("mg/dL", "mg/L")
    assert (shown("mm[Hg]"), shown("{INR}"), shown(None)) == ("mmHg", "", "")


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("hba1c", "8.14", "8.14"),
        ("egfr", "81.41", "81"),
        ("potassium", "3.94", "3.9"),
        ("potassium", "4", "4.0"),
        ("creatinine", "0.9", "0.90"),
        ("creatinine", "0.004", "0.004"),  # two decimals would say nothing
        ("weight", "80.2", "80.2"),
    ],
)
def test_values_as_shown(key: str, value: str, text: str) -> None:
    assert measurements().by_key[key].shown(Decimal(value)) == text


def series(entries: Mapping[str, Mapping[str, Any]], key: str) -> Series:
    return appraised(entries).series[key]


def labs(name: str, *readings: str) -> dict[str, dict[str, Any]]:
    """`("HbA1c", "2021-05-14 8.1 %", …)` as entries."""
    rows = (text.split(" ", 1) for text in readings)
    return {f"r{i}": {"lab": name, "date": day, "value": value} for i, (day, value) in enumerate(rows)}


def points(one: Series) -> list[tuple[str, str, str | None]]:
    return [(p.when.text, f"{p.value:.4g}", p.doubt) for p in one.points]


def test_two_codes_of_one_measurement_are_one_series() -> None:
    entries = labs("creatinine", "2021-05-14 0.9 mg/dL") | {
        "other": {"lab": "creatinine in blood", "date": "2020-05-14", "value": "0.8 mg/dL"}
    }
    assert points(series(entries, "creatinine")) == [("2020-05-14", "0.8", None), ("2021-05-14", "0.9", None)]


def test_units_are_brought_together_and_what_does_not_convert_is_kept_apart() -> None:
    one = series(labs("creatinine", "2021-01-01 97 umol/L", "2021-02-01 1.2 mg/dL", "2021-03-01 1 kg"), "creatinine")
    assert points(one) == [("2021-01-01", "1.097", None), ("2021-02-01", "1.2", None)]
    assert [f.reference for f in one.unconverted] == ["Observation/r2"]


@pytest.mark.parametrize("unit", ["mmol/mol", "mmol/mol{Hb}"])
def test_an_hba1c_in_the_other_calibration(unit: str) -> None:
    """53 mmol/mol (IFCC) is 7.0 % (NGSP), not the 5.3 % that units alone would give."""
    assert points(series(labs("HbA1c", f"2021-01-01 53 {unit}"), "hba1c")) == [("2021-01-01", "7.00", None)]


def test_a_comparator_is_no_number() -> None:
    entries = labs("HbA1c", "2021-01-01 6.5 %")
    entries["r0"]["with"] = {"valueQuantity": {"value": Decimal("6.5"), "unit": "%", "code": "%", "comparator": "<"}}
    assert points(series(entries, "hba1c")) == []


@pytest.mark.parametrize(
    ("readings", "doubts"),
    [
        # two values of one moment, far apart: neither is relied on
        (("2021-05-14T08:00:00Z 0.9 mg/dL", "2021-05-14T08:00:00Z 1.8 mg/dL"), ["conflict", "conflict"]),
        # at most 5 % apart: rounding
        (("2021-05-14T08:00:00Z 1.00 mg/dL", "2021-05-14T08:00:00Z 1.05 mg/dL"), [None, None]),
        # the same twice is once
        (("2021-05-14T08:00:00Z 0.9 mg/dL", "2021-05-14T08:00:00Z 0.9 mg/dL"), [None]),
        # two moments of one day are two results
        (("2021-05-14T08:00:00Z 0.9 mg/dL", "2021-05-14T18:00:00Z 1.8 mg/dL"), [None, None]),
        # a day without a time is one moment
        (("2021-05-14 0.9 mg/dL", "2021-05-14 1.8 mg/dL"), ["conflict", "conflict"]),
    ],
)
def test_values_of_one_moment(readings: tuple[str, ...], doubts: list[str | None]) -> None:
    assert [p.doubt for p in series(labs("creatinine", *readings), "creatinine").points] == doubts


def test_the_latest_is_the_latest_that_can_be_relied_on() -> None:
    one = series(labs("potassium", "2021-05-14 4.1 mmol/L", "2021-06-14 45 mmol/L"), "potassium")
    assert points(one) == [("2021-05-14", "4.1", None), ("2021-06-14", "45", "outside_limits")]
    assert one.latest is not None
    assert one.latest.when.text == "2021-05-14"


# --- what cannot be right ----------------------------------------------------------------------------------------


def kinds(entries: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str]]:
    doubts = ("implausible", "repeated_values", "same_moment", "blood_count")
    return [(f.kind, f.key) for f in appraised(entries).findings if f.kind in doubts]


def test_the_same_decimals_four_times_are_no_measurement() -> None:
    four = ("2020-03-01 6.94 %", "2020-06-01 6.94 %", "2020-09-01 6.94 %", "2020-12-01 6.94 %")
    assert kinds(labs("HbA1c", *four)) == [("repeated_values", "hba1c")]
    assert kinds(labs("HbA1c", *four[:3])) == []
    assert kinds(labs("HbA1c", *four[:3], "2020-12-01 6.95 %")) == []
    assert kinds(labs("HbA1c", *(text.replace("6.94", "5") for text in four))) == []  # whole numbers do repeat


def test_a_second_result_of_the_day_does_not_hide_copied_decimals() -> None:
    readings = [f"2020-0{m}-01T08:00:00Z 80.2 kg" for m in range(1, 5)] + ["2020-04-01T18:00:00Z 80.2 kg"]
    found = appraised(labs("weight", *readings, "2020-05-01T08:00:00Z 80.2 kg"))
    assert {p.doubt for p in found.series["weight"].points} == {"repeated_decimals"}
    (finding,) = found.of("repeated_values")
    assert len(finding.points) == 5  # days, not results


def test_potassium_45_is_a_slip() -> None:
    assert kinds(labs("potassium", "2021-05-14 45 mmol/L")) == [("implausible", "potassium")]


@pytest.mark.parametrize(
    ("readings", "slips"),
    [
        (("2021-01-01 80.5 kg", "2021-05-01 177.1 kg"), [None, "unit_slip"]),
        (("2021-01-01 177.1 kg", "2021-05-01 80.5 kg"), [None, "unit_slip"]),
        (("2021-01-01 80.5 kg", "2021-05-01 177.1 kg", "2021-06-01 81.1 kg"), [None, "unit_slip", None]),
        (("2021-01-01 80.5 kg", "2021-05-01 90.5 kg"), [None, None]),
        (("2018-01-01 10.5 kg", "2021-05-01 23.1 kg"), [None, None]),  # three years: growth
    ],
)
def test_pounds_written_as_kilograms(readings: tuple[str, ...], slips: list[str | None]) -> None:
    assert [p.doubt for p in series(labs("weight", *readings), "weight").points] == slips


@pytest.mark.parametrize(("hb", "hct", "doubtful"), [("12.1", "48", True), ("13.5", "40", False), ("16", "40", True)])
def test_haemoglobin_against_haematocrit(hb: str, hct: str, doubtful: bool) -> None:
    entries = labs("Hb", f"2021-05-14 {hb} g/dL") | {"hct": {"lab": "Hct", "date": "2021-05-14", "value": f"{hct} %"}}
    assert (kinds(entries) == [("blood_count", "hemoglobin")]) is doubtful


@pytest.mark.parametrize(("hba1c", "doubtful"), [("4.3", True), ("5.6", False)])
def test_hba1c_against_the_glucose_of_its_week(hba1c: str, doubtful: bool) -> None:
    glucose = {"g": {"lab": "glucose", "date": "2021-05-12", "value": "120 mg/dL"}}
    assert (kinds(labs("HbA1c", f"2021-05-14 {hba1c} %") | glucose) == [("implausible", "hba1c_glucose")]) is doubtful
    later = {"g": {"lab": "glucose", "date": "2021-06-12", "value": "120 mg/dL"}}
    assert kinds(labs("HbA1c", f"2021-05-14 {hba1c} %") | later) == []


def test_a_range_that_is_no_number_is_no_range() -> None:
    entries = labs("potassium", "2021-05-14 4.1 mmol/L")
    entries["r0"]["with"] = {"referenceRange": [{"low": {"value": "low"}, "high": {"value": 5}}]}
    found = appraised(entries)
    assert set(found.series["potassium"].points[0].fact.cells) & {"range_low", "range_high"} == {"range_high"}


def test_a_number_too_long_to_round_is_shown_as_it_is() -> None:
    assert measurements().by_key["potassium"].shown(Decimal("9" * 40)) == "9" * 40
