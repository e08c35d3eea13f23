"""The one page: the drafts that stand, as plain lines in the order that a clinician reads."""

from __future__ import annotations

from collections.abc import Sequence

from claims.claim import Claim, Draft

MAX_LINES = 45
_ORDER = (
    "Who",
    "Allergies",
    "Act on / verify first",
    "Changed",
    "Also found",
    "Active problems",
    "Medicines",
    "From the notes",
    "Due, or never recorded",
    "Also on record",
    "Do not rely on",
    "Literature",
)
_UNTITLED = frozenset({"Who", "Allergies"})
_NUMBERED = "Act on / verify first"


def page(
    drafts: Sequence[Draft], *, head: Sequence[str], foot: Sequence[str], kept: Sequence[str] = ()
) -> tuple[str, ...]:
    """At most 45 lines.

    Args:
        drafts: what stands.
        head: lines above, such as what wrote the page.
        foot: lines below, such as what could not be looked at.
        kept: sentences that are never folded away.

    A sentence that stands in the head is not said again.
    Where there is more, the least salient claims are folded into one counted line; they stay in the drafts.
    """
    sections: dict[str, list[Claim]] = {}
    for draft in drafts:
        for section in draft.sections:
            sections.setdefault(section.title, []).extend(c for c in section.claims if c.text not in head)
    titles = [t for t in _ORDER if sections.get(t)] + [t for t in sections if t not in _ORDER]
    room = MAX_LINES - len(head) - len(foot) - sum(1 for t in titles if t not in _UNTITLED)
    chosen = _most_salient([c for t in titles for c in sections[t]], room, kept)
    lines = list(head)
    folded = 0
    for title in titles:
        shown = [c for c in sections[title] if id(c) in chosen]
        folded += len(sections[title]) - len(shown)
        if not shown:
            continue
        if title not in _UNTITLED:
            lines.append(f"## {title}")
        lines.extend(_line(title, index, claim) for index, claim in enumerate(shown, start=1))
    if folded:
        lines.append(f"{folded} further sentences are folded; they stand in the drafts.")
    return (*lines, *foot)


def _line(title: str, index: int, claim: Claim) -> str:
    if title == _NUMBERED:
        return f"{index}. {claim.line}"
    return claim.line


def unsaid(drafts: Sequence[Draft], lines: Sequence[str]) -> tuple[str, ...]:
    """Lines that no draft says."""
    said = {claim.text for draft in drafts for claim in draft.claims}
    return tuple(line for line in lines if line not in said)


def _most_salient(claims: Sequence[Claim], room: int, kept: Sequence[str]) -> set[int]:
    if len(claims) <= room:
        return {id(c) for c in claims}
    order = sorted(range(len(claims)), key=lambda i: (claims[i].text not in kept, claims[i].salience, i))
    return {id(claims[i]) for i in order[: room - 1]}
