"""FHIR measures as they are published: who is asked about, what counts as done, and which way is better."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from tools.guidelines.unusable import GuidelineUnusable

Direction = Literal["increase", "decrease", "unclear"]

BASIS = "/cqfm-populationBasis"
NOTATION = "/cqfm-improvementNotation"


class MeasureUnusable(GuidelineUnusable):
    """A measure cannot be used: correct the element that the message names."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """One rate of a measure."""

    basis: str
    """`boolean` where the patient is counted, else the type of the resources that are, e.g. `Encounter`."""
    populations: Mapping[str, str]
    """The define that decides each population, by population code, e.g. `denominator`."""
    direction: Direction
    """Whether being in the numerator is good (increase) or bad (decrease)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measure:
    """One measure with what it needs to be evaluated."""

    id: str
    """Its name, e.g. `ControllingHighBloodPressureFHIR`."""
    url: str
    """Canonical address, without the version."""
    version: str
    """Version of the measure."""
    title: str
    """What it is called."""
    publisher: str
    """Who published it."""
    start: date | None
    """First day that it is in force; none where it does not say."""
    end: date | None
    """Last day that it is in force."""
    library: str
    """Name of its main CQL library."""
    elm: tuple[str, ...]
    """Content keys of its libraries, all that it includes among them."""
    groups: tuple[Group, ...]
    """Its rates."""


def measure_of(resource: Mapping[str, Any], elm: Sequence[str], directions: Mapping[str, Direction]) -> Measure:
    """Read a Measure.

    Args:
        resource: the FHIR resource.
        elm: content keys of its libraries.
        directions: curated directions by name; what is published is not always to be believed.

    Raises:
        MeasureUnusable: an element that is needed is not there.
    """
    name = str(resource.get("name") or resource.get("id"))
    try:
        period = resource.get("effectivePeriod", {})
        return Measure(
            id=name,
            url=resource["url"],
            version=str(resource.get("version", "")),
            title=str(resource.get("title", name)),
            publisher=str(resource.get("publisher", "")),
            start=_day(period.get("start")),
            end=_day(period.get("end")),
            library=library_name(resource["library"][0]),
            elm=tuple(elm),
            groups=tuple(_group(resource, each, directions.get(name)) for each in resource["group"]),
        )
    except (KeyError, IndexError, TypeError, ValueError) as problem:
        raise MeasureUnusable(f"the measure {name} lacks or misstates {problem}") from problem


def library_name(canonical: str) -> str:
    """The name that ends the canonical address of a library."""
    return canonical.partition("|")[0].rpartition("/")[2].rpartition(":")[2]


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text[:10]) if text else None


def _group(measure: Mapping[str, Any], group: Mapping[str, Any], curated: Direction | None) -> Group:
    basis = next((each["valueCode"] for each in _extensions(group, measure) if each["url"].endswith(BASIS)), "boolean")
    populations = {
        each["code"]["coding"][0]["code"]: each["criteria"]["expression"]
        for each in group["population"]
        if "expression" in each.get("criteria", {})
    }
    return Group(basis=basis, populations=populations, direction=curated or _published(measure, group))


def _published(measure: Mapping[str, Any], group: Mapping[str, Any]) -> Direction:
    """The direction as published; unclear where its code and its words contradict each other."""
    notations = [each["valueCodeableConcept"] for each in _extensions(group) if each["url"].endswith(NOTATION)]
    notations += [measure["improvementNotation"]] if "improvementNotation" in measure else []
    said: set[Direction] = set()
    for coding in (each for one in notations[:1] for each in one.get("coding", ())):
        for text in (str(coding.get("code", "")), str(coding.get("display", ""))):
            said |= {"increase"} if "increase" in text.lower() else set()
            said |= {"decrease"} if "decrease" in text.lower() else set()
    return said.pop() if len(said) == 1 else "unclear"


def _extensions(*resources: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [each for resource in resources for each in resource.get("extension", ())]
