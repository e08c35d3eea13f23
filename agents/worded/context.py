"""The patient's facts as a prompt: one fixed order, series folded, within a token budget, the must-look set in."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agents.reasoner import Material
from agents.worded.folding import FOLDS, ChartTooLarge, Fold, Line, what_was_folded
from agents.worded.quoting import fenced, mark_for
from chart.addressed import reads_like_instruction
from chart.extract.condition import ACTIVE
from chart.fact import Fact
from chart.measurement import Measurement
from chart.notes import split_sentences
from chart.series import Series
from chart.units import shown
from claims.claim import Claim, Draft
from claims.lexicon import measurements_in

BUDGET = 12_000
"""Tokens of the facts; instructions and answer come on top and stay under the served limit."""
QUESTION_BUDGET = 6_500
"""For one question: the must-look set, all values of what it asks about, and of the rest the last two."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """What every prompt of a round begins with, byte for byte the same, so that a server's prefix cache serves it."""

    text: str
    """Facts, then prepared sentences."""
    folded: tuple[str, ...]
    """What did not fit, in words; problems, medicines, allergies and last results always do."""


def build_context(
    material: Material,
    prepared: Sequence[Draft],
    tokens: Callable[[str], int],
    *,
    budget: int = BUDGET,
    question: str | None = None,
) -> Context:
    """Build the context.

    Args:
        material: the appraised chart.
        prepared: drafts by rule, whose sentences the model may take over.
        tokens: the model's own count.
        budget: in tokens.
        question: what is asked, when one thing is asked and not a whole page: the series that it names are then shown
            in full and the others by their last values, and the last notes are quoted.

    Raises:
        ChartTooLarge: the must-look set does not fit, however far it is folded.
    """
    asked = _asked(material, question) if question is not None else None
    sentences = _prepared(prepared)
    # A page is made of the prepared sentences, so history is folded before they are left out.
    wanted = [] if question is not None else sentences
    for fold in FOLDS:
        must = [*_patient(material), *_must_look(material, asked, fold), *(line.text for line in wanted)]
        room = budget - tokens("\n".join(must))
        if room >= 0:
            break
    else:
        must, wanted = must[: len(must) - len(wanted)], []
        room = budget - tokens("\n".join(must))
        if room < 0:
            raise ChartTooLarge(budget - room, budget)
    others = [*_literature(material), *_notes(material)] if question is not None else []
    optional = [*([] if wanted else sentences), *_older(material), *others]
    kept: list[str] = []
    left: list[Line] = []
    for line in optional:
        cost = tokens(line.text) + 1
        if cost <= room:
            kept.append(line.text)
            room -= cost
        else:
            left.append(line)
    return Context(text="\n".join([*must, *kept]), folded=what_was_folded(fold, left, question=question is not None))


def relevant_lines(context: Context, claims: Sequence[Claim], fits: Callable[[str], bool]) -> str:
    """The lines of a context that hold a cited fact or share a telling word with the claims: enough to mend them by.

    Args:
        context: what the drafts were made from.
        claims: the refused ones.
        fits: whether so much text may be sent; where not, lines that only share a word are left out, then the rest.
    """
    ids = {fact for claim in claims for fact in claim.facts}
    words = {w for claim in claims for w in re.findall(r"[a-z0-9]{4,}", claim.text.lower())}
    cited: list[str] = []
    near: list[str] = []
    for line in context.text.splitlines():
        tokens = {t.strip(",*()[]") for t in line.split()}
        if line.startswith(("# ", "B1 ")) or tokens & ids:
            cited.append(line)
            near.append(line)
        elif words & {t.lower().strip(":") for t in tokens}:
            near.append(line)
    return next((text for text in ("\n".join(near), "\n".join(cited)) if fits(text)), "")


def _patient(m: Material) -> list[str]:
    chart = m.appraisal.chart
    sex = chart.patient.cells["sex"].text if "sex" in chart.patient.cells else "sex unknown"
    age = f"{chart.age} y" if chart.age is not None else "age unknown"
    return [
        "# Patient",
        f"B1 {sex}, {age}, born {chart.patient.when.text if chart.patient.when else 'unknown'}; "
        f"today is {chart.today.isoformat()}",
    ]


def _asked(m: Material, question: str) -> frozenset[str]:
    """Keys of the measurements that a question names."""
    return frozenset(n.key for n in measurements_in(question.lower(), m.appraisal.table))


