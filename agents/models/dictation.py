"""Dictated text as it is written: spoken signs become signs, headings stand on lines of their own."""

from __future__ import annotations

import re

_SIGNS = {
    "period": ".",
    "full stop": ".",
    "comma": ",",
    "colon": ":",
    "semicolon": ";",
    "question mark": "?",
    "exclamation point": "!",
    "exclamation mark": "!",
    "dash": " - ",
    "percent": "%",
    "open parenthesis": " (",
    "left parenthesis": " (",
    "close parenthesis": ")",
    "right parenthesis": ")",
    "open quote": ' "',
    "close quote": '"',
    "new line": "\n",
    "next line": "\n",
    "new paragraph": "\n\n",
    "next paragraph": "\n\n",
}
_SPOKEN = re.compile(r"\{([a-z ]+)\}", re.IGNORECASE)
_HEADING = re.compile(r"\s*(\[[A-Z][A-Z /&-]*\])\s*")
_BEFORE = re.compile(r"[ \t]+([.,:;?!%)])")
_JOINING = {"hyphen": "-", "slash": "/"}
_JOINED = re.compile(r"[ \t]*\{[ ]*(hyphen|slash)[ ]*\}[ \t]*", re.IGNORECASE)
_OPENED = re.compile(r"\([ \t]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def written(text: str) -> str:
    """Text of a model of dictation as a person would write it.

    Models of dictation write spoken signs in braces (``{period}``) and headings in brackets. A word in braces that is
    no sign stays as it is: whoever signs shall see it. No word is added, dropped or changed.
    """
    marked = _JOINED.sub(lambda found: _JOINING[found[1].lower()], _CONTROL.sub(" ", text))
    marked = _OPENED.sub("(", _SPOKEN.sub(_sign, marked))
    marked = _HEADING.sub(r"\n\n\1\n", marked)
    lines = [" ".join(_BEFORE.sub(r"\1", line).split()) for line in marked.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _sign(found: re.Match[str]) -> str:
    name = " ".join(found[1].lower().split())
    return _SIGNS.get(name, found[0])
