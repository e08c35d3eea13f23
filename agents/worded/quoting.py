"""Text from the chart inside a prompt: fenced with marks that the text cannot forge, control tokens made harmless."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

_TOKENS = re.compile(
    r"<\s*/?\s*(?:start_of_turn|end_of_turn|start_of_image|bos|eos|unused\d+|\|[^|>]*\|)\s*>|\[/?INST\]", re.I
)


def mark_for(texts: Sequence[str]) -> str:
    """A mark that occurs in none of the texts; the same texts give the same mark, so prompts stay cacheable."""
    joined = "\0".join(texts)
    digest = hashlib.sha256(joined.encode()).hexdigest()
    start = 0
    while digest[start : start + 10] in joined:
        start += 1
        if start > 50:
            digest, start = hashlib.sha256(digest.encode()).hexdigest(), 0
    return digest[start : start + 10]


def fenced(text: str, mark: str, label: str, *, kind: str = "note") -> str:
    """The text between marks, with the model's own control tokens taken apart."""
    harmless = _TOKENS.sub(lambda m: m[0].replace("<", "‹").replace(">", "›").replace("[", "⟦").replace("]", "⟧"), text)
    return f"[{kind} {mark} {label}]\n{harmless}\n[end {mark}]"
