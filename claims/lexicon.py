"""Names in a sentence that must be backed by a citation: measurements, medicines and their classes, problems."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from chart.appraisal import Appraisal
from chart.concept import Concept, concept_of
from chart.drug import Drugs
from chart.measurement import Measurements

_MEASURE_WORDS = {
    "hemoglobin": ("hemoglobin", "haemoglobin", "hb"),
    "hematocrit": ("hematocrit", "haematocrit", "hct"),
    "egfr": ("egfr", "glomerular filtration"),
    "hba1c": ("hba1c", "a1c", "glycated"),
    "potassium": ("potassium",),
    "sodium": ("sodium",),
    "ldl": ("ldl",),
    "triglycerides": ("triglycerides", "tg"),
    "spo2": ("spo2", "oxygen saturation"),
    "uacr": ("uacr", "albumin-creatinine", "microalbumin"),
}
_PLAIN_CLASS_WORDS = {"insulin", "vitamin", "iron", "opioid", "statin", "nsaid"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Name:
    """A name found in a sentence."""

    kind: str
    """``measurement ingredient class problem``."""
    key: str
    """Its key in the tables."""
    word: str
    """As written in the sentence, lower case."""


@lru_cache(maxsize=4)
def _measure_pattern(keys: tuple[tuple[str, tuple[str, ...]], ...]) -> re.Pattern[str]:
    words = sorted({w for _, many in keys for w in many}, key=len, reverse=True)
    return re.compile(r"\b(" + "|".join(re.escape(w) for w in words) + r")\b")


@lru_cache(maxsize=4)
def _measure_words(table_id: int, names: tuple[tuple[str, str], ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, name in names:
        for word in (*_MEASURE_WORDS.get(key, ()), name.lower()):
            found.setdefault(word, key)
    return found


def measurements_in(words: str, table: Measurements) -> list[Name]:
    """Measurements that a sentence names."""
    known = _measure_words(id(table), tuple((k, m.name) for k, m in table.by_key.items()))
    pattern = _measure_pattern(tuple((key, (word,)) for word, key in known.items()))
    return [Name(kind="measurement", key=known[m[1]], word=m[1]) for m in pattern.finditer(words)]


@lru_cache(maxsize=4)
def _drug_pattern(names: frozenset[str]) -> re.Pattern[str]:
    ordered = sorted(names, key=len, reverse=True)
    return re.compile(r"\b(" + "|".join(re.escape(n) for n in ordered) + r")s?\b")


def medicines_in(words: str, table: Drugs) -> list[Name]:
    """Ingredients and drug classes that a sentence names."""
    classes = {c.lower(): c for found in table.classes.values() for c in found}
    pattern = _drug_pattern(frozenset({*table.classes, *table.same, *classes}))
    found = []
    for match in pattern.finditer(words):
        word = match[1]
        if word in classes:
            found.append(Name(kind="class", key=classes[word], word=word))
        else:
            found.append(Name(kind="ingredient", key=table.same.get(word, word), word=word))
    return found


def problems_in(words: str, concepts: tuple[Concept, ...]) -> list[Name]:
    """Problems that a sentence names; catch-all rows are left out."""
    found = []
    for concept in concepts:
        if concept.kind in ("symptom", "social") or concept.key in ("infection", "injury", "dental", "pregnancy"):
            continue
        for pattern in concept.words:
            match = pattern.search(words)
            if match:
                found.append(Name(kind="problem", key=concept.key, word=match[0]))
                break
        else:
            if re.search(rf"\b{re.escape(concept.short.lower())}\b", words):
                found.append(Name(kind="problem", key=concept.key, word=concept.short.lower()))
    return found


def backing(appraisal: Appraisal, fact_ids: tuple[str, ...]) -> set[tuple[str, str]]:
    """What cited facts are about, as ``(kind, key)``."""
    found: set[tuple[str, str]] = set()
    for fact_id in fact_ids:
        fact = appraisal.chart.by_id[fact_id]
        measured = appraisal.table.measured_by(fact)
        if measured:
            found.add(("measurement", measured.key))
        if fact.kind in ("medication", "administration"):
            drug = appraisal.drug_table.read(fact.name)
            found |= {("ingredient", n) for n in drug.substances} | {("class", c) for c in drug.classes}
        if fact.kind in ("problem", "encounter", "procedure", "care_plan", "report"):
            found.add(("problem", concept_of(fact, appraisal.concepts).key))
    return found
