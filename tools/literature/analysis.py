"""From words to terms: one way of reading for what is indexed and for what is asked."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from importlib import resources
from typing import Any

from tools.literature.stem import stem

VERSION = "1"
"""Goes up with every change of how words are read: an index made by another version is not searched."""

_ADDRESS = re.compile(r"\S*https?://\S+|\bwww\.\S+")
_WORD = re.compile(r"[a-z0-9]+(?:[-'’/][a-z0-9]+)*")
_JOINT = re.compile(r"[-'’/]")
_LONGEST = 40


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    text = resources.files("tools.literature.tables").joinpath("analysis.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    table["stop"] = frozenset(table["stop"].split())
    table["letters"] = str.maketrans(table["letters"])
    table["spelled"] = re.compile("|".join(sorted(map(re.escape, table["spelling"]), key=len, reverse=True)))
    return table


def terms(text: str) -> list[str]:
    """The terms of a text in its order: lower case, one spelling, stemmed, without stop words and addresses.

    A joined word with a digit (`il-6`, `covid-19`) counts as a whole (`il6`) and by its parts.
    """
    table = _table()
    found: list[str] = []
    for match in _WORD.finditer(_ADDRESS.sub(" ", text).lower().translate(table["letters"])):
        found.extend(_of_word(match[0]))
    return found


@lru_cache(maxsize=200_000)
def _of_word(word: str) -> tuple[str, ...]:
    table = _table()
    parts = _JOINT.split(word.removesuffix("'s").removesuffix("’s"))
    out = []
    if len(parts) > 1 and any(c.isdigit() for c in word):
        out.append("".join(parts)[:_LONGEST])
    for part in parts:
        if part not in table["stop"]:
            out.append(stem(table["spelled"].sub(lambda m: table["spelling"][m[0]], part))[:_LONGEST])
    return tuple(out)
