"""What notes say against the coded chart: medicines, problems, allergies, smoking; both sides, each with its date.

Notes of every kind count. Of what they say only fresh sentences have a date: one that stands in three or more notes was
copied forward, and says nothing of when it was true.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from chart.chart import Chart
from chart.concept import Concept, concept_of
from chart.courses import Course
from chart.drug import Drugs
from chart.extract.note import NoteText
from chart.fact import Fact
from chart.finding import Finding
from chart.moment import months_before
from chart.note_cues import OTHERS, meaning
from chart.notes import Sentence, denials, repeated, sentences

MONTHS = 15
"""What a note said longer ago is history, not a conflict with the list of today."""
_TAKES = re.compile(r"\b(takes?|taking|is on|on|uses?|using|started|continues?|back on)\b", re.I)
_RAN_OUT = re.compile(r"\b(ran out of|has not taken|came off)\b", re.I)
_SMOKER = re.compile(r"\b(?<!non-)(?<!never )(active|current|daily) smoker\b|\bsmokes\b", re.I)
_NEVER = re.compile(r"\bnever smoked\b|\bnever.?smoker\b|\bnon-?smoker\b", re.I)
_ALLERGIC = re.compile(
    r"\b(?:allergic to|allergy to|anaphylaxis (?:to|after|from)|(?:hives|rash|swelling) (?:after|from)) "
    r"(?P<what>[a-z][a-z -]{2,40})",
    re.I,
)
_HAD = (
    r"\b(?:history of|h/o|has|had|with|known|diagnosed with|status post|s/p|suffered)\s"
    r"(?:an?\s|the\s|old\s|prior\s|previous\s)?"
)
_NO_HISTORY = (
    r"\b(?:no (?:known |prior |past )?(?:history of )?|never had (?:an? )?|denies (?:any )?(?:history of )?(?:an? )?)"
)
_BROAD = frozenset({"infection", "injury", "dental", "pregnancy", "polyp", "overdose", "code_status"})
QUOTED = 140
"""So many characters of a sentence are repeated at most."""


def note_conflicts(chart: Chart, courses: Sequence[Course], table: Drugs, concepts: Sequence[Concept]) -> list[Finding]:
    """Every conflict between the notes and the coded chart."""
    notes = chart.notes
    found: list[Finding] = []
    if not notes:
        return found
    fresh = list(_fresh(chart, notes))
    found.extend(_denied_allergies(chart, notes, table))
    found.extend(_smoking(chart, notes))
    found.extend(_medicines(fresh, courses, table))
    found.extend(_allergies(fresh, chart, table))
    found.extend(_problems(fresh, chart, concepts))
    return found


def _fresh(chart: Chart, notes: Sequence[NoteText]) -> Iterator[Sentence]:
    """Sentences of the last fifteen months that were not copied, the newest note first."""
    copied, since = repeated(notes), months_before(chart.today, MONTHS)
    for note in reversed(notes):
        if note.fact.when is None or note.fact.when.date < since:
            continue
        yield from (s for s in sentences(note) if s.text not in copied)


def _medicines(fresh: Sequence[Sentence], courses: Sequence[Course], table: Drugs) -> list[Finding]:
    """Taken without an order, or stopped and still ordered; of several notes the newest that says either counts.

    A note never overrides the orders; both sides are shown. An order that is newer than the note has answered it. What
    is only considered, was taken once, or is somebody else's is no conflict.
    """
    current = {n: c for c in courses if c.state in ("current", "held") for n in c.drug.substances}
    found: dict[str, Finding | None] = {}
    for sentence in fresh:
        if sentence.section in OTHERS:
            continue
        for name in medicine_names(sentence.text, table):
            if name in found:
                continue
            course, means = current.get(name), meaning(sentence.text, name)
            off = means == "denied" or _RAN_OUT.search(sentence.text) is not None
            takes = not off and means == "affirmed" and _TAKES.search(sentence.text) is not None
            if not (off or takes):
                continue
            # Who ran out and was given a new order that day has been answered; who stopped has not.
            same_day = _RAN_OUT.search(sentence.text) is not None
            answered = _ordered_since(name, sentence, courses, same_day=same_day)
            against = (off and course is not None) or (takes and course is None)
            found[name] = None if answered or not against else _finding("note_list_conflict", name, sentence, course)
    return [f for f in found.values() if f]


def medicine_names(text: str, table: Drugs) -> list[str]:
    """Ingredients of the table that a sentence names."""
    words = re.findall(r"[a-z][a-z-]{3,}", text.lower())
    return [w for w in dict.fromkeys(words) if w in table.classes]


def _ordered_since(name: str, sentence: Sentence, courses: Sequence[Course], *, same_day: bool) -> bool:
    """Whether an order for the medicine was written after the day of the note, or on it."""
    day = sentence.note.when.date if sentence.note.when else None
    return day is not None and any(
        o.when is not None and (o.when.date > day or (same_day and o.when.date == day))
        for c in courses
        if name in c.drug.substances
        for o in c.orders
    )


def _allergies(fresh: Sequence[Sentence], chart: Chart, table: Drugs) -> list[Finding]:
    """An allergy to a medicine that a note tells of and the list does not have."""
    listed = [f for f in chart.of("allergy") if "none_known" not in f.tags]
    known = {n for f in listed for n in table.read(f.name).substances | table.read(f.name).classes}
    found: dict[str, Finding] = {}
    for sentence in fresh:
        if sentence.section.startswith("family"):
            continue
        for match in _ALLERGIC.finditer(sentence.text):
            for name in medicine_names(match["what"], table):
                told = known | {w for f in listed for w in f.name.lower().split()}
                denied = meaning(sentence.text, match[0]) in ("denied", "other_person")
                if name not in found and not denied and not ({name} | table.classes[name]) & told:
                    found[name] = _finding("note_allergy", name, sentence, None)
    return list(found.values())


def _problems(fresh: Sequence[Sentence], chart: Chart, concepts: Sequence[Concept]) -> list[Finding]:
    """A lasting disease that a note tells of and the list has in no status, or that a note denies and the list has."""
    listed: dict[str, Fact] = {}
    for fact in chart.of("problem", "encounter", "procedure"):
        if fact.kind == "problem" or "reason" in fact.tags or fact.kind == "procedure":
            concept = concept_of(fact, concepts)
            listed.setdefault(concept.key, fact)
    active = {concept_of(f, concepts).key: f for f in chart.of("problem") if f.status in ("active", "")}
    found: dict[str, Finding] = {}
    lasting = [c for c in concepts if c.kind in ("chronic", "event") and c.key not in _BROAD]
    for sentence in fresh:
        if sentence.section in OTHERS:
            continue
        lower = sentence.text.lower()
        for concept in lasting:
            match = next((m for w in concept.words if (m := w.search(lower))), None)
            if match is None or concept.key in found:
                continue
            before = lower[: match.start()]
            denied = re.search(_NO_HISTORY + "$", before) is not None
            told = re.search(_HAD + "$", before) is not None
            if denied and concept.key in active:
                found[concept.key] = _finding("note_problem", concept.key, sentence, None, active[concept.key])
            elif told and not denied and concept.key not in listed and _is_own(sentence.text, match[0]):
                found[concept.key] = _finding("note_problem", concept.key, sentence, None)
    return list(found.values())


def _is_own(text: str, term: str) -> bool:
    """The patient's own, now or before: not denied, only considered, or a relative's."""
    return meaning(text, term) in ("affirmed", "past")


def _denied_allergies(chart: Chart, notes: Sequence[NoteText], table: Drugs) -> list[Finding]:
    """Notes that deny allergies beside a list that has some; "no drug allergies" denies those to medicines only."""
    coded = [f for f in chart.of("allergy") if f.status in ("active", "") and not f.tags & {"negated", "none_known"}]
    denying = denials(notes)
    if not denying:
        return []
    last, words = denying[-1]
    if re.search(r"drug|NKDA", words, re.I):
        coded = [f for f in coded if _is_medicine(f, table)]
    if not coded:
        return []
    facts = (last.fact, *coded)
    return [
        Finding(
            kind="allergy_conflict",
            key="allergies",
            when=_start(last.fact),
            facts=facts,
            words={"quote": words, "notes": str(len(denying)), "of": str(len(notes))},
        )
    ]


def _is_medicine(fact: Fact, table: Drugs) -> bool:
    category = fact.cells.get("category")
    return (category is not None and category.text == "medication") or table.read(fact.name).known


def _smoking(chart: Chart, notes: Sequence[NoteText]) -> list[Finding]:
    """The coded status against the newest note that speaks of smoking."""
    coded = [
        f for f in chart.facts if f.has_code("http://loinc.org", frozenset({"72166-2"})) and isinstance(f.value, str)
    ]
    speaking = next((n for n in reversed(notes) if _SMOKER.search(n.text) or _NEVER.search(n.text)), None)
    if not coded or speaking is None:
        return []
    says = coded[-1]
    value = str(says.value).lower()
    active, never = _SMOKER.search(speaking.text), _NEVER.search(speaking.text)
    against = (
        active if ("never" in value or "former" in value) and not never else never if "never" not in value else None
    )
    if against is None:
        return []
    words = {"quote": " ".join(against[0].split())}
    facts = (says, speaking.fact)
    return [Finding(kind="smoking_conflict", key="smoking", when=_start(says), facts=facts, words=words)]


def _finding(kind: str, key: str, sentence: Sentence, course: Course | None, *facts: Fact) -> Finding:
    return Finding(
        kind=kind,  # type: ignore[arg-type]
        key=key,
        when=_start(sentence.note),
        facts=(sentence.note, *facts),
        courses=(course,) if course else (),
        words={"quote": _cut(sentence.text)},
    )


def _cut(text: str) -> str:
    """The sentence, or its beginning up to a word's end: what is quoted stands in the note letter for letter."""
    return text if len(text) <= QUOTED else text[:QUOTED].rpartition(" ")[0]


def _start(fact: Fact) -> datetime | None:
    return fact.when.start if fact.when else None
