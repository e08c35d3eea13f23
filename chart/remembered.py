"""Readers that remember: a chart says the same of most of its entries; what was read once need not be read again."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

if TYPE_CHECKING:
    from chart.node import Node

_MOST = 8192
"""Contents that one reader keeps; then it forgets all of them."""
LONGEST = 1000
"""Bytes of content that is remembered with what was made of it; what is longer hardly comes twice."""
_NO_ELEMENTS: dict[str, Any] = {}
T = TypeVar("T")
K = TypeVar("K")


def remembered(*names: str) -> Callable[[Callable[[Node], T]], Callable[[Node], T]]:
    """Have a reader remember what it made of content that it has met: a chart says the same thing of most entries.

    The reader is given a node with nothing but the named elements, so that what it makes depends on nothing else; what
    it gives is shared and must not change.

    Args:
        names: the elements that it reads.

    Returns:
        A decorator of readers, which never give ``None``.
    """

    def remembering(read: Callable[[Node], T]) -> Callable[[Node], T]:
        known: dict[tuple[str, bytes | str], T] = {}

        def reader(node: Node) -> T:
            value = node.value if isinstance(node.value, dict) else _NO_ELEMENTS
            content = content_of([*map(value.get, names)])
            key = (node.path, content)
            met = known.get(key)
            if met is not None:
                return met
            found = read(type(node)({name: value[name] for name in names if name in value}, node.path))
            if content and len(content) <= LONGEST:
                keep(known, key, found)
            return found

        return reader

    return remembering


def keep(known: dict[K, T], key: K, found: T) -> None:
    """Remember what was made of a content, among so many at most."""
    if len(known) >= _MOST:
        known.clear()
    known[key] = found


def content_of(part: object) -> bytes | str:
    """A JSON value as bytes or text that no other value has; empty where it is nested too deeply.

    A decimal has its digits, a float those that it prints: what a reader makes of the two is the same.
    """
    try:
        return orjson.dumps(part, _decimal, _JSON_ONLY)
    except TypeError:  # half a surrogate pair, a number of more than 64 bits, or nested deeper than orjson goes
        return _spelt(part)


_JSON_ONLY = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS


def _decimal(value: object) -> orjson.Fragment:
    if type(value) is Decimal:
        return orjson.Fragment(str(value))
    raise TypeError


def _spelt(part: object) -> str:
    """The content as text that tells a number from its digits; empty where it is nested too deeply."""
    try:
        return repr(part)
    except RecursionError:
        return ""
