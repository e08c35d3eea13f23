"""How a note means a term: affirmed, denied, past, only considered, or somebody else's; a small lexicon of cues.

The method is that of NegEx and ConText (Chapman 2001, Harkema 2009): a cue reaches from where it stands to the next
word that ends its reach; the words here are our own.
"""

from __future__ import annotations

import re
from typing import Literal

Meaning = Literal["affirmed", "denied", "past", "considered", "other_person"]

_BEFORE = {
    "denied": r"no|not|never|denies|denied|without|doesn't|don't|isn't|wasn't|negative for|free of|no longer|"
    r"stopped|off",
    "past": r"history of|h/o|previously|formerly|used to|in the past|in childhood|as a child|had been on|once took",
    "considered": r"if|consider|considering|plan|plans|should|would|may need|asks? for|declines?|avoid|discuss(?:ed)?|"
    r"instead of|rather than|allergic to|allergy to|intolerant of|reaction to|hold",
    "other_person": r"(?:his|her|their) (?:mother|father|wife|husband|brother|sister|son|daughter|aunt|uncle)|"
    r"mother|father|brother|sister|grandmother|grandfather",
}
_AFTER = {
    "denied": r"was ruled out|is ruled out|denied|declined|was stopped|were stopped|is stopped|has been stopped|"
    r"stopped|discontinued|was never started|not taken",
    "past": r"years ago|in childhood|as a child|many years ago",
    "considered": r"if needed|to be considered|was discussed",
}
_ENDS = re.compile(
    r"\b(?:but|however|although|though|except|yet|which|who|because|since|and (?:takes|is|has|he|she|they))\b|[;:]"
)
_PRE = {name: re.compile(rf"\b(?:{words})\b", re.I) for name, words in _BEFORE.items()}
_POST = {name: re.compile(rf"\b(?:{words})\b", re.I) for name, words in _AFTER.items()}
_ORDER: tuple[Meaning, ...] = ("other_person", "considered", "denied", "past")
REACH = 60
"""So many characters a cue reaches at most."""
_HEADING = re.compile(
    r"^\s*#{1,6}\s*(?P<marked>.+?)\s*$|^\s*(?P<plain>[A-Z][A-Za-z/ ]{2,40}):\s*$|^\s*(?P<caps>[A-Z][A-Z/ ]{3,40})\s*$"
)
OTHERS = frozenset({"family history", "allergies", "allergy", "family"})
"""Sections whose terms are not about what the patient has or takes."""


def heading(line: str) -> str | None:
    """The section that a line opens, in lower case; ``None`` for a line that is none."""
    found = _HEADING.match(line)
    if not found:
        return None
    title = found["marked"] or found["plain"] or found["caps"]
    return " ".join(title.split()).lower()


def meaning(sentence: str, term: str, *, reach: int = REACH) -> Meaning:
    """How a sentence means a term that it names; a term that it does not name counts as affirmed.

    Args:
        sentence: one sentence of a note.
        term: a word or words that stand in it, any case.
        reach: how many characters a cue reaches; lists in reports are longer than sentences of notes.
    """
    at = sentence.lower().find(term.lower())
    if at < 0:
        return "affirmed"
    before = _reach_back(sentence[:at], reach)
    after = _reach_on(sentence[at + len(term) :], reach)
    for name in _ORDER:
        pre, post = _PRE.get(name), _POST.get(name)
        if (pre and pre.search(before)) or (post and post.search(after)):
            return name
    return "affirmed"


def _reach_back(text: str, reach: int) -> str:
    ends = [m.end() for m in _ENDS.finditer(text)]
    return text[max(ends[-1] if ends else 0, len(text) - reach) :]


def _reach_on(text: str, reach: int) -> str:
    end = _ENDS.search(text)
    return text[: min(end.start() if end else len(text), reach)]
