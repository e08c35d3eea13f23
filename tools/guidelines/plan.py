"""What stands in others' PlanDefinitions: actions with their conditions, and the expressions of those."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.guidelines.recommendation import Recommendation

Resource = Mapping[str, Any]
NAME = re.compile(r'^(?:(?:"(?P<alias>[^"]+)"|(?P<plain>\w+))\.)?(?:"(?P<quoted>[^"]+)"|(?P<word>\w+))$')
IDENTIFIER = ("text/cql-identifier", "text/cql.identifier", "text/cql-name", "text/cql.name")
CQL = ("text/cql", "text/cql-expression", "text/cql.expression")
WORDS = ("description", "title", "action.description", "action.title")
"""Paths of dynamic values that are words to show, and not part of what is proposed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Expression:
    """A define of a library that is asked."""

    libraries: tuple[str, ...]
    """Canonical addresses of the libraries that it may stand in; the first that has it counts."""
    alias: str
    """What that library calls the one that holds the define; empty where it is its own."""
    define: str
    """Its name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Dynamic:
    """A value that is worked out for the patient and written somewhere."""

    path: str
    """Where: an element of the proposal, or one of `WORDS`."""
    expression: Expression
    """What works it out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """One action of a PlanDefinition."""

    recommendation: Recommendation
    """It, in the shape of a recommendation."""
    conditions: tuple[Expression, ...]
    """All must hold: its own and those of the actions and plans that it stands in."""
    dynamic: tuple[Dynamic, ...]
    """What is worked out where it is due."""
    words: str
    """What to say where no dynamic value says it."""
    unmapped: tuple[str, ...]
    """What of the plan is not carried over, in words."""
    blocked: str | None
    """Why it cannot be evaluated: a condition in a language that nothing here reads, or none at all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Definitions:
    """What PlanDefinitions refer to, by address and by type and id."""

    by_address: Mapping[str, Resource] = field(default_factory=dict)
    """Plans, activities and medications."""

    def find(self, canonical: str, holder: Resource) -> Resource | None:
        """The definition that a canonical address, a reference or a `#contained` names."""
        if canonical.startswith("#"):
            return next((each for each in holder.get("contained", ()) if f"#{each.get('id')}" == canonical), None)
        address = canonical.partition("|")[0]
        return self.by_address.get(canonical) or self.by_address.get(address)


def definitions(resources: Iterable[Resource]) -> Definitions:
    """An index of what plans may refer to."""
    found: dict[str, Resource] = {}
    for each in resources:
        kind = each.get("resourceType")
        if kind in ("PlanDefinition", "ActivityDefinition", "Medication"):
            for address in (f"{each.get('url')}|{each.get('version')}", each.get("url"), f"{kind}/{each.get('id')}"):
                if address:
                    found[str(address)] = each
    return Definitions(by_address=found)


def expression_of(expression: Resource, holder: Resource) -> Expression | str:
    """The define that an expression names, or why it names none."""
    language, written = str(expression.get("language", "")), str(expression.get("expression", "")).strip()
    given = expression.get("reference") or holder.get("library", ())
    libraries = (given,) if isinstance(given, str) else tuple(given)
    if language not in (*IDENTIFIER, *CQL):
        return f"a condition is written in {language or 'no language'}, which is not read here: {written[:80]}"
    if not libraries:
        return "it names no library for its conditions"
    found = NAME.match(written)
    if found:
        alias, define = found["alias"] or found["plain"] or "", found["quoted"] or found["word"]
        return Expression(libraries=libraries, alias=alias, define=define)
    if language in IDENTIFIER:
        return Expression(libraries=libraries, alias="", define=written)
    return f"a condition is written as CQL in the plan, and its library came without CQL to add it to: {written[:80]}"


def plan_name(plan: Resource) -> str:
    """What the plan is called; one that keeps identifiers as ours do is called by the first."""
    given = [
        each.get("value") for each in plan.get("identifier", ()) if SAFE_NAME.fullmatch(str(each.get("value", "")))
    ]
    return safe_name(str(next(iter(given), None) or plan.get("name") or plan.get("id") or "plan"))


SAFE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,79}")


def safe_name(text: str) -> str:
    """The text as part of an id: letters, digits, dots, hyphens and underscores."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.")[:60] or "x"
