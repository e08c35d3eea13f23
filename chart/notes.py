"""What notes say against the coded chart: copied sentences, denied allergies, smoking, planted instructions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from chart.chart import Chart
from chart.courses import Course
from chart.drug import Drugs
from chart.extract.note import NoteText
from chart.fact import Fact
from chart.finding import Finding
from chart.note_cues import OTHERS, heading, meaning

COPIED = 3
"""A sentence that stands in so many notes has no date and is no new complaint."""
_SPLIT = re.compile(r"(?<=[.!?])\s+|\n+")
_NO_ALLERGY = re.compile(r"\bno (known )?(drug )?allerg(y|ies)\b|\bNKD?A\b", re.I)
_SMOKER = re.compile(r"\b(?<!non-)(?<!never )(active|current|daily) smoker\b|\bsmokes\b", re.I)
_NEVER = re.compile(r"\bnever smoked\b|\bnever.?smoker\b|\bnon-?smoker\b", re.I)
_COMMAND = re.compile(
    r"\b(ignore|disregard|forget)\b.{0,40}\b(previous|prior|above|earlier|all)\b.{0,30}\b(instruction|rule|prompt|guidance)"
    r"|\b(system|assistant|ai)\b\s*[:>].{0,80}\b(approve|write|delete|order|omit|send|tell)\b"
    r"|\b(approve|sign) (all|every)\b.{0,60}\b(order|suggestion|proposal|item|draft)?"
    r"|\byou are (now )?an? (ai|assistant|language model)\b"
    r"|<start_of_turn>|<end_of_turn>|\[/?INST\]|<\|[a-z_]+\|>",
    re.I,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentence:
    """One sentence of a note."""

    note: Fact
    """The note it stands in."""
    text: str
    """White space folded."""
    section: str
    """The heading above it in lower case, or empty."""
    index: int
    """Position in the note, from 0: with the note it is an address."""


@lru_cache(maxsize=2048)
def split_sentences(text: str) -> tuple[str, ...]:
    """Lines and sentences of a note, bullets and heading marks removed, white space folded."""
    parts = (" ".join(p.split()).lstrip("-*# ").strip() for p in _SPLIT.split(text))
    return tuple(p for p in parts if p)


def sentences(note: NoteText) -> tuple[Sentence, ...]:
    """The addressable sentences of one note, each with the section that it stands in."""
    found: list[Sentence] = []
    section = ""
    for line in note.text.splitlines():
        section = heading(line) or section
        found.extend(
            Sentence(note=note.fact, text=text, section=section, index=i)
            for i, text in enumerate(split_sentences(line), start=len(found))
        )
    return tuple(found)


def repeated(notes: Sequence[NoteText]) -> frozenset[str]:
    """Sentences that stand in at least three notes: copied forward."""
    seen: Counter[str] = Counter()
    for note in notes:
        seen.update(set(split_sentences(note.text)))
    return frozenset(text for text, count in seen.items() if count >= COPIED)


def reads_like_instruction(text: str) -> bool:
    """Whether words of a note address a program and not a reader."""
    return _COMMAND.search(" ".join(text.split())) is not None


def denies_allergies(text: str) -> str | None:
    """The words in which a note denies allergies, white space folded; ``None`` when it does not."""
    found = _NO_ALLERGY.search(" ".join(text.split()))
    return found[0] if found else None


_TAKES = re.compile(r"\b(takes?|taking|is on|on|uses?|using|started|continues?|back on)\b", re.I)
_RAN_OUT = re.compile(r"\b(ran out of|has not taken|came off)\b", re.I)


def medicine_conflicts(chart: Chart, courses: Sequence[Course], table: Drugs) -> list[Finding]:
    """What the last note says of a medicine against the orders: taken without an order, or stopped and still ordered.

    A note never overrides the orders; both sides are shown. Only fresh sentences count: one that is copied from note to
    note has no date. What is only considered, was taken once, or is somebody else's is no conflict.
    """
    notes = chart.notes
    if not notes:
        return []
    copied = repeated(notes)
    current = {n: c for c in courses if c.state in ("current", "held") for n in c.drug.substances}
    found: dict[str, Finding] = {}
    for sentence in sentences(notes[-1]):
        if sentence.text in copied or sentence.section in OTHERS:
            continue
        for name in medicine_names(sentence.text, table):
            course, means = current.get(name), meaning(sentence.text, name)
            off = means == "denied" or _RAN_OUT.search(sentence.text)
            if off and course:
                found[name] = _note_conflict(sentence, name, (course,))
            elif not off and means == "affirmed" and course is None and _TAKES.search(sentence.text):
                found[name] = _note_conflict(sentence, name, ())
    return list(found.values())


def medicine_names(text: str, table: Drugs) -> list[str]:
    """Ingredients of the table that a sentence names."""
    words = re.findall(r"[a-z][a-z-]{3,}", text.lower())
    return [w for w in dict.fromkeys(words) if w in table.classes]


def _note_conflict(sentence: Sentence, name: str, courses: tuple[Course, ...]) -> Finding:
    return Finding(
        kind="note_list_conflict",
        key=name,
        when=_start(sentence.note),
        facts=(sentence.note,),
        courses=courses,
        words={"quote": sentence.text},
    )


def note_findings(chart: Chart) -> list[Finding]:
    """Conflicts between the last note and the coded chart, and instructions planted in any note."""
    found: list[Finding] = []
    notes = chart.notes
    planted = [n.fact for n in notes if reads_like_instruction(n.text)]
    if planted:
        found.append(Finding(kind="instruction_in_note", key="notes", when=_start(planted[-1]), facts=tuple(planted)))
    if not notes:
        return found
    last = notes[-1]
    denial = denies_allergies(last.text)
    coded = [f for f in chart.of("allergy") if f.status in ("active", "") and not f.tags & {"negated", "none_known"}]
    if denial and coded:
        same = sum(1 for n in notes if denies_allergies(n.text))
        found.append(
            Finding(
                kind="allergy_conflict",
                key="allergies",
                when=_start(last.fact),
                facts=(last.fact, *coded),
                words={"quote": denial, "notes": str(same), "of": str(len(notes))},
            )
        )
    found.extend(_smoking(chart, last))
    return found


def _smoking(chart: Chart, last: NoteText) -> list[Finding]:
    coded = [
        f for f in chart.facts if f.has_code("http://loinc.org", frozenset({"72166-2"})) and isinstance(f.value, str)
    ]
    if not coded:
        return []
    says = coded[-1]
    value = str(says.value).lower()
    active, never = _SMOKER.search(last.text), _NEVER.search(last.text)
    against = (
        active if ("never" in value or "former" in value) and not never else never if "never" not in value else None
    )
    if against is None:
        return []
    return [
        Finding(
            kind="smoking_conflict",
            key="smoking",
            when=_start(says),
            facts=(says, last.fact),
            words={"quote": " ".join(against[0].split())},
        )
    ]


def _start(fact: Fact) -> datetime | None:
    return fact.when.start if fact.when else None
