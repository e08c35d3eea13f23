"""The values of a search parameter as SQL conditions on the parameter's index table."""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal

from sqlalchemy import ColumnElement, and_, false, or_

from preround.sandbox import tables
from preround.sandbox.instants import Range, span
from preround.sandbox.outcome import FhirError
from preround.sandbox.parameters import Parameter, registry
from preround.sandbox.terms import split_unescaped, unescape
from preround.sandbox.values import fold, target_row

Condition = ColumnElement[bool]

_PREFIXED = re.compile(r"(eq|ne|gt|lt|ge|le|sa|eb|ap)?(.*)", re.DOTALL)
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d{1,3})?")
_MAX_ALTERNATIVES = 200  # SQLite takes no more than 500 united selects
_AFTER = "\U0010ffff"  # sorts behind every text with the same beginning


def comparisons(parameter: Parameter, modifier: str, values: Sequence[str], base: str) -> list[Condition]:
    """The conditions that a parameter's alternatives set on a row of its table; one of them must hold.

    Args:
        parameter: which parameter.
        modifier: its modifier; `missing`, `not` and `identifier` are not for here.
        values: the alternatives, still escaped.
        base: this server's address.

    Raises:
        FhirError: 400 when the modifier does not apply, a value cannot be read, or they are too many.
    """
    if parameter.kind == "reference":
        return _references(parameter, modifier, values, base)
    if parameter.kind == "string":
        return _limited([_string(parameter, modifier, value) for value in values])
    if modifier:
        raise unknown_modifier(parameter, modifier)
    return _PLAIN[parameter.kind](values)


def _limited(found: list[Condition]) -> list[Condition]:
    if len(found) > _MAX_ALTERNATIVES:
        raise FhirError(400, "too-long", f"At most {_MAX_ALTERNATIVES} alternatives: split the search.")
    return found


def unknown_modifier(parameter: Parameter, modifier: str) -> FhirError:
    """The refusal of a modifier."""
    return FhirError(400, "not-supported", f"The parameter '{parameter.name}' has no modifier ':{modifier}' here.")


def tokens(values: Sequence[str]) -> list[Condition]:
    """Alternatives written `code`, `system|code`, `|code` or `system|`, those of one system in one condition.

    Raises:
        FhirError: 400 when one is written otherwise.
    """
    t = tables.token.c
    codes: dict[str | None, list[str]] = {}
    whole: list[str] = []
    for value in values:
        parts = [unescape(part) for part in split_unescaped(value, "|")]
        if len(parts) > 2 or not any(parts):
            raise FhirError(400, "value", "A token is written code, system|code, |code or system|.")
        if len(parts) == 2 and not parts[1]:
            whole.append(parts[0])
        else:
            codes.setdefault(parts[0] if len(parts) == 2 else None, []).append(parts[-1])
    found = [
        t.code.in_(some) if system is None else and_(t.code.in_(some), t.system == system)
        for system, some in codes.items()
    ]
    return _limited([*found, *([t.system.in_(whole)] if whole else [])])


def in_range(low: ColumnElement[int], high: ColumnElement[int], value: str) -> Condition:
    """A prefixed date against a stored half-open range.

    `ge` and `le` hold when any moment of the stored range lies at or after the start, or before the end, of the one
    that was asked.
    """
    prefix, text = _prefixed(value)
    asked = span(re.sub(r" (?=\d\d:\d\d$)", "+", text))  # a plus sign that came through a form as a space
    if asked is None or prefix not in _DATE_PREFIXES:
        raise FhirError(400, "value", "A date is [eq|ne|gt|lt|ge|le|sa|eb]YYYY[-MM[-DD[Thh:mm[:ss][zone]]]].")
    return _DATE_PREFIXES[prefix](low, high, asked)


def _eq(low: ColumnElement[int], high: ColumnElement[int], asked: Range) -> Condition:
    return and_(low >= asked[0], low < asked[1], high <= asked[1])  # the middle one bounds the walk over the index


