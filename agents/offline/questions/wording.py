"""The subject of a question that holds no known name: from the words that are left."""

from __future__ import annotations

from collections.abc import Sequence

from agents.offline.questions.asked import Form
from agents.offline.questions.lexicon import Kind, Lexicon, looks_like_procedure
from agents.offline.questions.naming import narrow, of_concept
from agents.offline.questions.subject import Subject, all_of, in_time, kinds_absent, words_absent
from chart.appraisal import Appraisal
from chart.concept import plain_name
from chart.spelling import fold, is_named

_EMERGENCY = frozenset({fold("emergency"), "er", "ed", fold("room"), fold("department")})


_INPATIENT = frozenset(
    fold(w) for w in ("admission", "admitted", "inpatient", "hospitalization", "hospitalisation", "hospitalized")
)


def of_words(topic: Sequence[str], words: Sequence[str], form: Form, lexicon: Lexicon, appraisal: Appraisal) -> Subject:
    """A subject from the words that are left, within the kind that the others show."""
    kind = form.hint
    if kind == "encounter":
        return _visits(topic, words, lexicon, appraisal)
    if not topic:
        if kind is None:
            return Subject(kind=None, words="")
        return Subject(kind=kind, words="", facts=all_of(kind, appraisal), absent=kinds_absent(kind))
    if kind is None:
        kind = _first_kind(topic, form, lexicon)
        if kind is None:
            return Subject(kind=None, words=" ".join(topic))
    if kind == "allergy":
        return _allergy(topic, lexicon, appraisal)
    facts = tuple(f for f in lexicon.facts_named(kind, topic) if not f.tags & {"reason", "negated"})
    related = of_concept(_concept_in(topic, appraisal) or "", appraisal) if kind == "problem" and not facts else []
    names = dict.fromkeys(plain_name(f.name) for f in facts)
    said = next(iter(names)) if len(names) == 1 else " ".join(topic)
    return Subject(
        kind=kind, words=said, facts=in_time(facts), absent=words_absent(kind, topic), related=tuple(related)
    )


def _concept_in(topic: Sequence[str], appraisal: Appraisal) -> str | None:
    text = " ".join(topic)
    return next(
        (c.key for c in appraisal.concepts if narrow(c.key, appraisal) and any(w.search(text) for w in c.words)), None
    )


def _first_kind(topic: Sequence[str], form: Form, lexicon: Lexicon) -> Kind | None:
    """The kind under which the chart has such a name; else what the name itself looks like."""
    order: tuple[Kind, ...] = ("result", "procedure", "immunization", "problem", "medication", "report", "allergy")
    if form.wants in ("whether", "since"):
        order = ("problem", *(k for k in order if k != "problem"))
    else:
        order = (*order, "encounter", "care_plan", "imaging")
    # What a vaccine protects from is asked for as a vaccine, or an illness is meant.
    held = next(
        (
            k
            for k in order
            if any(
                "reason" not in f.tags and (k != "immunization" or is_named(topic, f.name))
                for f in lexicon.facts_named(k, topic)
            )
        ),
        None,
    )
    if held is not None:
        return held
    if looks_like_procedure(topic):
        return "procedure"
    if form.wants in ("value", "change") or form.which in ("highest", "lowest", "mean"):
        return "result"
    return "problem" if form.wants in ("whether", "since") else None


def _allergy(topic: Sequence[str], lexicon: Lexicon, appraisal: Appraisal) -> Subject:
    table = appraisal.drug_table
    drugs = {p.phrase.key for p in lexicon.in_(topic) if p.phrase.by in ("ingredient", "class")}
    named = set(lexicon.facts_named("allergy", topic))
    facts = tuple(
        f
        for f in appraisal.chart.of("allergy")
        if not f.tags & {"negated", "none_known"}
        and (f in named or drugs & (table.read(f.name).substances | table.read(f.name).classes))
    )
    absent = (*words_absent("allergy", topic), *(f"allergy_to:{key}" for key in sorted(drugs)))
    return Subject(kind="allergy", words=" ".join(topic), facts=in_time(facts), absent=absent)


def _visits(topic: Sequence[str], words: Sequence[str], lexicon: Lexicon, appraisal: Appraisal) -> Subject:
    every = tuple(f for f in appraisal.chart.of("encounter") if "reason" not in f.tags)
    if set(words) & _EMERGENCY & {fold("emergency"), "er", "ed"}:
        facts, said = tuple(f for f in every if "emergency" in f.tags), "emergency"
    elif set(words) & _INPATIENT:
        facts, said = tuple(f for f in every if "inpatient" in f.tags), "inpatient"
    else:
        topic = tuple(w for w in topic if w not in _EMERGENCY | _INPATIENT)
        if not topic:
            return Subject(kind="encounter", words="", facts=in_time(every), absent=kinds_absent("encounter"))
        held = {f.reference for f in lexicon.facts_named("encounter", topic)}
        facts, said = tuple(f for f in every if f.reference in held), " ".join(topic)
        return Subject(kind="encounter", words=said, facts=in_time(facts), absent=words_absent("encounter", topic))
    return Subject(kind="encounter", words=said, facts=in_time(facts), absent=(f"tagged:encounter:{said}",))
