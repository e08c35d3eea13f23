"""Questions that may leave hold concepts of our own tables, whatever a chart says."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.chart.entries import chart_of
from tools.literature.concept import (
    MOST,
    Concept,
    ConceptQuery,
    Topic,
    concept_of_fact,
    query_about,
    query_in,
    vocabulary,
)
from tools.literature.errors import QueryUnusable
from tools.literature.remote.europe_pmc import query_of
from tools.literature.remote.pubmed import term_of

CKD = Concept(kind="problem", key="ckd")
METFORMIN = Concept(kind="ingredient", key="metformin")


def test_every_word_of_the_vocabulary_is_plain() -> None:
    assert len(vocabulary()) > 150
    for words in vocabulary().values():
        assert words
        for word in words:
            assert word.replace(" ", "").replace("-", "").replace("/", "").isalnum(), word


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("problem", "Orion Testpatient"),
        ("problem", "ckd "),
        ("problem", 'ckd" OR "Testpatient'),
        ("ingredient", "ckd"),
        ("note", "ckd"),
        ("problem", ""),
        ("problem", None),
    ],
)
def test_what_stands_in_no_table_cannot_be_a_concept_and_is_not_repeated(kind: Any, key: Any) -> None:
    with pytest.raises(QueryUnusable) as refused:
        Concept(kind=kind, key=key)
    assert "Testpatient" not in str(refused.value)


@given(st.text(max_size=60))
def test_no_free_text_is_a_concept(text: str) -> None:
    if ("problem", text) in vocabulary():
        return
    with pytest.raises(QueryUnusable):
        Concept(kind="problem", key=text)


def test_a_question_has_no_place_for_anything_else() -> None:
    assert {f.name for f in fields(ConceptQuery)} == {"concepts", "topic"}
    assert {f.name for f in fields(Concept)} == {"kind", "key"}
    with pytest.raises(QueryUnusable):
        ConceptQuery(concepts=())
    with pytest.raises(QueryUnusable):
        ConceptQuery(concepts=(CKD,), topic=cast(Topic, "Orion Testpatient"))
    with pytest.raises(QueryUnusable):
        ConceptQuery(concepts=(cast(Concept, "Orion Testpatient"),))
    many = tuple(Concept(kind=kind, key=key) for kind, key in list(vocabulary())[: MOST + 1])
    with pytest.raises(QueryUnusable):
        ConceptQuery(concepts=many)


class Loose(Concept):
    """A concept that says what it likes."""

    @property
    def words(self) -> tuple[str, ...]:
        return ("Orion Testpatient",)


def test_a_concept_that_overrides_its_words_is_refused() -> None:
    with pytest.raises(QueryUnusable):
        ConceptQuery(concepts=(Loose(kind="problem", key="ckd"),))


def test_how_it_is_asked() -> None:
    query = ConceptQuery(concepts=(CKD, METFORMIN), topic="harms")
    assert query.text == "chronic kidney disease metformin adverse effects"
    assert term_of(query) == (
        '("chronic kidney disease"[All Fields] OR "chronic renal insufficiency"[All Fields])'
        ' AND ("metformin"[All Fields])'
        ' AND ("adverse effects"[All Fields] OR "drug safety"[All Fields])'
        ' AND hasabstract NOT "retracted publication"[Publication Type]'
        ' NOT "retraction of publication"[Publication Type]'
    )
    assert query_of(ConceptQuery(concepts=(METFORMIN,))) == '("metformin") AND HAS_ABSTRACT:y AND SRC:MED'


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("metformin in chronic kidney disease", (METFORMIN, CKD)),
        ("CKD, metformin and Orion Testpatient of Springfield born 1950", (CKD, METFORMIN)),
        ("Orion Testpatient", None),
        ("", None),
    ],
)
def test_what_somebody_types_is_read_by_the_names_of_our_tables(
    typed: str, expected: tuple[Concept, ...] | None
) -> None:
    query = query_in(typed)
    assert (query.concepts if query else None) == expected


def test_a_typed_topic() -> None:
    query = query_in("asthma treatment")
    assert query is not None
    assert query.topic == "treatment"


def test_facts_of_a_chart_become_rows_of_our_tables() -> None:
    chart = chart_of(
        {
            "a": {"problem": "Chronic kidney disease stage 3 of Orion Testpatient"},
            "b": {"problem": "Orion's own rare disease"},
            "c": {"medicine": "metformin 500 MG Oral Tablet for Orion", "date": "2021-05-01"},
            "d": {"lab": "HbA1c", "date": "2021-05-14", "value": "8.1 %"},
        }
    )
    assert {concept_of_fact(fact) for fact in chart.facts} == {CKD, METFORMIN, None}
    query = query_about(chart.facts)
    assert query is not None
    assert set(query.concepts) == {CKD, METFORMIN}
    assert query_about(chart.of("lab", "patient")) is None
