"""From a resource to its index rows: walking the paths and reading each FHIR datatype the way its parameter needs.

A value that cannot be read (a malformed date, say) gives no row: real charts hold such, and the resource is stored as
it came.
"""

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any

from preround.sandbox.document import Json
from preround.sandbox.instants import EARLIEST, LATEST, span
from preround.sandbox.parameters import Parameter, Path, row_number

Row = tuple[str | int | float, ...]
"""The columns of an index row after `key` and `param`."""

INFINITE = 1e308
"""The bound of a quantity known only from one side."""
_NAME_AND_ADDRESS_PARTS = (
    *("text", "family", "given", "prefix", "suffix"),
    *("line", "city", "district", "state", "postalCode", "country"),
)


def fold(text: str) -> str:
    """The text as string searches compare it: no case, no accents, single spaces."""
    decomposed = unicodedata.normalize("NFKD", text) if not text.isascii() else text
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).casefold().split())


def identifier_number(parameter: Parameter) -> int:
    """The number of the rows for a reference parameter's `:identifier`."""
    return row_number(f"{parameter.number} identifier")


def rows(parameter: Parameter, resource: Json, base: str) -> set[Row]:
    """The index rows of one parameter for one resource.

    Args:
        parameter: which parameter.
        resource: the parsed resource.
        base: this server's address, taken off absolute references.
    """
    found = _values(parameter, resource)
    if parameter.presence:
        return {("", "true" if any(value is not False for value in found) else "false")}
    if not found:
        return set()
    if parameter.kind == "reference":
        return {row for value in found for row in _reference(value, base)}
    read = _READERS[parameter.kind]
    return {row for value in found for row in read(value)}


def identifier_rows(parameter: Parameter, resource: Json) -> set[Row]:
    """The token rows of the logical identifiers in a reference parameter's references."""
    found = [value for value in _values(parameter, resource) if isinstance(value, dict) and "identifier" in value]
    return {row for value in found for row in _token(value["identifier"])} if found else set()


def _values(parameter: Parameter, resource: Json) -> list[Any]:
    """What stands at the paths of a parameter; of most parameters a resource has not even the first element."""
    return [value for path in parameter.paths if path[0].name in resource for value in walk(resource, path)]


def walk(resource: Json, path: Path) -> list[Any]:
    """Every value at a path, lists flattened."""
    reached: list[Any] = [resource]
    for step in path:
        following: list[Any] = []
        for node in reached:
            inner = node.get(step.name) if isinstance(node, dict) else None
            if inner is None:
                continue
            if step.where is not None:
                member, value = step.where
                inner = [item for item in _listed(inner) if isinstance(item, dict) and item.get(member) == value]
            following += _flat(inner) if isinstance(inner, list) else (inner,)
        reached = following
    return reached


def _flat(values: list[Any]) -> list[Any]:
    """The values of a list and of lists in it."""
    if not any(isinstance(value, list) for value in values):
        return values
    return [each for value in values for each in (_flat(value) if isinstance(value, list) else (value,))]


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _token(value: object) -> Iterator[Row]:
    if isinstance(value, bool):
        yield "", "true" if value else "false"
    elif isinstance(value, str):
        yield "", value
    elif isinstance(value, dict):
        yield from _coded(value)


def _coded(value: Json) -> Iterator[Row]:
    if "coding" in value:
        for coding in _listed(value["coding"]):
            if isinstance(coding, dict):
                yield from _pair(coding.get("system"), coding.get("code"))
    elif "code" in value:
        yield from _pair(value.get("system"), value["code"])
    elif "value" in value:  # an Identifier, or a ContactPoint, whose system names a medium and not a code system
        is_contact = value.get("system") in {"phone", "fax", "email", "pager", "url", "sms", "other"}
        yield from _pair("" if is_contact else value.get("system"), value["value"])


def _pair(system: object, code: object) -> Iterator[Row]:
    if isinstance(code, str):
        yield system if isinstance(system, str) else "", code


def _uri(value: object) -> Iterator[Row]:
    if isinstance(value, str):
        yield "", value


def _string(value: object) -> Iterator[Row]:
    if isinstance(value, str):
        yield fold(value), value
    elif isinstance(value, dict):
        for part in _NAME_AND_ADDRESS_PARTS:
            for text in _listed(value.get(part)):
                if isinstance(text, str):
                    yield fold(text), text


def _date(value: object) -> Iterator[Row]:
    if isinstance(value, str):
        found = span(value)
        if found:
            yield found
    elif isinstance(value, dict):
        if "event" in value or "repeat" in value:
            yield from _timing(value)
        elif "start" in value or "end" in value:
            yield from _period(value)


def _period(value: Json) -> Iterator[Row]:
    start, end = _edge(value.get("start")), _edge(value.get("end"))
    if start or end:
        yield start[0] if start else EARLIEST, end[1] if end else LATEST


def _edge(value: object) -> tuple[int, int] | None:
    return span(value) if isinstance(value, str) else None


def _timing(value: Json) -> Iterator[Row]:
    repeat = value.get("repeat")
    bounds = repeat.get("boundsPeriod") if isinstance(repeat, dict) else None
    spans: list[Row] = [found for item in _listed(value.get("event")) if (found := _edge(item))]
    if isinstance(bounds, dict):
        spans.extend(_period(bounds))
    if spans:
        yield min(low for low, _ in spans), max(high for _, high in spans)


def _quantity(value: object) -> Iterator[Row]:
    if not isinstance(value, dict):
        return
    if "low" in value or "high" in value:
        yield from _bounded(value)
        return
    number = _float(value.get("value"))
    if number is not None:
        low = -INFINITE if str(value.get("comparator", "")).startswith("<") else number
        high = INFINITE if str(value.get("comparator", "")).startswith(">") else number
        yield low, high, *_unit(value)


def _bounded(value: Json) -> Iterator[Row]:
    ends = [end for end in (value.get("low"), value.get("high")) if isinstance(end, dict)]
    low = _float(value["low"].get("value")) if isinstance(value.get("low"), dict) else None
    high = _float(value["high"].get("value")) if isinstance(value.get("high"), dict) else None
    if low is not None or high is not None:
        yield -INFINITE if low is None else low, INFINITE if high is None else high, *_unit(ends[0])


def _unit(value: Json) -> tuple[str, str, str]:
    system, code, unit = (value.get(name) for name in ("system", "code", "unit"))
    return str(system or ""), str(code or ""), str(unit or "")


def _float(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    return max(-INFINITE, min(INFINITE, float(value)))


def _reference(value: object, base: str) -> Iterator[Row]:
    text = value.get("reference") if isinstance(value, dict) else None
    if isinstance(text, str) and text and not text.startswith("#"):
        yield target_row(text, base)


def target_row(text: str, base: str) -> tuple[str, str]:
    """Target id and type of a literal reference; for an address elsewhere the address and an empty type."""
    local = text.removeprefix(f"{base}/") if base else text
    parts = local.split("/")
    if len(parts) in (2, 4) and parts[0].isalpha() and (len(parts) == 2 or parts[2] == "_history"):
        return parts[1], parts[0]
    return text, ""


_READERS: dict[str, Callable[[Any], Iterable[Row]]] = {
    "token": _token,
    "uri": _uri,
    "string": _string,
    "date": _date,
    "quantity": _quantity,
}
