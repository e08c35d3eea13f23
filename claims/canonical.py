"""One JSON value, one text, one hash: RFC 8785 for hashing, and an exact text for keeping decimals as written.

FHIR decimals carry their precision (`8.10` is not written as `8.1`), while RFC 8785 knows a number's value only, as an
IEEE 754 double. So a resource is *kept and sent* in its exact text and *hashed* by value: `8.1`, `8.10` and
`Decimal("8.1")` have one hash. A decimal that a double cannot hold to its last digit has no such hash, because another
value would share it; it is refused.
"""

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson
import rfc8785

_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


class NotCanonical(ValueError):
    """A value cannot be hashed as JSON: give numbers at most 15 significant digits, and text that is Unicode."""


def canonical_bytes(value: Any) -> bytes:  # noqa: ANN401 (any JSON value)
    """The RFC 8785 form of a JSON value, UTF-8; a `Decimal` counts as the number it is.

    Raises:
        NotCanonical: when the value is not JSON, or a number in it is not exactly one double's shortest decimal.
    """
    try:
        return rfc8785.dumps(_plain(value))
    except rfc8785.CanonicalizationError:
        raise NotCanonical(str(NotCanonical.__doc__)) from None


def sha256_of(value: Any) -> str:  # noqa: ANN401 (any JSON value)
    """SHA-256 of the RFC 8785 form, in hex."""
    return hashlib.sha256(canonical_bytes(value)).hexdigest()


def exact_bytes(value: Any) -> bytes:  # noqa: ANN401 (any JSON value)
    """The JSON text with sorted keys in which every `Decimal` stands digit for digit; `read_exact` reads it back.

    Raises:
        NotCanonical: when the value is not JSON.
    """
    try:
        return orjson.dumps(value, default=_number, option=_OPTIONS)
    except orjson.JSONEncodeError:
        raise NotCanonical(str(NotCanonical.__doc__)) from None


def read_exact(text: bytes | str) -> Any:  # noqa: ANN401 (any JSON value)
    """The value of a JSON text, its numbers with a point or an exponent as `Decimal`."""
    return json.loads(text, parse_float=Decimal)


def _plain(value: Any) -> Any:  # noqa: ANN401 (any JSON value)
    if isinstance(value, Decimal):
        return _double(value)
    if isinstance(value, Mapping):
        return {key: _plain(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(member) for member in value]
    return value


def _double(value: Decimal) -> float:
    # repr gives the shortest decimal that is this double; when that is the value we began with, no other decimal that
    # passes here has the same text.
    if value.is_finite():
        double = float(value)
        if Decimal(repr(double)) == value:
            return double
    raise NotCanonical(str(NotCanonical.__doc__))


def _number(value: object) -> orjson.Fragment:
    if isinstance(value, Decimal) and value.is_finite():
        return orjson.Fragment(str(value))
    raise TypeError(f"A {type(value).__name__} is not JSON.")
