"""A search as it was asked: the query sorted into filters and result parameters, each checked for its name."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from preround.sandbox.exchange import Query
from preround.sandbox.outcome import FhirError
from preround.sandbox.parameters import Parameter, registry

DEFAULT_COUNT = 100
"""Matches on a page when the caller does not say."""
MAX_COUNT = 5000
"""Most matches on a page, whatever the caller says."""
CURSOR = "_cursor"
"""The parameter of next links."""

_JSON_FORMATS = {"json", "application/json", "application/fhir+json", "application/fhir json"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """One filtering parameter as asked; several values are alternatives."""

    name: str
    """Name, without modifier or chain."""
    modifier: str
    """Modifier, or the target type before a chain; empty if none."""
    chain: str
    """What follows the dot, or for `_has` everything after it."""
    values: tuple[str, ...]
    """Alternatives, still escaped."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Include:
    """One `_include` or `_revinclude`."""

    source: str
    """Type that holds the reference."""
    parameter: str
    """Reference parameter, or `*` for all."""
    target: str | None
    """Only resources of this type; any if None."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Search:
    """A whole search on one type."""

    type: str
    """Type searched."""
    pairs: Query
    """The query as understood, for the self link."""
    filters: tuple[Filter, ...] = ()
    """All must hold."""
    sort: tuple[tuple[str, bool], ...] = ()
    """Parameters to sort by, and whether downwards."""
    count: int = DEFAULT_COUNT
    """Matches on a page."""
    only_total: bool = False
    """Whether only the number is wanted."""
    elements: frozenset[str] = field(default_factory=frozenset)
    """Elements to keep; all if empty."""
    without_text: bool = False
    """Whether the narrative is left out."""
    includes: tuple[Include, ...] = ()
    """What the matches point at, to be added."""
    revincludes: tuple[Include, ...] = ()
    """What points at the matches, to be added."""


def search_parameter(resource_type: str, name: str) -> Parameter:
    """The parameter of a type.

    Raises:
        FhirError: 400 when the type has none of this name.
    """
    found = registry().parameters[resource_type].get(name)
    if found is None:
        raise FhirError(
            400, "not-supported", f"{resource_type} has no search parameter '{name}' here; see /metadata for the list."
        )
    return found


def parse_search(resource_type: str, query: Query, *, lenient: bool = False) -> Search:
    """Sort a query into a search.

    Args:
        resource_type: type searched.
        query: decoded pairs.
        lenient: whether unknown parameters are dropped (and missing from `pairs`) instead of refused.

    Raises:
        FhirError: 400 for an unknown parameter or a value that cannot be.
    """
    kept, filters, results = [], [], []
    for name, value in query:
        try:
            if name in _RESULTS:
                results.append((name, value))
            else:
                filters.append(parse_filter(resource_type, name, value))
        except FhirError:
            if lenient:
                continue
            raise
        kept.append((name, value))
    return _with_results(resource_type, tuple(kept), tuple(filters), results)


def parse_filter(resource_type: str, name: str, value: str) -> Filter:
    """One filtering parameter.

    Raises:
        FhirError: 400 when the type has no such parameter or the value is empty.
    """
    head, dot, chain = name.partition(".")
    base, _, modifier = head.partition(":")
    if base == "_has":
        base, modifier, chain = "_has", "", name.partition(":")[2]
    elif base not in {"_id", "_lastUpdated"}:
        search_parameter(resource_type, base)
    if dot and not chain:
        raise FhirError(400, "value", f"The chain in '{name}' has no parameter after the dot.")
    values = tuple(split_unescaped(value, ","))
    if not all(values):
        raise FhirError(400, "value", f"The search parameter '{base}' needs a value.")
    return Filter(name=base, modifier=modifier, chain=chain, values=values)


def split_unescaped(text: str, separator: str) -> list[str]:
    r"""Split at each separator that has no backslash before it; the escapes stay in the parts."""
    parts = [""]
    for piece in re.findall(r"\\.|.", text, re.DOTALL):
        if piece == separator:
            parts.append("")
        else:
            parts[-1] += piece
    return parts


def unescape(text: str) -> str:
    r"""Take the backslash off `\,` `\|` `\$` and `\\`."""
    return re.sub(r"\\([,|$\\])", r"\1", text)


def _with_results(
    resource_type: str, pairs: Query, filters: tuple[Filter, ...], results: Iterable[tuple[str, str]]
) -> Search:
    last = dict(results)
    summary = last.get("_summary", "false")
    if summary not in {"false", "count", "data"}:
        raise FhirError(400, "not-supported", "Of _summary only count, data and false are supported.")
    if last.get("_total", "accurate") not in {"accurate", "estimate", "none"}:
        raise FhirError(400, "value", "The parameter _total is one of accurate, estimate and none.")
    if last.get("_format", "json") not in _JSON_FORMATS:
        raise FhirError(406, "not-supported", "Only JSON is spoken here: leave _format out or set it to json.")
    count = parse_count(last.get("_count"))
    return Search(
        type=resource_type,
        pairs=pairs,
        filters=filters,
        sort=_sort(resource_type, last.get("_sort", "")),
        count=count,
        only_total=summary == "count" or count == 0,
        elements=frozenset(filter(None, last.get("_elements", "").split(","))),
        without_text=summary == "data",
        includes=_includes(resource_type, "_include", results),
        revincludes=_includes(resource_type, "_revinclude", results),
    )


def parse_count(text: str | None) -> int:
    """Matches on a page, at most `MAX_COUNT`.

    Raises:
        FhirError: 400 when it is not a whole number.
    """
    if text is None:
        return DEFAULT_COUNT
    if not (text.isascii() and text.isdigit()):
        raise FhirError(400, "value", "The parameter _count is a whole number, 0 or more.")
    return min(int(text[:9]), MAX_COUNT)


def _sort(resource_type: str, text: str) -> tuple[tuple[str, bool], ...]:
    names = [(name.removeprefix("-"), name.startswith("-")) for name in text.split(",") if name]
    for name, _ in names:
        if name not in {"_id", "_lastUpdated"}:
            search_parameter(resource_type, name)
    return tuple(names)


def _includes(resource_type: str, which: str, results: Iterable[tuple[str, str]]) -> tuple[Include, ...]:
    return tuple(_include(resource_type, which, value) for name, value in results if name == which)


def _include(resource_type: str, which: str, value: str) -> Include:
    source, _, rest = value.partition(":")
    name, _, target = rest.partition(":")
    known = registry().parameters
    if source not in known or (which == "_include" and source != resource_type):
        raise FhirError(400, "value", f"The {which} names a type that cannot be its source here.")
    if name != "*" and search_parameter(source, name).kind != "reference":
        raise FhirError(400, "value", f"The {which} needs a reference parameter of {source}.")
    if target and target not in known:
        raise FhirError(400, "value", f"The {which} names a target type that R4 does not have.")
    return Include(source=source, parameter=name, target=target or None)


_RESULTS = {"_count", "_elements", "_format", "_include", "_revinclude", "_sort", "_summary", "_total"}
