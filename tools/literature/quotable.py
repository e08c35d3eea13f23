"""Which sentence of a passage is worth quoting: it speaks of what was asked, and states something."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from chart.concept import concepts
from tools.literature.analysis import terms
from tools.literature.concept import Concept
from tools.literature.expansion import expanded
from tools.literature.passage import Passage
from tools.literature.question import Question, quoting

SHORTEST = 5
"""Words of a sentence."""
LONGEST = 45
"""Words: what fits on a page's line or two."""
TELLING = 0.5
"""What a sentence gains for each telling word of the title, beside 1 for each thing that it speaks of."""
_LABEL = re.compile(r"^([A-Z][A-Z /&-]{3,40}): *")
"""An abstract's own heading, such as `CONCLUSIONS: `."""

Thing = Callable[[str], bool]
"""Something that a text speaks of, or does not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Quotable:
    """A sentence at its place."""

    passage: Passage
    """The passage."""
    index: int
    """The sentence's index, from 1."""


def quotable(question: Question, passages: Iterable[Passage], *, most: int, year: int) -> tuple[Quotable, ...]:
    """The best sentence of each passage that answers, in the order of the passages.

    Args:
        question: what was asked.
        passages: what was found, best first.
        most: how many sentences at most.
        year: what was published later did not exist then, and is passed over.
    """
    things = _things(question)
    found: list[Quotable] = []
    for passage in passages:
        if passage.year is not None and passage.year > year:
            continue
        if (index := _best(question, things, passage)) is not None:
            found.append(Quotable(passage=passage, index=index))
        if len(found) == most:
            break
    return tuple(found)


def _best(question: Question, things: Sequence[Thing], passage: Passage) -> int | None:
    around = f"{passage.title} {passage.heading}"
    best: tuple[float, int] | None = None
    for index, sentence in enumerate(passage.sentences, start=1):
        score = _score(question, things, sentence, around)
        if score is not None and (best is None or score > best[0]):
            best = (score, index)
    return best[1] if best else None


def _things(question: Question) -> Sequence[Thing]:
    """What a passage must speak of: each concept, and what else the title is about."""
    asked = question.concepts.concepts if question.concepts else ()
    things = [_concept(concept) for concept in asked]
    known = {term for concept in asked for word in concept.words for term in terms(word)}
    if rest := question.telling - known:
        things.append(_title(rest, question.places))
    return things


def _concept(concept: Concept) -> Thing:
    plain: Sequence[str] = quoting()["named"].get(concept.key, ()) if concept.kind == "problem" else ()
    names = [frozenset(terms(word)) for word in (*concept.words, *plain)]
    patterns = next((c.words for c in concepts() if concept.kind == "problem" and c.key == concept.key), ())

    def spoken(text: str) -> bool:
        said = set(terms(text))
        return any(name <= said for name in names) or any(pattern.search(text.lower()) for pattern in patterns)

    return spoken


def _title(words: frozenset[str], places: frozenset[str]) -> Thing:
    """Half of a title's words, in whatever names they have, or the part of the body that it is about."""
    same = [set(expanded([word])) for word in words]

    def spoken(text: str) -> bool:
        said = set(terms(text))
        return bool(places & said) or 2 * sum(1 for names in same if names & said) >= len(same)

    return spoken


def _score(question: Question, things: Sequence[Thing], sentence: str, around: str) -> float | None:
    """How well a sentence stands for its passage; none where it should not be quoted.

    It states what should be done, or what came of doing it, about everything that was asked; what its title and heading
    say need not be said again, but one thing it must name itself.
    """
    label = _LABEL.match(sentence)
    plain = sentence[label.end() :] if label else sentence
    said = set(terms(plain))
    if not _whole(plain) or _intends(label, plain) or not said & question.acts:
        return None
    if not set(re.findall(r"[a-z]+", plain.lower())) & quoting()["states"]:
        return None
    named = sum(1 for thing in things if thing(plain))
    if not named or not all(thing(f"{around} {plain}") for thing in things):
        return None
    return named + TELLING * len(said & question.telling)


def _whole(plain: str) -> bool:
    """A sentence of a length to be read, from its first letter to its full stop."""
    fits = SHORTEST <= len(plain.split()) <= LONGEST
    return fits and not plain[:1].islower() and plain.rstrip("\"')”’").endswith((".", "!"))


def _intends(label: re.Match[str] | None, plain: str) -> bool:
    """Whether it says what was to be done, and not what came out."""
    table = quoting()
    return bool(label and label[1].lower() in table["labels"]) or plain.lower().startswith(table["intends"])
