"""One value of a search parameter as an SQL condition on the parameter's index table."""

import re
from collections.abc import Callable
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
_AFTER = "\U0010ffff"  # sorts behind every text with the same beginning


def comparison(parameter: Parameter, modifier: str, value: str, base: str) -> Condition:
    """The condition that one value sets on a row of the parameter's table.

    Args:
        parameter: which parameter.
        modifier: its modifier; `missing` and `not` are not for here.
        value: one alternative, still escaped.
        base: this server's address.

    Raises:
        FhirError: 400 when the modifier does not apply or the value cannot be read.
    """
    if parameter.kind == "reference":
        return _reference(parameter, modifier, value, base)
    if parameter.kind == "string":
        return _string(parameter, modifier, value)
    if modifier:
        raise unknown_modifier(parameter, modifier)
    return _PLAIN[parameter.kind](value)


def unknown_modifier(parameter: Parameter, modifier: str) -> FhirError:
    """The refusal of a modifier."""
    return FhirError(400, "not-supported", f"The parameter '{parameter.name}' has no modifier ':{modifier}' here.")


def token(value: str) -> Condition:
    """`code`, `system|code`, `|code` or `system|`."""
    t = tables.token.c
    parts = [unescape(part) for part in split_unescaped(value, "|")]
    if len(parts) == 1:
        return t.code == parts[0]
    if len(parts) > 2 or parts == ["", ""]:
        raise FhirError(400, "value", "A token is written code, system|code, |code or system|.")
    system, code = parts
    return t.system == system if not code else and_(t.code == code, t.system == system)


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


def _date(value: str) -> Condition:
    return in_range(tables.date.c.low, tables.date.c.high, value)


def _uri(value: str) -> Condition:
    return tables.token.c.code == unescape(value)


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


def _reference(parameter: Parameter, modifier: str, value: str, base: str) -> Condition:
    r = tables.reference.c
    if modifier and modifier not in registry().types:
        raise unknown_modifier(parameter, modifier)
    types = allowed_targets(parameter, modifier)
    target_id, target_type = target_row(unescape(value), base)
    if target_type:
        if types and target_type not in types:
            return false()
        return and_(r.target_id == target_id, r.target_type == target_type)
    if "/" in target_id or ":" in target_id:  # an address elsewhere
        return and_(r.target_id == target_id, r.target_type == "")
    return and_(r.target_id == target_id, r.target_type.in_(sorted(types)) if types else r.target_type != "")


def allowed_targets(parameter: Parameter, modifier: str) -> frozenset[str]:
    """The types that a reference parameter may point at, given the type in its modifier; empty: any."""
    return frozenset({modifier}) if modifier else parameter.targets


def _prefixed(value: str) -> tuple[str, str]:
    found = _PREFIXED.fullmatch(value)
    prefix, text = found.groups() if found else (None, value)
    return prefix or "eq", text


_PLAIN: dict[str, Callable[[str], Condition]] = {"token": token, "date": _date, "uri": _uri, "quantity": _quantity}