_DATE_PREFIXES: dict[str, Callable[[ColumnElement[int], ColumnElement[int], Range], Condition]] = {
    "eq": _eq,
    "ne": lambda low, high, asked: or_(low < asked[0], high > asked[1]),
    "gt": lambda low, high, asked: high > asked[1],
    "ge": lambda low, high, asked: high > asked[0],
    "lt": lambda low, high, asked: low < asked[0],
    "le": lambda low, high, asked: low < asked[1],
    "sa": lambda low, high, asked: low >= asked[1],
    "eb": lambda low, high, asked: high <= asked[0],
}


def _dates(values: Sequence[str]) -> list[Condition]:
    return _limited([in_range(tables.date.c.low, tables.date.c.high, value) for value in values])


def _uris(values: Sequence[str]) -> list[Condition]:
    return [tables.token.c.code.in_([unescape(value) for value in values])]


def _quantities(values: Sequence[str]) -> list[Condition]:
    return _limited([_quantity(value) for value in values])


def _string(parameter: Parameter, modifier: str, value: str) -> Condition:
    s = tables.string.c
    text = unescape(value)
    folded = fold(text)
    if modifier == "exact":
        return and_(s.folded == folded, s.exact == text)
    if modifier == "contains":
        return s.folded.contains(folded, autoescape=True)
    if modifier:
        raise unknown_modifier(parameter, modifier)
    return and_(s.folded >= folded, s.folded < folded + _AFTER)


def _quantity(value: str) -> Condition:
    q = tables.quantity.c
    parts = [unescape(part) for part in split_unescaped(value, "|")]
    prefix, text = _prefixed(parts[0])
    if len(parts) not in (1, 3) or not _NUMBER.fullmatch(text) or prefix == "ap":
        raise FhirError(400, "value", "A quantity is [eq|ne|gt|lt|ge|le|sa|eb]number or that with |system|code.")
    compared = _number(prefix, Decimal(text))
    if len(parts) == 1:
        return compared
    system, code = parts[1:]
    unit = q.code == code if system else or_(q.code == code, q.unit == code)
    return and_(compared, unit, q.system == system) if system else and_(compared, unit)


def _number(prefix: str, asked: Decimal) -> Condition:
    low, high, value = tables.quantity.c.low, tables.quantity.c.high, float(asked)
    if prefix in {"eq", "ne"}:
        # What was asked stands for everything that rounds to it: 5.4 is 5.35 up to, not with, 5.45.
        exponent = asked.as_tuple().exponent
        half = Decimal((0, (5,), int(exponent) - 1))
        around = and_(low >= float(asked - half), low < float(asked + half), high < float(asked + half))
        return around if prefix == "eq" else ~around
    return {
        "gt": high > value,
        "ge": high >= value,
        "lt": low < value,
        "le": low <= value,
        "sa": low > value,
        "eb": high < value,
    }[prefix]


def _references(parameter: Parameter, modifier: str, values: Sequence[str], base: str) -> list[Condition]:
    if modifier and modifier not in registry().types:
        raise unknown_modifier(parameter, modifier)
    types = allowed_targets(parameter, modifier)
    r = tables.reference.c
    ids: dict[str | None, list[str]] = {}
    for value in values:
        target_id, target_type = target_row(unescape(value), base)
        elsewhere = not target_type and ("/" in target_id or ":" in target_id)
        ids.setdefault(target_type if target_type or elsewhere else None, []).append(target_id)
    found = []
    for kind, some in ids.items():
        if kind is None:
            found.append(
                and_(r.target_id.in_(some), r.target_type.in_(sorted(types)) if types else r.target_type != "")
            )
        elif not kind or not types or kind in types:
            found.append(and_(r.target_id.in_(some), r.target_type == kind))
    return found or [false()]


def allowed_targets(parameter: Parameter, modifier: str) -> frozenset[str]:
    """The types that a reference parameter may point at, given the type in its modifier; empty: any."""
    return frozenset({modifier}) if modifier else parameter.targets


def _prefixed(value: str) -> tuple[str, str]:
    found = _PREFIXED.fullmatch(value)
    prefix, text = found.groups() if found else (None, value)
    return prefix or "eq", text


_PLAIN: dict[str, Callable[[Sequence[str]], list[Condition]]] = {
    "token": tokens,
    "date": _dates,
    "uri": _uris,
    "quantity": _quantities,
}
