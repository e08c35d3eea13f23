"""Which service a patient is with, as the last encounter says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from chart.moment import Moment, parse_moment


def services_of(resources: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Codes and names of the class and service type of the encounter that began last; none without one.

    Args:
        resources: the chart's, as of the round's moment.
    """
    found = [(moment.start, one) for one in resources if (moment := _begin(one)) is not None]
    if not found:
        return ()
    _, last = max(found, key=lambda pair: pair[0])
    return tuple(dict.fromkeys(_words(last)))


def _begin(resource: Mapping[str, Any]) -> Moment | None:
    period = resource.get("period")
    if resource.get("resourceType") != "Encounter" or not isinstance(period, Mapping):
        return None
    start = period.get("start")
    return parse_moment(start) if isinstance(start, str) else None


def _words(encounter: Mapping[str, Any]) -> Iterator[str]:
    concept = encounter.get("serviceType")
    concept = concept if isinstance(concept, Mapping) else {}
    codings = concept.get("coding")
    for coding in (encounter.get("class"), *(codings if isinstance(codings, list) else ())):
        if isinstance(coding, Mapping):
            yield from _texts(coding.get("code"), coding.get("display"))
    yield from _texts(concept.get("text"))


def _texts(*values: object) -> Iterator[str]:
    yield from (value for value in values if isinstance(value, str) and value.strip())
