"""Markup of a chart as a page may show it: structure and words; no link, picture, style, script or attribute."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import nh3
from markupsafe import Markup

from chart.extract.note import note_markup
from chart.sensitive import SensitiveClass, judge_words

_KEPT = """
    b blockquote br caption code dd del div dl dt em hr i ins li ol p pre q s small span strong sub sup
    table tbody td tfoot th thead tr tt u ul
"""
_DROPPED = """
    audio canvas embed frame frameset head iframe math noembed noframes noscript object script select style svg
    template textarea title video xmp
"""
TAGS = frozenset(_KEPT.split())
"""Elements that are kept; of all others the words are, and of those below nothing."""
HEADINGS = frozenset(f"h{level}" for level in range(1, 7))
"""Kept as bold lines: a chart's headings are not this page's."""
GONE = frozenset(_DROPPED.split())
"""Elements that go with all that is in them."""
SPANS = {str(number) for number in range(1, 51)}
LARGEST, MOST_TAGS = 200_000, 10_000
"""Characters and tags; nested deep enough, more would take seconds to clean."""
_HEADING = re.compile(r"<(/?)h[1-6]>")
_CLEANER = nh3.Cleaner(
    tags=set(TAGS | HEADINGS),
    clean_content_tags=set(GONE),
    attributes={"*": set()},
    generic_attribute_prefixes=set(),
    tag_attribute_values={cell: {"colspan": SPANS, "rowspan": SPANS} for cell in ("td", "th")},
    url_schemes=set(),
    link_rel=None,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Narrative:
    """One piece of a resource that came as markup."""

    title: str
    """What it is."""
    markup: Markup | None
    """Cleaned; `None` where it is not shown."""
    why: str = ""
    """Why it is not shown."""


def narratives_of(resource: Mapping[str, Any], sensitive: tuple[SensitiveClass, ...]) -> tuple[Narrative, ...]:
    """What a resource says in markup: its narrative, those of its sections, and its note where that is HTML.

    Args:
        resource: as it may be seen.
        sensitive: the policy on sensitive data; running text is judged by its words, and kept back whole.
    """
    read = ((title, cleaned(markup)) for title, markup in _markups(resource))
    return tuple(_shown(title, found, sensitive) for title, found in read if found is None or found.striptags())


def _shown(title: str, found: Markup | None, sensitive: tuple[SensitiveClass, ...]) -> Narrative:
    if found is None:
        return Narrative(title=title, markup=None, why="It is too large to be shown here.")
    action, kind = judge_words(found.striptags(), sensitive)
    if action == "show":
        return Narrative(title=title, markup=found)
    why = f"It is masked: {kind}." if action == "mask" else "It is kept back by this site's policy."
    return Narrative(title=title, markup=None, why=why)


def cleaned(markup: str) -> Markup | None:
    """Markup that is safe to stand on a page; `None` where it is too large to be cleaned at once."""
    if len(markup) > LARGEST or markup.count("<") > MOST_TAGS:
        return None
    # What comes out of the cleaner has headings without attributes and no other "<h1>": words are escaped.
    found = _HEADING.sub(lambda tag: "</div>" if tag[1] else '<div class="heading">', _CLEANER.clean(markup))
    return Markup(found)  # noqa: S704 - the one place where a chart's markup is let through, and it was just cleaned


def _markups(resource: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from _narrative("Narrative", resource)
    yield from _sections(resource.get("section"))
    if resource.get("resourceType") in ("DocumentReference", "DiagnosticReport"):
        note = note_markup(resource)
        if note is not None:
            yield "The note as it is laid out", note


def _sections(sections: object) -> Iterator[tuple[str, str]]:
    for section in sections if isinstance(sections, list) else ():
        if isinstance(section, Mapping):
            yield from _narrative(str(section.get("title") or "Section"), section)
            yield from _sections(section.get("section"))


def _narrative(title: str, part: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    text = part.get("text")
    div = text.get("div") if isinstance(text, Mapping) else None
    if isinstance(div, str):
        yield title, div
