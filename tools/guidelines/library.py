"""The guideline library: PlanDefinition, Library, ActivityDefinition and ELM files of a folder, ours and a site's."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec
import orjson

from tools.guidelines.measure_library import MeasureLibrary, read_measures
from tools.guidelines.recommendation import Recommendation, interval_of
from tools.guidelines.rules import Rules, read_rules
from tools.guidelines.unusable import GuidelineUnusable as GuidelineUnusable

BUILT_IN = Path(__file__).parent / "library"
"""The recommendations that come with Preround."""

MEASURES = "measures"
"""The folder within a guideline folder that holds measures with their libraries and value sets."""

URGENCY = ("urgent", "asap", "routine")
LATER: Mapping[str, int] = {"cancer screening": 1, "screening": 1, "immunization": 2}

STRENGTH = "http://hl7.org/fhir/StructureDefinition/cqf-strengthOfRecommendation"
"""FHIR's extension for the grade: its coding is the publisher's letter, its text what the letter stands for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GuidelineLibrary:
    """Every recommendation at hand, and the compiled logic behind them."""

    recommendations: tuple[Recommendation, ...]
    """All versions, in the order of their ids."""
    elm: Mapping[str, bytes]
    """The compiled libraries by name, as JSON: the engine reads them, we do not."""
    measures: MeasureLibrary | None = None
    """A site's own measures; none where it has none."""
    rules: Rules = field(default_factory=Rules)
    """What the site wants of them."""

    def in_force(self, as_of: datetime) -> tuple[Recommendation, ...]:
        """The recommendations that count at `as_of`, the pressing first: of each id the version in force last.

        What the site has turned off is not among them.
        """
        latest: dict[str, Recommendation] = {}
        for each in self.recommendations:
            held = latest.get(each.id)
            if each.in_force(as_of) and (held is None or held.start <= each.start) and each.id not in self.rules.off:
                latest[each.id] = each
        return tuple(sorted(latest.values(), key=_pressing))

    def out_of_force(self, as_of: datetime) -> tuple[Recommendation, ...]:
        """The recommendations of which no version counts at `as_of`: of each its next version, else its last."""
        counted = {each.id for each in self.in_force(as_of)}
        nearest: dict[str, Recommendation] = {}
        for each in sorted(self.recommendations, key=lambda each: each.start):
            held = nearest.get(each.id)
            if each.id not in counted | self.rules.off and (held is None or held.start <= as_of.date()):
                nearest[each.id] = each
        return tuple(nearest[key] for key in sorted(nearest))


def load(folders: Sequence[Path] = (BUILT_IN,)) -> GuidelineLibrary:
    """Read the guideline files; a later folder replaces what has the same id and version, and a CQL library by name.

    Raises:
        GuidelineUnusable: a file is not what it says it is, or refers to one that is not there.
    """
    found: dict[tuple[str, str], Recommendation] = {}
    elm: dict[str, bytes] = {}
    activities: dict[str, Mapping[str, Any]] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.elm.json")):
            elm[path.name.removesuffix(".elm.json")] = _compiled_in(path)
        for path in sorted(folder.glob("ActivityDefinition-*.json")):
            activity = _read(path)
            activities[f"{activity.get('url')}|{activity.get('version')}"] = activity
        libraries = {_canonical(each): each for each in map(_read, sorted(folder.glob("Library-*.json")))}
        for path in sorted(folder.glob("PlanDefinition-*.json")):
            each = _recommendation(path, _read(path), activities, libraries)
            found[each.id, each.version] = each
    missing = sorted({each.library for each in found.values()} - set(elm))
    if missing:
        raise GuidelineUnusable(f"compile the CQL of {', '.join(missing)}: there is no ELM file for it")
    own = [folder / MEASURES for folder in folders if (folder / MEASURES).is_dir()]
    return GuidelineLibrary(
        recommendations=tuple(found[key] for key in sorted(found)),
        elm=elm,
        measures=read_measures(own, compiled=_compiled(own)) if own else None,
        rules=read_rules(folders),
    )


