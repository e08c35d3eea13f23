"""A person's edit, laid over a fresh draft: what they changed stands where the draft is as it was, and nowhere else.

Three versions of one resource are compared, element by element, and section by section where there are sections: as
it was drafted, as a person left it, and as it is drafted now. Where the fresh draft says what the old one said, the
person's version stands. Where the chart made the draft say something else, the draft stands, and the edit is dropped
and named.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tools.fhir.wire import same

Resource = dict[str, Any]

_OWN = frozenset({"id", "meta", "date", "resourceType"})
"""What each draft sets by itself and nobody means to edit."""
_MISSING: Any = object()


@dataclass(frozen=True, kw_only=True, slots=True)
class Laid:
    """An edit that was laid over a fresh draft."""

    resource: Resource
    """What is proposed."""
    kept: tuple[str, ...]
    """The elements and sections in which the person's version stands, in words."""
    dropped: tuple[str, ...]
    """Those in which the fresh draft says something new, so that the edit fell."""


def lay_over(*, drafted: Resource, edited: Resource, fresh: Resource) -> Laid:
    """Lay an edit over a fresh draft.

    Args:
        drafted: the resource as it was proposed.
        edited: as a person left it.
        fresh: as it is drafted now; its id, date and labels stay.
    """
    kept: list[str] = []
    dropped: list[str] = []
    old, theirs, new = _units(drafted), _units(edited), _units(fresh)
    for name in dict.fromkeys((*theirs, *old)):
        was, is_, now = old.get(name, _MISSING), theirs.get(name, _MISSING), new.get(name, _MISSING)
        if _same(is_, was) or _same(is_, now):
            continue
        if not _same(now, was):
            dropped.append(_words(name))
            continue
        kept.append(_words(name))
        if is_ is _MISSING:
            del new[name]
        else:
            new[name] = is_
    return Laid(resource=_resource(new, fresh), kept=tuple(kept), dropped=tuple(dropped))


def _units(resource: Resource) -> dict[tuple[str, str], Any]:
    """The elements by name, the sections by their titles."""
    found: dict[tuple[str, str], Any] = {}
    for name, value in resource.items():
        if name == "section" and isinstance(value, list):
            found |= {("section", _title(part, index)): part for index, part in enumerate(value)}
        elif name not in _OWN:
            found[name, ""] = value
    return found


def _same(one: Any, other: Any) -> bool:  # noqa: ANN401 - any JSON value, or none
    if one is _MISSING or other is _MISSING:
        return one is other
    return same(one, other)


def _title(section: Mapping[str, Any], index: int) -> str:
    return str(section.get("title") or index + 1)


def _resource(units: Mapping[tuple[str, str], Any], fresh: Resource) -> Resource:
    sections = [value for (name, title), value in units.items() if title]
    found = {name: value for name, value in fresh.items() if name in _OWN}
    found |= {name: value for (name, title), value in units.items() if not title}
    return {**found, "section": sections} if sections else found


def _words(unit: tuple[str, str]) -> str:
    name, title = unit
    return f"section {title}" if title else name
