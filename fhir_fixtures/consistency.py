"""What one field can't know: that a story's parts fit each other."""

import re
from collections.abc import Iterator

from fhir_fixtures.moment import day_of
from fhir_fixtures.reading import Reading
from fhir_fixtures.story import Encounter, Story
from fhir_fixtures.vocabulary import Measurement, vocabulary

Fault = tuple[tuple[int | str, ...], str]
"""The field and what is wrong there."""


def faults(story: Story) -> Iterator[Fault]:
    """Everything in a story that does not fit the rest of it, in no particular order."""
    yield from _authors(story)
    yield from _readings(story)
    yield from _documents(story)
    yield from _raw(story)


def visit_on(story: Story, moment: str) -> int | None:
    """The encounter during which a moment falls: the shortest, then the first; None where there is none."""
    day = day_of(moment)
    spans = [(_days(one), index) for index, one in enumerate(story.encounters) if _covers(one, day)]
    return min(spans)[1] if spans else None


def _covers(encounter: Encounter, day: str) -> bool:
    return len(day) == len("2019-03-02") and day_of(encounter.at) <= day <= _last_day(encounter)


def _last_day(encounter: Encounter) -> str:
    if encounter.to is not None:
        return day_of(encounter.to)
    return "9999-12-31" if encounter.kind == "inpatient" else day_of(encounter.at)


def _days(encounter: Encounter) -> int:
    first, last = (int(day.replace("-", "")) for day in (day_of(encounter.at), _last_day(encounter)))
    return last - first


def _authors(story: Story) -> Iterator[Fault]:
    for section in ("encounters", "notes", "medications", "reports", "films", "procedures", "orders", "care_plans"):
        for index, entry in enumerate(getattr(story, section)):
            if entry.by is not None and entry.by not in story.practitioners:
                yield (section, index, "by"), f"'{entry.by}' is not among the practitioners; add it there."


def _readings(story: Story) -> Iterator[Fault]:
    for name, series in story.results.items():
        measurement = vocabulary().measurements[name]
        if series.range is not None and len({one.unit for one in series.values} - {None}) > 1:
            yield ("results", name, "range"), "a range needs results in one unit; leave it out, or convert."
        for index, reading in enumerate(series.values):
            problem = _misfit(reading, measurement)
            if problem is not None:
                yield ("results", name, "values", index), problem


def _misfit(reading: Reading, measurement: Measurement) -> str | None:
    units = [unit for unit in measurement.codes if unit]
    if reading.unit is not None and reading.unit not in units:
        return f"the unit '{reading.unit}' is not one of {', '.join(units) or 'none'}; add it to vocabulary.yaml."
    if (reading.shape == "pair") != bool(measurement.components) and reading.shape not in ("absent", "pending"):
        return "write a pair such as 138/82 for this, and for nothing else."
    if reading.shape == "coded" and reading.words not in vocabulary().answers:
        return f"'{reading.words}' is not among the vocabulary's answers; put words in double quotes."
    return None


def _documents(story: Story) -> Iterator[Fault]:
    for index, note in enumerate(story.notes):
        visit = visit_on(story, note.on)
        if visit is None and ("T" not in note.on or note.by is None):
            yield ("notes", index, "on"), "no encounter stands on this day; give a time and `by`, or add the encounter."
    for index, report in enumerate(story.reports):
        for place, name in enumerate(report.results):
            series = story.results.get(name)
            if series is None or all(day_of(one.when) != day_of(report.on) for one in series.values):
                yield ("reports", index, "results", place), f"there is no result '{name}' on {day_of(report.on)}."


def _raw(story: Story) -> Iterator[Fault]:
    seen: set[tuple[str, str]] = set()
    prefix = f"fx-{story.story}-raw-"
    for index, resource in enumerate(story.raw):
        kind, name = resource.get("resourceType"), resource.get("id")
        if not isinstance(kind, str) or not kind:
            yield ("raw", index), "a plain resource needs a `resourceType`."
        elif not isinstance(name, str) or not re.match(rf"^{re.escape(prefix)}[A-Za-z0-9.-]{{1,30}}$", name):
            yield ("raw", index, "id"), f"the id of a plain resource must begin with '{prefix}'."
        elif (kind, name) in seen:
            yield ("raw", index, "id"), f"'{name}' stands twice; give each its own id."
        else:
            seen.add((kind, name))
