"""What there is to read in a proposed resource, and how fast anybody reads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from claims.note import words_of

WORDS_A_MINUTE = 400
"""Nobody who means to check reads faster; silent reading averages 238 (Brysbaert, J Mem Lang 2019;109:104047)."""
_TAG = re.compile(r"<[^>]*>")


def readable(resource: Mapping[str, Any]) -> str:
    """The text of a resource that a reviewer reads: its narratives, notes and descriptions, without markup."""
    return " ".join(_TAG.sub(" ", text) for text in _texts(resource))


def seconds_to_read(words: int, words_a_minute: int = WORDS_A_MINUTE) -> float:
    """The least time that so many words take."""
    return 60 * words / words_a_minute


def _texts(resource: Mapping[str, Any]) -> Iterator[str]:
    note = words_of(resource)
    if note is not None:
        yield note
    for name in ("title", "text", "description", "conclusion"):
        yield from _text(resource.get(name))
    for name in ("section", "note"):
        parts = resource.get(name)
        for part in parts if isinstance(parts, list) else ():
            if isinstance(part, Mapping):
                yield from _texts(part) if name == "section" else _text(part.get("text"))


def _text(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        value = value.get("div")
    if isinstance(value, str):
        yield value
