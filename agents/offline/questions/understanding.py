"""A question as understood: its form, its time and what it is about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agents.offline.questions.asked import Form, Hint, form_of, plain
from agents.offline.questions.lexicon import Found, Lexicon, Phrase, plain_words
from agents.offline.questions.naming import of_phrase
from agents.offline.questions.period import Period, read_period
from agents.offline.questions.subject import Subject
from agents.offline.questions.wording import of_words
from chart.appraisal import Appraisal
from chart.spelling import fold, spelled

FRAME, BESIDE = (frozenset(map(fold, plain_words(of))) for of in ("frame", "beside"))
"""Words that name nothing: those that a question is made of, and those that stand beside a name."""


_JOINS = frozenset(("of", "in", "to", "due", "with", "by", "the", "and", "on", "for", "from", "use", "first", "second"))
"""Words that may stand inside a name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A question as understood."""

    form: Form
    """Its form."""
    period: Period | None
    """Its time."""
    subject: Subject
    """What it is about."""
    named: bool = False
    """Whether it holds a name of the chart or of our tables."""


def understood(question: str, appraisal: Appraisal) -> Asked:
    """Read a question against a chart."""
    text = plain(question)
    lexicon = Lexicon(appraisal)
    named = lexicon.in_(spelled(text))
    within = frozenset(named[0].phrase.words) if named else frozenset()
    period, text = read_period(text, appraisal.chart.as_of, within=within)
    words = lexicon.rewritten(spelled(text))
    candidates = lexicon.in_(words)
    found, form = _best(candidates, words, text)
    if found is not None:
        subject = of_phrase(found.phrase, appraisal)
    else:
        topic = tuple(w for w in words if w not in FRAME)
        subject = of_words(topic, words, form, lexicon, appraisal)
        if not subject.facts and not subject.related:
            subject = replace(subject, unread=_as_said(_beside(candidates, words), text))
        if subject.words == " ".join(topic):
            subject = replace(subject, words=_as_said(topic, text))
    return Asked(form=form, period=period, subject=subject, named=found is not None)


def _beside(candidates: Sequence[Found], words: Sequence[str]) -> tuple[str, ...]:
    """Words beside a known name that are no part of one: ``controlled`` in ``blood pressure controlled``.

    A name is words that follow each other, joined by ``of``, ``in``, ``due to``, and does not end in a verb.
    """
    if not candidates:
        return ()
    content = [n for n, w in enumerate(words) if w not in FRAME | BESIDE and not w[0].isdigit()]
    gaps = {words[n] for n in range(content[0], content[-1]) if words[n] in FRAME} if content else set()
    if gaps <= _JOINS and not words[content[-1]].endswith("ed"):
        return ()
    start, end = candidates[0].start, candidates[0].start + len(candidates[0].phrase.words)
    return tuple(words[n] for n in content if not start <= n < end)


def _as_said(topic: Sequence[str], text: str) -> str:
    """Folded words as the question spells them."""
    said = {fold(word): word for word in re.findall(r"[a-z0-9.]+", text)}
    return " ".join(said.get(word, word) for word in topic)


def _best(candidates: Sequence[Found], words: Sequence[str], text: str) -> tuple[Found | None, Form]:
    """The longest name of the kind that the other words show; the form is read without the name."""
    for found in candidates:
        rest = {*words[: found.start], *words[found.start + len(found.phrase.words) :]} - FRAME - BESIDE
        form = form_of(_without(found, text))
        if any(not word[0].isdigit() for word in rest):
            continue  # another word says that something else is meant: "joint pain" is no pain score
        if form.hint is None or form.hint == found.phrase.kind or _fits(form.hint, found.phrase):
            return found, form
    return None, form_of(text)


def _fits(hint: Hint, phrase: Phrase) -> bool:
    """A result may be asked for as a procedure or a report, and the other way round: it was done."""
    done = ("procedure", "report", "result", "imaging", "note")
    named = phrase.by in ("name", "measurement") and hint in done and phrase.kind in done
    return named or (hint in ("encounter", "result", "procedure") and phrase.kind == "immunization")


def _without(found: Found, text: str) -> str:
    raw = re.findall(r"\d+\.\d+|[a-z0-9]+", text.replace("'s ", " "))
    if len(raw) != len(spelled(text)):
        return text
    return " ".join((*raw[: found.start], *raw[found.start + len(found.phrase.words) :]))
