"""A round of an evaluation and everything that it did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evals.carriers import Resource


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One request to the FHIR server."""

    method: str
    """`GET`, `POST`, …"""
    path: str
    """Below the server's base."""
    query: str
    """Search parameters, of the address or the body."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Played:
    """One round and what it did."""

    result: Mapping[str, Any]
    """As `run --json` gives it."""
    entries: tuple[Mapping[str, Any], ...]
    """The proposed entries: `resource`, `tier`, `labels`, `task`."""
    asked: tuple[Asked, ...]
    """Requests of the round."""
    elsewhere: tuple[str, ...]
    """Addresses that this process tried to connect to."""
    decisions: int
    """Decisions on record."""
    outbox: int
    """Resources that wait to be written."""
    resources: Mapping[str, Resource]
    """What the round read, by `Type/id`."""