def _must_look(m: Material, asked: frozenset[str] | None, fold: Fold) -> list[str]:
    a = m.appraisal
    lines = ["# Allergies", *(_fact(f) for f in a.chart.of("allergy"))]
    lines += ["# Problems on the list", *(_fact(f) for f in a.chart.of("problem") if f.status in ACTIVE)]
    lines.append("# Medicines")
    for course in a.courses:
        if course.state != "finished":
            lines.append(f"{_fact(course.last)} [{course.state}]")
    lines.append("# Results, oldest first; * is not relied on")
    lines += [_series(key, s, asked, fold) for key, s in a.series.items() if s.points]
    lines += [_fact(f) for f in _last_of_other_results(m)]
    lines += ["# Last visits", *(_fact(f) for f in a.chart.of("encounter")[-fold.visits :])]
    return lines


def _last_of_other_results(m: Material) -> list[Fact]:
    """The last result of everything measured outside the table of series."""
    last: dict[str, Fact] = {}
    for fact in m.appraisal.chart.of("lab", "vital", "survey", "other"):
        if m.appraisal.table.measured_by(fact) is None and fact.value is not None:
            last[fact.name] = fact
    return list(last.values())


def _fact(fact: Fact) -> str:
    parts = [fact.id, fact.when.text[:10] if fact.when else "undated", fact.name]
    if fact.kind == "family" and "relationship" in fact.cells:
        parts.insert(2, f"{fact.cells['relationship'].text} of the patient:")  # it is not the patient's own
    if fact.value is not None:
        parts.append(f"{fact.value} {shown(fact.unit)}".strip())
    if fact.status not in ("active", "final", "finished", "completed", ""):
        parts.append(f"({fact.status})")
    return " ".join(parts)


def _series(key: str, one: Series, asked: frozenset[str] | None, fold: Fold) -> str:
    """One line a measurement: the last values with their ids and dates; all of them where they are asked about."""
    what: Measurement = one.measurement
    limit = fold.points if asked is None else fold.asked if key in asked else fold.others
    values = ", ".join(
        f"{p.fact.id} {p.day.isoformat()} {what.shown(p.value)}{'*' if p.doubt else ''}" for p in one.points[-limit:]
    )
    more = f" ({len(one.points)} in all)" if len(one.points) > limit else ""
    return f"{what.name} [{shown(what.unit) or 'no unit'}]{more}: {values}"


def _prepared(drafts: Sequence[Draft]) -> list[Line]:
    """Prepared sentences in the order of their drafts."""
    claims = [(section.title, claim) for draft in drafts for section in draft.sections for claim in section.claims]
    lines = [Line(text="# Prepared sentences, already checked", kind="headings")] if claims else []
    return [*lines, *(Line(text=f"{c.id} [{title}] {c.text}", kind="prepared sentences") for title, c in claims)]


def _older(m: Material) -> list[Line]:
    a = m.appraisal
    facts = [*a.chart.of("procedure")[-15:], *a.chart.of("immunization")[-10:], *a.chart.of("report")[-8:]]
    facts += a.chart.of("order", "imaging", "family", "goal", "device", "care_team", "specimen", "dispense")[-30:]
    facts += [f for f in a.chart.of("problem") if f.status not in ACTIVE][-15:]
    facts += [c.last for c in a.courses if c.state == "finished"][:15]
    lines = [Line(text="# Earlier", kind="headings")] if facts else []
    return [*lines, *(Line(text=_fact(f), kind="earlier entries") for f in facts)]


def _notes(m: Material) -> list[Line]:
    """New sentences of the last notes for a question, those that are copied forward left out, fenced as data."""
    notes = m.appraisal.chart.notes[-3:]
    fresh = ["\n".join(s for s in split_sentences(n.text) if _asks_nothing(s, m)) for n in notes]
    mark = mark_for(fresh)
    return [
        Line(
            text=fenced(text, mark, f"{note.fact.id} {note.fact.when.text[:10] if note.fact.when else ''}".strip()),
            kind="notes",
        )
        for note, text in zip(notes, fresh, strict=True)
        if text.strip()
    ]


def _asks_nothing(sentence: str, m: Material) -> bool:
    return sentence not in m.appraisal.copied and not reads_like_instruction(sentence)


def _literature(m: Material) -> list[Line]:
    """Sentences of papers and guidelines by their ids, with where each is printed, fenced as data of others."""
    lines = m.literature.lines
    mark = mark_for([c.text for c in lines.values()])
    return [
        Line(text=fenced(f"{c.text} ({c.reference})", mark, name, kind="paper"), kind="sentences of the literature")
        for name, c in lines.items()
    ]
