"""Cards as clients show them; chart text in them is never markup."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal
from uuid import NAMESPACE_OID, UUID, uuid5

Indicator = Literal["info", "warning", "critical"]
_MARKUP = re.compile(r"([\\`*_\[\]<>|~&@])")
_LINE_START = re.compile(r"^(#|\+|-|=|\d+(?=[.)]))")
_LINKS_ITSELF = re.compile(r"\b(https?|ftp)(?=:)|\bwww(?=\.)", re.I)
SUMMARY = 139
"""Characters of a summary: CDS Hooks asks for fewer than 140."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Suggested:
    """One action that a clinician may take with a click; nothing is ever done by itself."""

    label: str
    """What the button says."""
    kind: Literal["create", "delete"]
    """Whether a draft is added to the client's orders, or one of them is taken back."""
    description: str
    """What it does."""
    resource: dict[str, Any] | None = None
    """For `create`: the draft."""
    reference: str | None = None
    """For `delete`: the client's own draft, `Type/id`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """One card."""

    key: str
    """What it is about, without patient data: a recommendation with its version, or a kind of check."""
    about: str
    """What makes it another card than the next of the same key; goes into its uuid only."""
    summary: str
    """One sentence."""
    detail: str
    """Paragraphs of plain text, each a line."""
    indicator: Indicator
    """How urgent it is."""
    source: str
    """Who says so."""
    url: str | None = None
    """Where they say so."""
    suggested: tuple[Suggested, ...] = ()
    """At most one of these is taken."""
    link: str | None = None
    """The review item as an absolute address; with `launches`, where the EHR launches Preround."""
    launches: str | None = None
    """What the EHR hands over at a launch (`appContext`), so that it leads to the item; no launch without it."""
    overridable: bool = True
    """Whether the client asks why, when it is not followed."""

    def uuid(self, instance: UUID, service: str) -> UUID:
        """The same call asked twice gives the same card."""
        return uuid5(NAMESPACE_OID, f"{instance}:{service}:{self.key}:{self.about}")

    def as_json(self, instance: UUID, service: str, reasons: list[dict[str, str]]) -> dict[str, Any]:
        """The card as CDS Hooks 2.0 has it."""
        name = self.uuid(instance, service)
        found: dict[str, Any] = {
            "uuid": str(name),
            "summary": shortened(self.summary),
            "detail": "\n\n".join(plain(line) for line in self.detail.splitlines() if line.strip()),
            "indicator": self.indicator,
            "source": {"label": self.source, **({"url": self.url} if self.url else {})},
        }
        if self.suggested:
            found["suggestions"] = [_suggestion(one, name, n) for n, one in enumerate(self.suggested)]
            found["selectionBehavior"] = "at-most-one"
        if self.overridable:
            found["overrideReasons"] = reasons
        if self.link:
            found["links"] = [_link(self.link, self.launches)]
        return found


def _link(url: str, launches: str | None) -> dict[str, str]:
    found = {"label": "Open the review item", "url": url, "type": "smart" if launches else "absolute"}
    return {**found, "appContext": launches} if launches else found


def _suggestion(one: Suggested, card: UUID, n: int) -> dict[str, Any]:
    action: dict[str, Any] = {"type": one.kind, "description": one.description}
    if one.kind == "create":
        action["resource"] = one.resource
    else:
        action["resourceId"] = one.reference
    return {"label": shortened(one.label), "uuid": str(uuid5(card, str(n))), "actions": [action]}


def shortened(text: str) -> str:
    """A summary of fewer than 140 characters."""
    words = " ".join(text.split())
    return words if len(words) <= SUMMARY else f"{words[: SUMMARY - 1].rstrip()}…"


def plain(text: str) -> str:
    """A line as GitHub-flavoured Markdown that shows it as it is: no tag, no link, no picture, no list."""
    escaped = _MARKUP.sub(r"\\\1", " ".join(text.split()))
    escaped = _LINE_START.sub(lambda found: f"\\{found[0]}" if not found[0].isdigit() else f"{found[0]}\\", escaped)
    return _LINKS_ITSELF.sub(lambda found: f"{found[0]}\\", escaped)
