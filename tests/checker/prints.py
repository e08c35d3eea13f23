"""What is said to be printed, held against the passages of the result and the raw texts; nothing of the program."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any


def misprinted(
    citation: Mapping[str, Any], text: str, result: Mapping[str, Any], raw: Mapping[str, str]
) -> Iterator[str]:
    """What is wrong with a citation of the literature."""
    passage, _, index = citation["address"].rpartition("#")
    found = next((p for p in result.get("literature", ()) if p["id"] == passage), None)
    if found is None:
        yield f"{passage} is not among the passages of the result"
        return
    said = [found["title"], *found["sentences"]]
    if found["retracted"]:
        yield f"{passage} was retracted"
    if {citation["sha256"], found["sha256"]} != {hashlib.sha256("\n".join(said).encode()).hexdigest()}:
        yield f"{passage} does not have the words of its hash"
    if not index.isdecimal() or int(index) >= len(said) or said[int(index)] != citation["text"]:
        yield f"{citation['address']} does not say “{citation['text'][:60]}”"
    if f"“{citation['text']}”" not in text:
        yield f"the sentence does not repeat {citation['address']}"
    if citation["reference"] not in text or (found["year"] and str(found["year"]) not in citation["reference"]):
        yield f"it is not said where {passage} is printed"
    if found["document"] in raw and citation["text"] not in " ".join(raw[found["document"]].split()):
        yield f"{found['document']} does not say “{citation['text'][:60]}”"
