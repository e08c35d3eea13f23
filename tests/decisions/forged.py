"""Other contents for a stored proposal: a value changed, with as many of its hashes computed anew as is wanted."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal

from claims.author import Author
from claims.canonical import exact_bytes, sha256_of
from review import proposal as proposals
from review.proposal import Proposal

Place = tuple[str | int, ...]
Depth = Literal["bare", "hash", "all"]
"""Nothing computed anew; the proposal's hash; the entries' hashes too."""


def leaves(value: Any, at: Place = ()) -> Iterator[Place]:
    """Where a JSON value has its texts and numbers."""
    members: Any = ()
    if isinstance(value, dict):
        members = value.items()
    elif isinstance(value, list):
        members = enumerate(value)
    elif value is not None:
        yield at
    for name, member in members:
        yield from leaves(member, (*at, name))


def other(drawn: random.Random, value: Any, place: Place) -> Any:
    """Another value for a place, of its kind."""
    for step in place:
        value = value[step]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + drawn.choice([1, 2, 10])
    at = drawn.randrange(len(value) + 1)
    new = drawn.choice([c for c in "abcxyz0123456789" if c != value[at : at + 1]])
    return value[:at] + new + value[at + drawn.randint(0, 1) :]


def put(value: Any, place: Place, changed: Any) -> None:
    """Change one place of a JSON value."""
    for step in place[:-1]:
        value = value[step]
    value[place[-1]] = changed


def forged(value: dict[str, Any], place: Place, changed: Any, depth: Depth) -> tuple[bytes, str]:
    """The bytes of a proposal with one value changed, and the hash that it gives itself."""
    put(value, place, changed)
    if depth == "all":
        for entry in value["entries"]:
            entry["sha256"] = sha256_of(entry["resource"])
    if depth != "bare":
        value["proposal_sha256"] = _hash(value)
    return exact_bytes(value), value["proposal_sha256"]


def respelled(body: bytes, drawn: random.Random) -> bytes:
    """The same JSON value in other bytes: spaces, order, escapes, or a number with another zero."""
    value = json.loads(body)
    spellings = [
        json.dumps(value, sort_keys=True).encode(),
        json.dumps(value, separators=(",", ":"), sort_keys=True, indent=drawn.randint(0, 4)).encode(),
        json.dumps(dict(reversed(value.items())), separators=(",", ":")).encode(),
        body.replace(b"Preround", b"\\u0050reround"),
        body.replace(b'"value":40', b'"value":40.0') if b'"value":40' in body else body + b" ",
        body + b"\n" * drawn.randint(1, 9),
    ]
    return drawn.choice(spellings)


def unchecked(value: dict[str, Any]) -> Proposal:
    """The proposal of a JSON value, whatever its hashes say.

    Raises:
        ValueError: when its time is none.
    """
    data = {**value}
    return Proposal(
        entries=tuple(proposals._read_entry(entry) for entry in data.pop("entries")),
        as_of=datetime.fromisoformat(data.pop("as_of")),
        author=Author(**data.pop("author")),
        based_on=tuple(data.pop("based_on")),
        **data,
    )


def _hash(value: dict[str, Any]) -> str:
    """As the program computes it, of contents that it would not have made."""
    try:
        return proposals._hash(unchecked(value))
    except ValueError:  # its time is none: whoever reads it will say so first
        return str(value["proposal_sha256"])
