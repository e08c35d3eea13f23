"""What an action of a PlanDefinition proposes, and how it is cited."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from tools.guidelines.plan import Definitions, Dynamic, Expression, expression_of, plan_name
from tools.guidelines.recommendation import Recommendation, interval_of
from tools.guidelines.shelf import last_name

Resource = Mapping[str, Any]
STRENGTH = "cqf-strengthOfRecommendation"
QUALITY = "cqf-qualityOfEvidence"
KINDS = ("ServiceRequest", "MedicationRequest")
CITED = ("citation", "justification", "derived-from", "documentation")

CARRIED = frozenset(
    {
        "resourceType",
        "id",
        "meta",
        "text",
        "contained",
        "extension",
        "url",
        "identifier",
        "version",
        "name",
        "title",
        "subtitle",
        "status",
        "experimental",
        "date",
        "publisher",
        "contact",
        "description",
        "useContext",
        "jurisdiction",
        "purpose",
        "usage",
        "copyright",
        "approvalDate",
        "lastReviewDate",
        "effectivePeriod",
        "topic",
        "author",
        "editor",
        "reviewer",
        "endorser",
        "relatedArtifact",
        "library",
        "kind",
        "profile",
        "code",
        "intent",
        "priority",
        "productCodeableConcept",
        "productReference",
        "dosage",
        "dynamicValue",
        "doNotPerform",
        "subjectCodeableConcept",
        "language",
        "implicitRules",
    }
)
"""Elements of an ActivityDefinition that are carried over, or that say nothing about what to propose."""


def activity_of(action: Resource, holder: Resource, known: Definitions) -> tuple[Resource, list[str]]:
    """What an action proposes; where it names no activity, its words."""
    title = str(action.get("title") or action.get("description") or action.get("textEquivalent") or plan_name(holder))
    canonical = str(action.get("definitionCanonical") or action.get("definitionUri") or "")
    in_words = {"kind": "ServiceRequest", "code": {"text": title}, "priority": action.get("priority", "routine")}
    if not canonical:
        return in_words, []
    found = known.find(canonical, holder)
    if found is None or found.get("resourceType") != "ActivityDefinition":
        what = found.get("resourceType") if found else "nothing that is here"
        return in_words, [f"{canonical} is {what}: it is proposed in words"]
    unmapped = [f"ActivityDefinition.{each}" for each in sorted(set(found) - CARRIED)]
    kind = found.get("kind")
    if kind not in KINDS:
        concept = found.get("code") or {"text": title}
        return {**in_words, "code": concept}, [
            *unmapped,
            f"{kind or 'an activity without kind'} is proposed as a ServiceRequest",
        ]
    made = {**found}
    if kind == "MedicationRequest" and "productCodeableConcept" not in found:
        product = known.find(str(found.get("productReference", {}).get("reference", "")), found)
        concept = (product or {}).get("code") or found.get("code")
        if concept is None:
            return in_words, [*unmapped, "its medication is not here: it is proposed in words"]
        made["productCodeableConcept"] = concept
    if kind == "ServiceRequest" and "code" not in found:
        made["code"] = {"text": str(found.get("title") or title)}
    return made, unmapped


def dynamic_of(action: Resource, activity: Resource, holder: Resource) -> tuple[list[Dynamic], list[str]]:
    """The values that are worked out for the patient, of activity and action, and those that are not read."""
    found, unmapped = [], []
    for owner, given in ((activity, activity.get("dynamicValue", ())), (holder, action.get("dynamicValue", ()))):
        for each in given:
            path = str(each.get("path", "")).removeprefix("%").removeprefix("resource.")
            source = owner if owner.get("library") else holder
            read = expression_of(each.get("expression", {}), source)
            if isinstance(read, str) or not path:
                unmapped.append(f"the dynamic value {path or 'without a path'}")
            else:
                found.append(Dynamic(path=path, expression=read))
    return found, unmapped


def recommendation_of_action(
    name: str, action: Resource, activity: Resource, conditions: Sequence[Expression], plan: Resource
) -> Recommendation:
    """An action in the shape of a recommendation, with its citation and grade."""
    cited = [
        each
        for each in (*action.get("documentation", ()), *plan.get("relatedArtifact", ()))
        if each.get("type") in CITED
    ]
    first = cited[0] if cited else {}
    publisher = str(plan.get("publisher", ""))
    title = str(action.get("title") or plan.get("title") or plan_name(plan))
    period = plan.get("effectivePeriod", {})
    strength = _graded(STRENGTH, action, plan)
    quality = _graded(QUALITY, action, plan)
    version = str(plan.get("version", ""))
    words = [str(first.get(each)) for each in ("citation", "display", "label") if first.get(each)]
    retired = plan.get("status") == "retired"
    return Recommendation(
        id=name,
        title=title,
        version=version,
        start=_day(period.get("start")) or date.min,
        end=date.min if retired else _day(period.get("end")),
        strength=strength[1] or "Recommendation of the site",
        grade=" ".join(filter(None, (strength[0], quality[0]))) or "not graded",
        citation=words[0]
        if words
        else f"{publisher}. {plan.get('title', plan_name(plan))}, version {version}.".lstrip(". "),
        url=str(first.get("url") or first.get("resource") or plan.get("url") or ""),
        publisher=publisher or "the site",
        topics=tuple(
            str(each.get("text") or each["coding"][0].get("display", "")) for each in plan.get("topic", ()) if each
        ),
        priority=str(action.get("priority", "routine")),
        experimental=bool(plan.get("experimental", False)),
        canonical=str(plan.get("url") or f"urn:preround:plan:{plan_name(plan)}"),
        library=last_name(conditions[0].libraries[0]) if conditions else "",
        activity=activity,
        interval_days=interval_of(action),
    )


def _graded(ending: str, *resources: Resource) -> tuple[str, str]:
    """Code and words of a grade; both empty where there is none."""
    for each in (one for resource in resources for one in resource.get("extension", ())):
        if str(each.get("url", "")).endswith(ending):
            concept = each.get("valueCodeableConcept", {})
            coding: Resource = next(iter(concept.get("coding", ())), {})
            return str(coding.get("code", "")), str(concept.get("text") or coding.get("display", ""))
    return "", ""


def _day(text: object) -> date | None:
    parts = str(text)[:10].split("-") if text else []
    try:
        return date(*(int(each) for each in (*parts, "1", "1")[:3])) if parts else None
    except ValueError:
        return None
