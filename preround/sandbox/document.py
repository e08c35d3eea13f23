"""JSON text in and out with every number kept as it was written: 3.10 stays 3.10, 1e3 stays 1e3.

A number with a fraction or an exponent is parsed to a `Number`, a Decimal that remembers its text; writing sends that
text out again. Whole numbers are plain ints, unless an int could not give the same text back.
"""

import json
from decimal import Decimal
from typing import Any, Self

import orjson

from preround.sandbox.outcome import FhirError

Json = dict[str, Any]

_SAFE_DIGITS = 15  # an int of so many digits is written back as it came, by any encoder


class Number(Decimal):
    """A JSON number with its literal text."""

    __slots__ = ("literal",)
    literal: str
    """The text as it stood in the JSON."""

    def __new__(cls, literal: str) -> Self:
        """Read one JSON number.

        Args:
            literal: the number's text.
        """
        number = super().__new__(cls, literal)
        number.literal = literal
        return number

    def __copy__(self) -> Self:
        """Itself: it cannot change."""
        return self

    def __deepcopy__(self, memo: object) -> Self:
        """Itself: Decimal's own copy would lose the text."""
        return self


def parse(content: bytes) -> Any:  # noqa: ANN401 - JSON is whatever it is
    """Read JSON, keeping the text of its numbers.

    Args:
        content: UTF-8, with or without a byte-order mark.

    Raises:
        FhirError: 400 when it is not JSON.
    """
    try:
        return _DECODER.decode(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise FhirError(400, "structure", "The body is not JSON in UTF-8; send one FHIR resource.") from error


def serialise(value: object) -> str:
    """Compact JSON text of what `parse` gave.

    Raises:
        FhirError: 400 when the text could not be written as UTF-8 JSON (a lone surrogate, nesting without end).
    """
    try:
        return orjson.dumps(value, default=_literal).decode()
    except TypeError as error:
        raise FhirError(400, "structure", "The body holds text or nesting that JSON in UTF-8 cannot carry.") from error


def _literal(value: object) -> orjson.Fragment:
    if isinstance(value, Number):
        return orjson.Fragment(value.literal)
    raise TypeError(type(value).__name__)


def _integer(literal: str) -> int | Number:
    return int(literal) if len(literal) <= _SAFE_DIGITS and literal != "-0" else Number(literal)


def _constant(literal: str) -> object:
    raise ValueError(literal)


_DECODER = json.JSONDecoder(parse_float=Number, parse_int=_integer, parse_constant=_constant)
