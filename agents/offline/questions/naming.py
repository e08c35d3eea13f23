"""The subject of a question that holds a name of the chart or of our tables."""

from __future__ import annotations

from collections.abc import Sequence

from agents.offline.questions.lexicon import FACT_KINDS, Phrase, own_name
from agents.offline.questions.subject import Subject, in_time, words_absent
from chart.appraisal import Appraisal
from chart.concept import OTHER, concept_of, plain_name
from chart.fact import Fact
from chart.spelling import is_named, spelled


def of_phrase(phrase: Phrase, appraisal: Appraisal) -> Subject:
    """What a name stands for in a chart."""
    if phrase.by == "measurement":
        return _measured(phrase.key.split(","), appraisal)
    if phrase.by in ("ingredient", "class"):
        return _medicine(phrase, appraisal)
    if phrase.by == "concept":
        return problem(phrase.key, next(c.short for c in appraisal.concepts if c.key == phrase.key), (), appraisal)
    facts = tuple(f for f in appraisal.chart.of(*FACT_KINDS[phrase.kind]) if spelled(own_name(f)) == phrase.words)
    facts = tuple(f for f in facts if not f.tags & {"reason", "negated"})
    if not facts:
        return Subject(kind=phrase.kind, words=plain_name(phrase.key), absent=words_absent(phrase.kind, phrase.words))
    name = plain_name(phrase.key)
    if phrase.kind == "result" and "[" not in phrase.key and "/" not in phrase.key:
        measured = appraisal.table.measured_by(facts[0])
        if measured is not None:
            return _measured([measured.key], appraisal)
    if phrase.kind == "problem":
        # "Hypertension" also means "Essential hypertension"; "Polyp of colon" is no rectal polyp.
        key = concept_of(facts[0], appraisal.concepts).key
        wider = [f for f in of_concept(key, appraisal) if is_named(phrase.words, f.name)]
        return problem("", name, (*facts, *wider), appraisal)
    if phrase.kind == "medication":
        return Subject(kind="medication", words=name, facts=facts)
    return Subject(kind=phrase.kind, words=name, facts=facts)


def _measured(keys: Sequence[str], appraisal: Appraisal) -> Subject:
    table = appraisal.table
    known = {key: table.by_key[key] for key in keys if key in table.by_key}
    facts = tuple(
        f
        for f in appraisal.chart.of(*FACT_KINDS["result"])
        if (m := table.measured_by(f)) is not None and m.key in known and f.value is not None
    )
    return Subject(
        kind="result",
        words="blood pressure" if len(known) > 1 else next(iter(known.values())).name,
        facts=in_time(facts),
        measurements=tuple(known),
        absent=tuple(f"measurement:{key}" for key in known),
    )


def _medicine(phrase: Phrase, appraisal: Appraisal) -> Subject:
    read = appraisal.drug_table.read
    by_class = phrase.by == "class"
    facts = tuple(
        f
        for f in appraisal.chart.of(*FACT_KINDS["medication"])
        if phrase.key in (read(f.name).classes if by_class else read(f.name).substances) and "negated" not in f.tags
    )
    return Subject(
        kind="medication",
        words=phrase.key,
        facts=in_time(facts),
        absent=(f"{phrase.by}:{phrase.key}",),
        ingredient=phrase.key,
    )


def narrow(key: str, appraisal: Appraisal) -> bool:
    """Whether a row of the problem table is one illness and not a drawer of many."""
    concept = next((c for c in appraisal.concepts if c.key == key), OTHER)
    return concept.kind in ("chronic", "event") and key not in ("injury", "dental", "infection")


def of_concept(key: str, appraisal: Appraisal) -> list[Fact]:
    """Problems of a row of our table, where it is one illness; any status."""
    if not narrow(key, appraisal):
        return []
    return [f for f in appraisal.chart.of("problem") if concept_of(f, appraisal.concepts).key == key]


def problem(key: str, words: str, facts: Sequence[Fact], appraisal: Appraisal) -> Subject:
    """A problem by its row or by its words, with the entries that are known to be it."""
    together = {f.id: f for f in (*facts, *of_concept(key, appraisal))}
    return Subject(
        kind="problem",
        words=words,
        facts=in_time(tuple(together.values())),
        absent=(f"problem:{key}",) if key else (f"worded:problem:{'+'.join(spelled(words))}",),
    )
