"""FHIR JSON to Python and back without changing a number: 3.10 stays 3.10."""

import hashlib
import json
import math
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

import msgspec
import orjson
import rfc8785

from chart.collector import paused

Json: TypeAlias = Any
"""Any JSON value."""

Resource: TypeAlias = dict[str, Any]
"""A FHIR resource or data type as a JSON object; numbers with a fraction or exponent are `Decimal`."""

DEEPEST = 160
"""Objects and lists inside each other that are read."""
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
_WIDEST = 40
"""Numbers with more digits than this on either side of the point are written with an exponent, not spelt out."""


def parse(text: bytes | str) -> Json:
    """Parse JSON with exact decimals; of two values under one name the later counts.

    Raises:
        ValueError: the text is not JSON (NaN and Infinity are not), is nested too deeply, or holds a number that is too
            long.
    """
    if _too_deep(text if isinstance(text, bytes) else text.encode("utf-8", "replace")):
        msg = "The JSON is nested too deeply."
        raise ValueError(msg)
    try:
        with paused():
            return _decoded(text)
    except _REFUSED:
        return _read_slowly(text)


_decoded = msgspec.json.Decoder(float_hook=Decimal).decode
_REFUSED = (msgspec.MsgspecError, ValueError, RecursionError, InvalidOperation)


def _read_slowly(text: bytes | str) -> Json:
    """What the fast decoder refuses: half a surrogate pair and other encodings are read, of the rest it says why."""
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
    except RecursionError:
        msg = "The JSON is nested too deeply."
        raise ValueError(msg) from None
    except InvalidOperation:
        msg = "The JSON holds a number that is too long."
        raise ValueError(msg) from None


def _too_deep(text: bytes) -> bool:
    """Whether brackets stand inside each other more than `DEEPEST` deep, found by peeling off the innermost ones.

    Everything that walks a resource does so by recursion; no FHIR resource is near this deep. Brackets in strings count
    too, which only a text of hundreds of them inside each other would feel.
    """
    left = text.translate(None, _NO_BRACKETS)
    for _ in range(DEEPEST):
        peeled = left.replace(b"{}", b"").replace(b"[]", b"")
        if len(peeled) == len(left):
            return False
        left = peeled
    return True


def literal(number: Decimal) -> str:
    """The text of a number as JSON has it: digits as given, an exponent only where the number is very long."""
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and abs(exponent) <= _WIDEST and abs(number.adjusted()) <= _WIDEST:
        return format(number, "f")
    return str(number)


def dump(value: Json) -> bytes:
    """JSON bytes of a value whose decimals keep their digits.

    Raises:
        ValueError: the value holds something that JSON can't carry.
    """
    try:
        return orjson.dumps(value, default=_number)
    except TypeError as error:  # orjson.JSONEncodeError is a TypeError
        msg = "The resource holds something that JSON can't carry."
        raise ValueError(msg) from error


def sha256(resource: Resource) -> str:
    """SHA-256 (hex) of the resource's RFC 8785 form without `meta.versionId` and `meta.lastUpdated`."""
    return hashlib.sha256(rfc8785.dumps(_plain(unversioned(resource)))).hexdigest()


def unversioned(resource: Resource) -> Resource:
    """The resource without what the server alone sets: `meta.versionId`, `meta.lastUpdated`, an empty `meta`."""
    meta = resource.get("meta")
    if not isinstance(meta, dict):
        return resource
    kept = {name: value for name, value in meta.items() if name not in {"versionId", "lastUpdated"}}
    rest = {name: value for name, value in resource.items() if name != "meta"}
    return {**rest, "meta": kept} if kept else rest


def same(one: Json, other: Json) -> bool:
    """True where two JSON values are equal, numbers by value whatever their type, true and 1 kept apart."""
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list | tuple):
        alike = isinstance(other, list | tuple) and len(one) == len(other)
        return alike and all(same(a, b) for a, b in zip(one, other, strict=True))
    if _is_number(one) and _is_number(other):
        return _exact(one) == _exact(other)
    return type(one) is type(other) and bool(one == other)


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _exact(value: float | Decimal) -> int | Decimal:
    # A float is meant as the digits it prints, not as its binary expansion.
    return Decimal(repr(value)) if isinstance(value, float) else value


def _number(value: Json) -> orjson.Fragment:
    if isinstance(value, Decimal) and value.is_finite():
        return orjson.Fragment(literal(value))
    raise TypeError


def _plain(value: Json) -> Json:
    """The value with numbers as RFC 8785 wants them: IEEE doubles, or text where a double can't hold them."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal) or (_is_number(value) and abs(value) >= 2**53):
        double = float(value) if abs(Decimal(value).adjusted()) < 308 else math.inf
        return double if math.isfinite(double) else str(value)
    return value


def _no_constant(name: str) -> None:
    msg = f"{name} is not JSON."
    raise ValueError(msg)
