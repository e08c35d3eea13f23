"""A title for a text that comes without one."""

from __future__ import annotations

import re

LONGEST = 300
"""Characters of a title made from a text."""
_LEAD_END = re.compile(r"(?<=[.?!])\s+(?=[\"(\[A-Z0-9])")


def split_title(text: str) -> tuple[str, str]:
    """First line and rest; of a text of one line, first sentence and rest.

    A first sentence that is too long for a title is cut at a space, and the rest goes on from there.
    """
    text = text.strip()
    first, _, rest = text.partition("\n")
    if not rest.strip():
        found = _LEAD_END.search(text)
        first, rest = (text[: found.start()], text[found.end() :]) if found else (text, "")
    if len(first) > LONGEST:
        at = first.rfind(" ", 0, LONGEST)
        at = at if at > 0 else LONGEST
        first, rest = first[:at], f"{first[at:]} {rest}"
    return " ".join(first.split()), rest.strip()