STATES = frozenset({"Applies", "Excluded", "Declined", "Done", "Due", "Evidence"})
"""The defines that the logic of a recommendation laid out as ours has."""


def is_ours(resource: Mapping[str, Any], beside: Sequence[Mapping[str, Any]], elm: Mapping[str, bytes]) -> bool:
    """Whether a resource is a PlanDefinition laid out as ours: its parts are there, and its logic has our defines.

    Args:
        resource: any resource.
        beside: the resources that it came with.
        elm: compiled libraries by name.
    """
    if resource.get("resourceType") != "PlanDefinition":
        return False
    activities = {_canonical(each): each for each in beside if each.get("resourceType") == "ActivityDefinition"}
    libraries = {_canonical(each): each for each in beside if each.get("resourceType") == "Library"}
    try:
        found = _recommendation(Path(f"{resource.get('id')}.json"), resource, activities, libraries)
        library = orjson.loads(elm[found.library])["library"]
    except (GuidelineUnusable, KeyError):
        return False
    defines = {each["name"] for each in library.get("statements", {}).get("def", ())}
    return defines >= STATES and "valueSets" not in library


def _compiled(folders: Iterable[Path]) -> Mapping[str, bytes]:
    """What was compiled here, for measures that are published as CQL only."""
    paths = (path for folder in folders for path in sorted(folder.glob("*.elm.json")))
    return {path.name.removesuffix(".elm.json"): path.read_bytes() for path in paths}


def _pressing(each: Recommendation) -> tuple[int, int, str]:
    """Drug safety and missing therapy first, then the care of known disease, then screening, then vaccines."""
    urgency = URGENCY.index(each.priority) if each.priority in URGENCY else len(URGENCY)
    return urgency, max((LATER.get(topic, 0) for topic in each.topics), default=0), each.id


def _compiled_in(path: Path) -> bytes:
    """A compiled library as it stands; that it is a JSON object is looked at without making one."""
    content = path.read_bytes()
    try:
        _OBJECT.decode(content)
    except msgspec.DecodeError as problem:
        raise GuidelineUnusable(f"{path.name} is not a JSON object") from problem
    return content.replace(b"\n", b" ")  # the engine is asked by the line; within JSON's strings there are none


_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])


def _read(path: Path) -> Mapping[str, Any]:
    try:
        content = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as problem:
        raise GuidelineUnusable(f"{path.name} is not JSON") from problem
    if not isinstance(content, dict):
        raise GuidelineUnusable(f"{path.name} is not a JSON object")
    return content


def _canonical(resource: Mapping[str, Any]) -> str:
    return f"{resource.get('url')}|{resource.get('version')}"


def _recommendation(
    path: Path,
    plan: Mapping[str, Any],
    activities: Mapping[str, Mapping[str, Any]],
    libraries: Mapping[str, Mapping[str, Any]],
) -> Recommendation:
    try:
        action = plan["action"][0]
        cited = next(each for each in plan["relatedArtifact"] if each["type"] == "citation")
        strength = next(each["valueCodeableConcept"] for each in plan["extension"] if each["url"] == STRENGTH)
        period = plan["effectivePeriod"]
        return Recommendation(
            id=plan["identifier"][0]["value"],
            title=action["title"],
            version=plan["version"],
            start=date.fromisoformat(period["start"]),
            end=date.fromisoformat(period["end"]) if "end" in period else None,
            strength=strength["text"],
            grade=strength["coding"][0]["code"],
            citation=cited["citation"],
            url=cited["url"],
            publisher=cited["display"],
            topics=tuple(_texts(plan.get("topic", ()))),
            priority=action.get("priority", "routine"),
            experimental=bool(plan.get("experimental", False)),
            canonical=plan["url"],
            library=libraries[plan["library"][0]]["name"],
            activity=activities[action["definitionCanonical"]],
            interval_days=interval_of(action),
        )
    except (KeyError, IndexError, StopIteration, ValueError, TypeError) as problem:
        raise GuidelineUnusable(f"{path.name} lacks or points to something that is not there: {problem!r}") from problem


def _texts(concepts: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    return (each["text"] for each in concepts)
