"""FHIR measures as they are published: who is asked about, what counts as done, and which way is better."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, cast, get_args

from tools.guidelines.unusable import GuidelineUnusable

Direction = Literal["increase", "decrease", "unclear"]

Scoring = Literal["proportion", "ratio", "continuous-variable", "cohort", "composite"]

BASIS = "populationBasis"
NOTATION = "improvementNotation"
SCORING = "scoring"
REFERENCE = "criteriaReference"
OBSERVED = "measure-population"


class MeasureUnusable(GuidelineUnusable):
    """A measure cannot be used: correct the element that the message names."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Population:
    """One population of a rate."""

    code: str
    """What it is, e.g. `denominator`."""
    define: str
    """The define that decides it; of a `measure-observation` the function that observes a member."""
    id: str = ""
    """Its id within the measure, where it has one."""
    of: str = ""
    """Id of the population that it belongs to, where it names one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """One rate of a measure."""

    scoring: Scoring
    """How its populations become a score."""

    basis: str
    """`boolean` where the patient is counted, else the type of the resources that are, e.g. `Encounter`."""
    populations: tuple[Population, ...]
    """In the order of the measure."""
    strata: Mapping[str, str]
    """The define that decides each stratum, by its id or words."""
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


def measure_of(
    resource: Mapping[str, Any], library: str, elm: Sequence[str], directions: Mapping[str, Direction]
) -> Measure:
    """Read a Measure.

    Args:
        resource: the FHIR resource.
        library: name of its main library.
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
            library=library,
            elm=tuple(elm),
            groups=tuple(_group(resource, each, directions.get(name)) for each in resource["group"]),
        )
    except (KeyError, IndexError, TypeError, ValueError) as problem:
        raise MeasureUnusable(f"the measure {name} lacks or misstates {problem}") from problem


def refuse_composite(resource: Mapping[str, Any]) -> None:
    """A composite measure has no logic of its own.

    Raises:
        MeasureUnusable: it is one; the sentence names its parts, which are evaluated where they are added.
    """
    if _coded(resource.get("scoring")) == "composite":
        name = resource.get("name") or resource.get("id")
        raise MeasureUnusable(f"the measure {name} is made of others: {', '.join(_parts(resource)) or 'none named'}")


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text[:10]) if text else None


def _group(measure: Mapping[str, Any], group: Mapping[str, Any], curated: Direction | None) -> Group:
    basis = next((each["valueCode"] for each in _extended(BASIS, group, measure) if "valueCode" in each), "")
    populations = tuple(
        Population(
            code=each["code"]["coding"][0]["code"],
            define=_define(each["criteria"]),
            id=str(each.get("id", "")),
            of=next((str(one["valueString"]) for one in _extended(REFERENCE, each) if "valueString" in one), ""),
        )
        for each in group["population"]
        if "expression" in each.get("criteria", {})
    )
    strata = {
        str(each.get("id") or each.get("code", {}).get("text") or f"stratum {number}"): _define(each["criteria"])
        for number, each in enumerate(group.get("stratifier", ()), 1)
        if "expression" in each.get("criteria", {})
    }
    return Group(
        scoring=_scoring(measure, group, {each.code for each in populations}),
        basis=basis,
        populations=populations,
        strata=strata,
        direction=curated or _published(measure, group),
    )


def _define(criteria: Mapping[str, Any]) -> str:
    """The name of the define; some write it in quotes.

    Raises:
        ValueError: the criteria is no define but an expression of its own, which nothing here evaluates.
    """
    language = str(criteria.get("language", "text/cql-identifier"))
    if "fhirpath" in language:
        raise ValueError(f"its criteria as the name of a define; one is written in {language}")
    written = str(criteria["expression"]).strip()
    return written[1:-1] if written.count('"') == 2 and written[0] == written[-1] == '"' else written


def _scoring(measure: Mapping[str, Any], group: Mapping[str, Any], codes: AbstractSet[str]) -> Scoring:
    """As it says, of the group before the measure; where neither says, by its populations."""
    said = [_coded(each.get("valueCodeableConcept")) for each in _extended(SCORING, group)]
    said.append(_coded(measure.get("scoring")))
    for each in said:
        if each in get_args(Scoring):
            return cast("Scoring", each)
    if OBSERVED in codes:
        return "continuous-variable"
    return "proportion" if "denominator" in codes else "cohort"


def _coded(concept: Mapping[str, Any] | None) -> str:
    return next((str(each.get("code", "")) for each in (concept or {}).get("coding", ())), "")


def _parts(measure: Mapping[str, Any]) -> list[str]:
    return [
        str(each.get("display") or each.get("resource"))
        for each in measure.get("relatedArtifact", ())
        if each.get("type") == "composed-of"
    ]


def _published(measure: Mapping[str, Any], group: Mapping[str, Any]) -> Direction:
    """The direction as published; unclear where its code and its words contradict each other."""
    notations = [each["valueCodeableConcept"] for each in _extended(NOTATION, group)]
    notations += [measure["improvementNotation"]] if "improvementNotation" in measure else []
    said: set[Direction] = set()
    for coding in (each for one in notations[:1] for each in one.get("coding", ())):
        for text in (str(coding.get("code", "")), str(coding.get("display", ""))):
            said |= {"increase"} if "increase" in text.lower() else set()
            said |= {"decrease"} if "decrease" in text.lower() else set()
    return said.pop() if len(said) == 1 else "unclear"


def _extended(ending: str, *resources: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The extensions whose address ends so, whichever guide they are of; of the first resource first."""
    every = [each for resource in resources for each in resource.get("extension", ())]
    return [each for each in every if str(each.get("url", "")).endswith(f"-{ending}")]
