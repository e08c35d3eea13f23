"""A suggestion: facts of this chart, one recommendation of one version in force, and the proposed action."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from claims.claim import Citation, PassageCitation, Record

NotWhy = Literal["done", "excluded", "declined", "not_in_force", "could_not_check", "withheld"]


class Guideline(Record):
    """One version of one recommendation."""

    id: str = Field(min_length=1)
    """Stays the same from version to version."""
    version: str = Field(min_length=1)
    """Edition and revision."""
    in_force: dict[str, str | None]
    """``start`` and ``end`` as dates; no end while nothing has replaced it."""
    citation: str = Field(min_length=1)
    """Where it is printed."""
    url: str
    """Its address."""
    publisher: str
    """Who made it."""


class Suggestion(Record):
    """What a guideline would have done for this patient."""

    id: str
    """Short id, such as ``g1``."""
    title: str
    """What is recommended."""
    rationale: str
    """Why for this patient, in one sentence."""
    strength: str
    """Strength and grade as the publisher gives them."""
    tier: int
    """Who may sign it; set by policy."""
    guideline: Guideline
    """The recommendation."""
    because: tuple[Citation, ...] = Field(min_length=1)
    """The facts of the chart that it stands on; without one there is no suggestion."""
    action: dict[str, Any]
    """The proposed FHIR resource, status draft, intent proposal."""
    checks: str = ""
    """What a proposed medicine was compared with; empty where nothing to take is proposed."""
    literature: tuple[PassageCitation, ...] = ()
    """Sentences of papers and guidelines that stand beside it; it does not stand on them."""


class NotSuggested(Record):
    """A recommendation that was looked at and is not shown as due."""

    guideline: str
    """Its id and version."""
    why: NotWhy
    """The reason class."""
    detail: str
    """The reason in a sentence."""
