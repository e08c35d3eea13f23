"""What a round asks, and which sentence of an answer is worth quoting."""

from __future__ import annotations

from pathlib import Path

import pytest

from chart.chart import Chart
from tests.unit.chart.samples import stories
from tests.unit.literature.documents import PAPERS, index_of, paper
from tools.literature.passage import Passage
from tools.literature.question import Question, question_in, question_of
from tools.literature.quotable import quotable


def asked(title: str, *topics: str) -> Question:
    return question_of(about="x|1", title=title, topics=topics, facts=())


def passage(*sentences: str, title: str = "A guideline", heading: str = "", year: int | None = None) -> Passage:
    return Passage(
        id="file:g.md/1",
        document="file:g.md",
        title=title,
        heading=heading,
        sentences=sentences,
        origin="g.md",
        pmid=None,
        doi=None,
        year=year,
        journal=None,
        publication_types=(),
        url=None,
        page=None,
        score=1.0,
    )


def quotes(question: Question, *passages: Passage, year: int = 2026) -> list[str]:
    return [q.passage.sentences[q.index - 1] for q in quotable(question, passages, most=2, year=year)]


EYE = asked("Refer for a retinal examination", "diabetes", "eye")
SHOULD = "Adults with diabetes should have an eye examination every year."


def test_the_sentence_that_says_what_should_be_done_is_quoted() -> None:
    others = ("Diabetes is common.", "We aimed to study eye examinations in diabetes.", SHOULD, "The rest is silence.")
    assert quotes(EYE, passage(*others)) == [SHOULD]


@pytest.mark.parametrize(
    "sentence",
    [
        pytest.param("Adults with diabetes should have their feet inspected.", id="another-part-of-the-body"),
        pytest.param("Adults with asthma should have an eye examination.", id="another-problem"),
        pytest.param("The eye in diabetes is under examination.", id="states-nothing"),
        pytest.param("METHODS: Adults with diabetes should have an eye examination.", id="a-method"),
        pytest.param("Should adults with diabetes have an eye examination every year?", id="a-question"),
        pytest.param("adults with diabetes should have an eye examination.", id="a-fragment"),
        pytest.param("Adults with diabetes should have an eye examination, " + "and more " * 40 + ".", id="too-long"),
        pytest.param("Eye examination should.", id="too-short"),
    ],
)
def test_what_is_only_related_is_not(sentence: str) -> None:
    assert quotes(EYE, passage(sentence)) == []


def test_what_the_heading_says_need_not_be_said_again() -> None:
    said = "An eye examination should be offered every year."
    assert quotes(EYE, passage(said)) == []
    assert quotes(EYE, passage(said, heading="Diabetes")) == [said]


def test_what_was_not_yet_printed_is_not_cited() -> None:
    assert quotes(EYE, passage(SHOULD, year=2022), year=2021) == []
    assert quotes(EYE, passage(SHOULD, year=2021), passage(SHOULD), year=2021) == [SHOULD, SHOULD]


def test_a_title_that_no_table_knows_must_be_spoken_of_by_half() -> None:
    own = asked("Offer the falls programme", "falls")
    assert quotes(own, passage("Older adults should be offered a falls programme.")) != []
    assert quotes(own, passage("Older adults should be offered a vaccine.")) == []


def test_only_concepts_of_a_chart_are_asked() -> None:
    resources, now = stories()["diabetes-ckd"]
    chart = Chart.build(resources, as_of=now)
    question = question_of(about="x|1", title="", topics=(), facts=chart.facts)
    assert question.concepts is not None
    assert 1 <= len(question.concepts.concepts) <= 2
    assert question.words == question.concepts.text
    named = question_in("Did Aurora Testpatient of 12 Invented Lane need metformin in kidney disease?")
    assert named is not None
    assert "metformin" in named.words
    assert not {"Aurora", "Testpatient", "12", "Invented", "Lane"} & set(named.words.split())
    assert question_in("How is Aurora Testpatient?") is None


def test_an_index_says_which_documents_were_retracted(tmp_path: Path) -> None:
    bad = paper(9, "Metformin withdrawn", retracted=True)
    with index_of(tmp_path / "i.sqlite", [*PAPERS, bad]) as index:
        assert index.retracted(["pmid:1", "pmid:9", "pmid:404"]) == {"pmid:9"}
        assert index.passages(["pmid:9"]) == ()
