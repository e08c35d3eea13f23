"""One resource of a proposal: as its proposer gives it, and as people sign it."""

from dataclasses import dataclass, replace
from typing import Any

from claims.seal import Part
from review.policy import Label
from store.items import Tier

Resource = dict[str, Any]


_NOT_VALID: frozenset[Label] = frozenset({"not-valid"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """What a proposer gives for one entry; tier and hash are not its to give."""

    task: str
    """The task that it answers."""
    title: str
    """One line for the queue."""
    resource: Resource
    """The FHIR draft; without an id it gets one derived from run, entry and revision. Numbers may be `Decimal`."""
    sources: tuple[str, ...] = ()
    """Versioned references that it stands on."""
    labels: frozenset[Label] = frozenset()
    """What its proposer knows about it, for the tier."""
    medication_class: str | None = None
    """The class of its medication as the chart's tables give it; None when they give none."""
    base: Resource | None = None
    """The stored resource that it changes, with its version, for the diff and `If-Match`; None when it is new."""
    restores: str | None = None
    """The earlier version of `base` that it brings back word for word; None for everything but such an undo."""
    stands_for: Resource | None = None
    """What was meant, where the server does not take its type; the tier is the higher of the two."""
    keeps: tuple[Part, ...] = ()
    """The parts of its group that the server does not take, and that are kept here instead."""
    findings: tuple[str, ...] = ()
    """What the server's own validation said of it, for people to read before they sign."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Validation:
    """What a server's own validation said of one draft."""

    findings: tuple[str, ...] = ()
    """What it had to say, line by line."""
    errors: bool = False
    """Whether it called any of that an error."""

    def on(self, draft: Draft) -> Draft:
        """The draft with this in the place of what was said before."""
        labels = draft.labels - {"not-valid"}
        return replace(draft, findings=self.findings, labels=labels | _NOT_VALID if self.errors else labels)


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One resource of a proposal."""

    n: int
    """Its number, from 1."""
    task: str
    """The task that it answers."""
    title: str
    """One line for the queue."""
    resource: Resource
    """The FHIR draft, with its id."""
    sha256: str
    """SHA-256 of the RFC 8785 form of `resource`, in hex."""
    sources: tuple[str, ...]
    """Versioned references that it stands on."""
    labels: tuple[Label, ...]
    """What its proposer knew about it, sorted."""
    medication_class: str | None
    """The class of its medication."""
    tier: Tier
    """Its tier."""
    tier_reasons: tuple[str, ...]
    """Why it has that tier, in words."""
    base: Resource | None
    """The stored resource that it changes; None when it is new."""
    restores: str | None = None
    """The earlier version of it that it brings back."""
    stands_for: Resource | None = None
    """What was meant, where the server does not take its type."""
    keeps: tuple[Part, ...] = ()
    """The parts of its group that are kept here."""
    findings: tuple[str, ...] = ()
    """What the server's own validation said of it."""

    @property
    def base_version(self) -> str | None:
        """The version that the server must hold before the write; None when it must hold none."""
        return None if self.base is None else str(self.base["meta"]["versionId"])
