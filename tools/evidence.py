"""What a tool call brought back, and how the asking went: the two records every tool answers with."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Coverage:
    """What was asked, how many came, whether it was cut, what went wrong: silence never looks like absence."""

    id: str
    """The caller's short name of this line, `c1`, `c2`, …; a claim of absence cites it."""
    tool: str
    """Which tool was called, for example `fhir_read`."""
    query: str
    """What was asked, with every patient id left out as `…`."""
    found: int
    """How many resources of the kind asked for came back and were kept."""
    truncated: bool
    """True where more exists, or may exist, than came back."""
    error: str | None
    """What went wrong in one sentence, without patient data; None where the question was answered in full."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """Where and when all of one type was read, so that it can be refreshed later."""

    server: str
    """The FHIR server's base URL."""
    resource_type: str
    """The type."""
    at: str
    """The server's own clock at the time, ISO 8601."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """The resources of one tool call beside the line that says how the call went."""

    coverage: Coverage
    """How the asking went."""
    resources: tuple[dict[str, Any], ...]
    """FHIR resources as JSON objects, fractions as `Decimal`: those asked for and those they point to."""
    taken: Taken | None = None
    """Set where this is all of a type, without a fault."""
