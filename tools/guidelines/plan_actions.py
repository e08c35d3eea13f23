"""PlanDefinitions as others publish them: each action that proposes something is one recommendation."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tools.guidelines.plan import Definitions, Expression, Plan, expression_of, plan_name, safe_name
from tools.guidelines.plan_proposal import activity_of, dynamic_of, recommendation_of_action
from tools.guidelines.unusable import GuidelineUnusable

Resource = Mapping[str, Any]
DEEPEST = 12
"""Levels of actions within actions, and of plans within plans."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """Where an action stands."""

    plan: Resource
    conditions: tuple[Expression, ...] = ()
    unmapped: tuple[str, ...] = ()
    blocked: str | None = None
    depth: int = 0
    name: str = ""


def plans_of(plan: Resource, known: Definitions) -> tuple[Plan, ...]:
    """The actions of a PlanDefinition that propose something, in their order.

    Raises:
        GuidelineUnusable: it has no action, or its actions lead in a circle.
    """
    if not plan.get("action"):
        raise GuidelineUnusable(f"the plan {plan_name(plan)} has no action: nothing of it can be proposed")
    leaves = list(_leaves(plan, _Place(plan=plan, name=plan_name(plan)), known))
    single = len(leaves) == 1
    taken: dict[str, int] = {}
    found = []
    for place, action in leaves:
        name = plan_name(plan) if single else f"{plan_name(plan)}.{place.name}"
        taken[name] = taken.get(name, 0) + 1
        found.append(_plan(name if taken[name] == 1 else f"{name}.{taken[name]}", place, action, known, plan))
    return tuple(found)


def _leaves(plan: Resource, place: _Place, known: Definitions) -> Iterator[tuple[_Place, Resource]]:
    if place.depth > DEEPEST:
        raise GuidelineUnusable(f"the plan {plan_name(plan)} leads in a circle, or its actions stand too deep")
    for number, action in enumerate(plan.get("action", ()), 1):
        inside = _inside(action, place, number)
        definition = known.find(str(action.get("definitionCanonical", "")), place.plan)
        if definition and definition.get("resourceType") == "PlanDefinition":
            within = _Place(
                plan=definition,
                conditions=inside.conditions,
                unmapped=inside.unmapped,
                blocked=inside.blocked,
                depth=inside.depth,
                name=inside.name,
            )
            yield from _leaves(definition, within, known)
        elif action.get("action"):
            if "definitionCanonical" in action:
                yield inside, action
            yield from _leaves(action, inside, known)
        else:
            yield inside, action


def _inside(action: Resource, place: _Place, number: int) -> _Place:
    """The place of what stands in an action: its conditions beside those around it."""
    conditions, unmapped, blocked = list(place.conditions), list(place.unmapped), place.blocked
    for each in action.get("condition", ()):
        if each.get("kind", "applicability") != "applicability":
            unmapped.append(f"a condition of kind {each['kind']}: only applicability is asked")
            continue
        read = expression_of(each.get("expression", {}), place.plan)
        if isinstance(read, str):
            blocked = read
        else:
            conditions.append(read)
    if action.get("selectionBehavior") in ("exactly-one", "at-most-one"):
        unmapped.append(f"selectionBehavior {action['selectionBehavior']}: each choice is suggested by itself")
    unmapped += [f"action.{each}" for each in ("relatedAction", "participant", "cardinalityBehavior") if each in action]
    return _Place(
        plan=place.plan,
        conditions=tuple(dict.fromkeys(conditions)),
        unmapped=tuple(dict.fromkeys(unmapped)),
        blocked=blocked,
        depth=place.depth + 1,
        name=safe_name(str(action.get("id") or action.get("prefix") or action.get("title") or number)),
    )


def _plan(name: str, place: _Place, action: Resource, known: Definitions, outer: Resource) -> Plan:
    activity, unmapped = activity_of(action, place.plan, known)
    dynamic, left = dynamic_of(action, activity, place.plan)
    blocked = place.blocked or (None if place.conditions else "it has no condition that says for whom it is")
    return Plan(
        recommendation=recommendation_of_action(name, action, activity, place.conditions, outer),
        conditions=place.conditions,
        dynamic=tuple(dynamic),
        words=str(action.get("description") or action.get("textEquivalent") or ""),
        unmapped=tuple(dict.fromkeys((*place.unmapped, *unmapped, *left))),
        blocked=blocked,
    )


def frame(plan: Resource, why: str) -> Plan:
    """A plan of which no action can be read, so that it is named all the same."""
    action = {"title": plan.get("title") or plan_name(plan)}
    activity = {"kind": "ServiceRequest", "code": {"text": action["title"]}}
    return Plan(
        recommendation=recommendation_of_action(plan_name(plan), action, activity, (), plan),
        conditions=(),
        dynamic=(),
        words="",
        unmapped=(),
        blocked=why,
    )
