"""The drafts as a page shows them: sections in the order that a clinician reads, sentences with numbered sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chart.units import shown
from preround.web.sources import Numbering, Source
from preround.web.wording import OPERATIONS, REFUSED

FIRST = "Act on / verify first"
WHO, ALLERGIES = "Who", "Allergies"
EARLY = (
    "Changed",
    "Also found",
    "Active problems",
    "Medicines",
    "From the notes",
    "Due by guideline",
    "Due, or never recorded",
)
"""After the head and what to act on, in this order; the suggestions stand behind them."""
LATE = ("Also on record", "Do not rely on")
"""Behind the suggestions; a section of any other title stands behind these."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Working:
    """One number that code worked out."""

    words: str
    """What was done, and the result."""
    of: tuple[Source, ...]
    """What it was done to."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentence:
    """One claim."""

    text: str
    """What it says."""
    sources: tuple[Source, ...]
    """What it cites."""
    kind: str = "fact"
    """fact, computed, absence or inference."""
    workings: tuple[Working, ...] = ()
    """How its numbers were worked out."""
    looked: str | None = None
    """For an absence: where one has looked."""
    quoted: bool = False
    """Whether it repeats words of a note."""
    printed: tuple[Printed, ...] = ()
    """What it repeats of the literature."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """A titled group."""

    title: str
    """What stands above it."""
    sentences: tuple[Sentence, ...]
    """In order."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Printed:
    """One sentence of the literature."""

    text: str
    """The sentence."""
    reference: str
    """Where it is printed, in words."""
    href: str
    """The passage's page."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """One suggestion."""

    id: str
    """Its short id in the round."""
    entry: int | None
    """The number of the proposed entry; `None` where it is not among them."""
    suggestion: Mapping[str, Any]
    """As the round's result has it."""
    because: tuple[Source, ...]
    """The facts of the chart that it stands on."""
    link: str | None
    """The guideline's address, when it is a web address."""
    literature: tuple[Printed, ...]
    """Sentences of papers and guidelines that stand beside it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Everything that a round says."""

    critical: tuple[Sentence, ...]
    """Critical values."""
    who: tuple[Sentence, ...]
    """Who it is."""
    allergies: tuple[Sentence, ...]
    """Allergies, with their conflicts."""
    first: tuple[Sentence, ...]
    """What to act on or verify first."""
    sections: tuple[Section, ...]
    """What stands before the suggestions."""
    later: tuple[Section, ...]
    """What stands behind them."""
    due: tuple[Due, ...]
    """Suggestions."""
    not_due: tuple[tuple[str, str, str], ...]
    """Recommendations that are not shown as due: id, reason class in words, reason."""
    removed: tuple[Mapping[str, str], ...]
    """Sentences that did not stand, with the reason."""


def page_of(result: Mapping[str, Any], numbering: Numbering, entries: Mapping[str, int]) -> Page:
    """The page of a result.

    Args:
        result: as `run --json` gives it.
        numbering: gives the sources their numbers, in the order of the page.
        entries: numbers of the proposed entries by title.
    """
    looked = {line["id"]: line for line in result.get("coverage", ())}
    groups: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
    titled = tuple(f"{s['title']}:" for s in result.get("suggestions", ()))
    for draft in result.get("drafts", ()):
        for section in draft["sections"]:
            # What a suggestion's card says is not said twice.
            own = draft["task"] == "suggestions" and titled
            named = [
                (f"{draft['task']}-{c['id']}", c)
                for c in section["claims"]
                if not (own and c["text"].startswith(titled))
            ]
            groups.setdefault(section["title"], []).extend(named)

    def take(title: str) -> tuple[Sentence, ...]:
        return tuple(_sentence(claim, owner, numbering, looked) for owner, claim in groups.pop(title, []))

    critical = tuple(
        Sentence(text=one["text"], sources=numbering.cited(one["citations"], f"critical-{i}"))
        for i, one in enumerate(result.get("critical", ()), start=1)
    )
    who, allergies, first = take(WHO), take(ALLERGIES), take(FIRST)
    early = [t for t in EARLY if groups.get(t)]
    late = [t for t in (*LATE, *(t for t in groups if t not in (*EARLY, *LATE))) if groups.get(t)]
    return Page(
        critical=critical,
        who=who,
        allergies=allergies,
        first=first,
        sections=tuple(Section(title=title, sentences=take(title)) for title in early),
        later=tuple(Section(title=title, sentences=take(title)) for title in late),
        due=tuple(_due(s, numbering, entries) for s in result.get("suggestions", ())),
        not_due=tuple(
            (n["guideline"], REFUSED.get(n["why"], n["why"]), n["detail"]) for n in result.get("not_suggested", ())
        ),
        removed=tuple(one for draft in result.get("drafts", ()) for one in draft["removed"]),
    )


def _sentence(
    claim: Mapping[str, Any], owner: str, numbering: Numbering, looked: Mapping[str, Mapping[str, Any]]
) -> Sentence:
    quotes: Sequence[Mapping[str, Any]] = claim.get("quotes", ())
    computed = [c for c in (claim.get("computed"), *claim.get("also_computed", ())) if c]
    line = looked.get(claim.get("coverage") or "")
    return Sentence(
        text=claim["text"],
        kind=claim["kind"],
        sources=numbering.cited([*claim["citations"], *quotes], owner),
        workings=tuple(_working(c, numbering) for c in computed),
        looked=f"{line['query'].partition('?')[0]}, {line['found']} found" if line else None,
        quoted=bool(quotes),
        printed=_printed(claim.get("passages", ()), numbering),
    )


def _printed(passages: Sequence[Mapping[str, Any]], numbering: Numbering) -> tuple[Printed, ...]:
    return tuple(
        Printed(text=p["text"], reference=p["reference"], href=numbering.passage(p["address"])) for p in passages
    )


def _working(computed: Mapping[str, Any], numbering: Numbering) -> Working:
    unit = f" {shown(computed['unit'])}" if computed["unit"] else ""
    what = OPERATIONS.get(computed["op"], computed["op"].replace("_", " "))
    return Working(words=f"{computed['value']}{unit} is {what}", of=numbering.facts(computed["of"]))


def _due(suggestion: Mapping[str, Any], numbering: Numbering, entries: Mapping[str, int]) -> Due:
    url = str(suggestion["guideline"].get("url") or "")
    return Due(
        id=suggestion["id"],
        entry=entries.get(suggestion["title"]),
        suggestion=suggestion,
        because=numbering.cited(suggestion["because"], suggestion["id"]),
        link=url if url.startswith(("https://", "http://")) else None,
        literature=_printed(suggestion.get("literature", ()), numbering),
    )
