"""Conditions that a plan writes out as CQL, set into a copy of its library: they are then defines like any other."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tools.guidelines.compile import HEADER, Source, source_of
from tools.guidelines.plan import CQL, NAME, plan_name
from tools.guidelines.shelf import last_name

Resource = Mapping[str, Any]
WITHOUT = """library {name} version '1'
using FHIR version '4.0.1'
include FHIRHelpers version '4.0.1'
parameter "Measurement Period" Interval<DateTime>
context Patient
"""
"""What a plan without a library of its own is written into."""


def with_inline(
    bundles: Sequence[Sequence[Resource]], sources: Sequence[Source]
) -> tuple[list[list[Resource]], list[Source]]:
    """The bundles with each CQL expression of a plan turned into the name of a define, and the libraries with those.

    A plan whose library came without its text stays as it is: its expression cannot be set anywhere.
    """
    by_name = {each.name: each for each in sources}
    made: list[Source] = []
    changed = [[_changed(each, by_name, bundles, made) for each in bundle] for bundle in bundles]
    return changed, made


def _changed(
    resource: Resource, sources: Mapping[str, Source], bundles: Sequence[Sequence[Resource]], made: list[Source]
) -> Resource:
    if resource.get("resourceType") not in ("PlanDefinition", "ActivityDefinition"):
        return resource
    written = [each for each in _expressions(resource) if _is_written(each)]
    if not written:
        return resource
    base = _base(resource, sources, bundles)
    if base is None:
        return resource
    name = re.sub(r"\W", "", f"{base.name}For{plan_name(resource)}{resource['resourceType'][0]}")
    text = HEADER.sub(f"library {name} version '{base.version or '1'}'", base.cql, count=1)
    names = {str(each["expression"]): f"Inline {number}" for number, each in enumerate(written, 1)}
    text += "".join(f'\ndefine "{define}":\n  {cql}\n' for cql, define in names.items())
    source = source_of(text)
    made.append(source)
    address = f"urn:preround:inline:{source.name}|{source.version}"
    found: Resource = _replaced(resource, names, address)
    return found


def _is_written(expression: Resource) -> bool:
    written = str(expression.get("expression", "")).strip()
    return expression.get("language") in CQL and bool(written) and not NAME.match(written)


def _base(resource: Resource, sources: Mapping[str, Source], bundles: Sequence[Sequence[Resource]]) -> Source | None:
    """The text of the library that the expressions may refer to."""
    canonical = next(iter(resource.get("library", ())), None)
    if canonical is None:
        return source_of(WITHOUT.format(name="Alone"))
    address = str(canonical).partition("|")[0]
    for each in (one for bundle in bundles for one in bundle):
        if each.get("resourceType") == "Library" and address in (each.get("url"), each.get("id")):
            return sources.get(str(each.get("name") or each.get("id")))
    return sources.get(last_name(str(canonical)))


def _expressions(tree: object) -> Iterator[Resource]:
    if isinstance(tree, Mapping):
        if "language" in tree and "expression" in tree:
            yield tree
        for each in tree.values():
            yield from _expressions(each)
    elif isinstance(tree, list):
        for each in tree:
            yield from _expressions(each)


def _replaced(tree: Any, names: Mapping[str, str], address: str) -> Any:  # noqa: ANN401 - JSON
    if isinstance(tree, Mapping):
        if "language" in tree and _is_written(tree):
            define = names[str(tree["expression"])]
            return {**tree, "language": "text/cql-identifier", "expression": define, "reference": address}
        return {key: _replaced(each, names, address) for key, each in tree.items()}
    if isinstance(tree, list):
        return [_replaced(each, names, address) for each in tree]
    return tree
