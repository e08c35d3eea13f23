"""Results of a story: labs, vitals and answers as Observations, and the reports over them."""

from decimal import Decimal

from fhir_fixtures.binder import Binder, Resource
from fhir_fixtures.dose import quantity
from fhir_fixtures.entries import Series
from fhir_fixtures.moment import day_of
from fhir_fixtures.reading import Reading
from fhir_fixtures.vocabulary import Measurement, coding, vocabulary

_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"


def add_results(binder: Binder) -> None:
    """One Observation a line, then one DiagnosticReport a report."""
    placed: dict[tuple[str, str], list[str]] = {}
    for name, series in sorted(binder.story.results.items()):
        for reading in series.values:
            reference = _add_observation(binder, name, series, reading)
            placed.setdefault((name, day_of(reading.when)), []).append(reference)
    for report in binder.story.reports:
        results = [one for name in report.results for one in placed[name, day_of(report.on)]]
        binder.add(
            "DiagnosticReport",
            f"report-{report.name}",
            {
                "status": report.status,
                "category": [{"coding": [{"system": f"{_TERMINOLOGY}v2-0074", "code": "LAB"}]}],
                "code": vocabulary().concept(report.name, "panels"),
                "subject": binder.patient,
                "encounter": binder.visit_reference(report.on),
                "effectiveDateTime": binder.when(report.on),
                "performer": [author] if (author := binder.practitioner(report.by)) else None,
                "result": [{"reference": one} for one in results],
                "conclusion": report.conclusion,
            },
            report.on,
        )


def _add_observation(binder: Binder, name: str, series: Series, reading: Reading) -> str:
    measurement = vocabulary().measurements[name]
    unit = next(iter(measurement.codes)) if reading.unit is None else reading.unit
    until = binder.as_written(reading.until)
    return binder.add(
        "Observation",
        name,
        {
            "status": reading.status,
            "category": [{"coding": [{"system": f"{_TERMINOLOGY}observation-category", "code": measurement.category}]}],
            "code": {"coding": [coding(vocabulary().systems["measurements"], measurement.codes[unit])], "text": name},
            "subject": binder.patient,
            "encounter": binder.visit_reference(reading.when),
            "effectiveDateTime": None if until else binder.when(reading.when),
            "effectivePeriod": {"start": binder.as_written(reading.when), "end": until} if until else None,
            **_value(reading, measurement, unit),
            **_range(series.range, reading, unit),
            "note": [{"text": series.note}] if series.note else None,
        },
        reading.when,
    )


def _value(reading: Reading, measurement: Measurement, unit: str) -> Resource:
    """The value[x], the components, or the reason why there is none."""
    amounts = [quantity(number, unit) for number in reading.numbers]
    match reading.shape:
        case "quantity":
            (amount,) = amounts
            return {"valueQuantity": {**amount, **({"comparator": reading.comparator} if reading.comparator else {})}}
        case "pair":
            codes = [coding(vocabulary().systems["measurements"], line) for line in measurement.components]
            pairs = zip(codes, amounts, strict=True)
            return {"component": [{"code": {"coding": [code]}, "valueQuantity": amount} for code, amount in pairs]}
        case "range":
            return {"valueRange": {"low": amounts[0], "high": amounts[1]}}
        case "ratio":
            return {"valueRatio": {"numerator": amounts[0], "denominator": amounts[1]}}
        case "text":
            return {"valueString": reading.words}
        case "coded":
            return {"valueCodeableConcept": vocabulary().concept(reading.words or "", "answers")}
        case "absent":
            reason = {"system": f"{_TERMINOLOGY}data-absent-reason", "code": reading.words}
            return {"dataAbsentReason": {"coding": [reason]}}
        case "pending":
            return {}


def _range(written: str | None, reading: Reading, unit: str) -> Resource:
    """The reference range, and where a single number stands against it."""
    if written is None:
        return {}
    low, high = (Decimal(side) if side else None for side in written.split(".."))
    sides = {"low": low, "high": high}
    found: Resource = {
        "referenceRange": [{side: quantity(number, unit) for side, number in sides.items() if number is not None}]
    }
    if reading.shape == "quantity" and reading.comparator is None:
        (value,) = reading.numbers
        code = "L" if low is not None and value < low else "H" if high is not None and value > high else "N"
        found["interpretation"] = [
            {"coding": [{"system": f"{_TERMINOLOGY}v3-ObservationInterpretation", "code": code}]}
        ]
    return found
