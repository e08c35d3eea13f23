"""The tier of an entry, from the policy's rules, with its reasons in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from review.policy import Condition, Label, Policy, has_words
from store.items import Tier

Resource = dict[str, Any]

_ASKED = ("code", "medicationCodeableConcept", "productCodeableConcept")
_SAID = ("description", "title", "contentString")


@dataclass(frozen=True, kw_only=True, slots=True)
class Tiering:
    """What the policy says of one entry."""

    tier: Tier | None
    """The tier; None when such an entry is never proposed."""
    reasons: tuple[str, ...]
    """Why, in words, the rule first and then what raised it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Traits:
    """What the rules look at: for each field of a `Condition`, the entry's values."""

    values: dict[str, frozenset[str]]
    text: str


def tier_of(resource: Resource, *, labels: frozenset[Label], medication_class: str | None, policy: Policy) -> Tiering:
    """The tier of one entry.

    Args:
        resource: the draft.
        labels: what its proposer knows about it.
        medication_class: the class of its medication, as the chart's tables give it; None when they give none.
        policy: the rules.
    """
    traits = _traits(resource, labels, medication_class, policy)
    rule = next((rule for rule in policy.rules if _matches(rule, traits)), None)
    if rule is None:
        return Tiering(tier=None, reasons=("no rule of the policy allows it",))
    if rule.tier == "never":
        return Tiering(tier=None, reasons=(rule.why,))
    raises = [found for found in policy.raises if _matches(found, traits)]
    lifted = max([rule.tier, *(found.at_least for found in raises if found.at_least)])
    plus = max((found.plus or 0 for found in raises), default=0)
    tiers: tuple[Tier, ...] = (1, 2, 3, 4)
    return Tiering(
        tier=tiers[min(lifted + plus, 4) - 1], reasons=(rule.why, *dict.fromkeys(found.why for found in raises))
    )


def _matches(condition: Condition, traits: _Traits) -> bool:
    for field, values in traits.values.items():
        wanted: tuple[str, ...] | None = getattr(condition, field)
        if wanted is not None and not values & set(wanted):
            return False
    return condition.words is None or has_words(traits.text, condition.words)


def _traits(resource: Resource, labels: frozenset[Label], medication_class: str | None, policy: Policy) -> _Traits:
    text = " · ".join(_texts(resource))
    classes = {name for name, words in policy.medication_words.items() if has_words(text, words)}
    if medication_class is not None:
        classes.add(medication_class)
    found: set[str] = set(labels)
    if resource.get("resourceType") == "MedicationRequest" and not _has_dose(resource):
        found.add("missing-dose")
    values: dict[str, set[str | None]] = {
        "resource": {resource.get("resourceType")},
        "intent": {resource.get("intent")},
        "status": {_status(resource)},
        "clinical": {*_codes(resource.get("clinicalStatus"))},
        "verification": {*_codes(resource.get("verificationStatus"))},
        "labels": {*found},
        "medication_class": {*(classes or {"unknown"})},
        "security": {label.get("code") for label in resource.get("meta", {}).get("security", ())},
        "codes": {
            f"{coding.get('system')}|{coding.get('code')}"
            for concept in _concepts(resource)
            for coding in concept.get("coding", ())
        },
    }
    return _Traits(
        values={name: frozenset(value for value in some if value is not None) for name, some in values.items()},
        text=text,
    )


def _status(resource: Resource) -> str | None:
    # A DocumentReference's own status says whether it counts, and only its docStatus whether it is finished.
    name = "docStatus" if resource.get("status") == "current" and "docStatus" in resource else "status"
    found: str | None = resource.get(name)
    return found


def _has_dose(resource: Resource) -> bool:
    doses = [dose for line in resource.get("dosageInstruction", ()) for dose in line.get("doseAndRate", ())]
    return any(key.startswith(("dose", "rate")) for dose in doses for key in dose)


def _codes(concept: Resource | None) -> Iterator[str]:
    for coding in (concept or {}).get("coding", ()):
        if "code" in coding:
            yield coding["code"]


def _asking(resource: Resource) -> Iterator[Resource]:
    """The parts of a resource that say what is asked for: itself, what it contains, payloads, activities."""
    yield resource
    yield from resource.get("contained", ())
    yield from resource.get("payload", ())
    for activity in resource.get("activity", ()):
        yield activity.get("detail", {})


def _concepts(resource: Resource) -> Iterator[Resource]:
    for part in _asking(resource):
        for name in _ASKED:
            concept = part.get(name)
            if isinstance(concept, dict):
                yield concept


def _texts(resource: Resource) -> Iterator[str]:
    for concept in _concepts(resource):
        yield from (text for text in (concept.get("text"), *_displays(concept)) if text)
    for part in _asking(resource):
        yield from (part[name] for name in _SAID if isinstance(part.get(name), str))
    reference = resource.get("medicationReference", {})
    if reference.get("display"):
        yield reference["display"]


def _displays(concept: Resource) -> Iterator[str | None]:
    return (coding.get("display") for coding in concept.get("coding", ()))
