"""The local index: what is found, what is never cited, and what a broken file leaves behind."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.literature.documents import NOW, PAPERS, index_of, paper
from tools.literature.document import Document, Gone, Section
from tools.literature.errors import FileUnusable, IndexMissing, IndexUnusable, QueryUnusable
from tools.literature.indexing import IndexWriter
from tools.literature.local_index import LocalIndex
from tools.literature.passage import Found, sentence_at


@pytest.fixture
def index(tmp_path: Path) -> Iterator[LocalIndex]:
    with index_of(tmp_path / "index.sqlite", PAPERS) as opened:
        yield opened


def keys(found: Found) -> list[str]:
    return [p.document for p in found.passages]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("metformin with CKD", "pmid:1"),
        ("herpes zoster prevention", "pmid:2"),
        ("amlodipine edema", "pmid:3"),
        ("myocardial infarction", "pmid:4"),
        ("what prevents kidney stones?", "pmid:5"),
        ("METFORMIN", "pmid:1"),
        ("amlodipne swelling", "pmid:3"),
    ],
)
def test_the_paper_that_answers_comes_first(index: LocalIndex, query: str, first: str) -> None:
    assert keys(index.search(query))[0] == first


def test_a_misspelt_word_is_read_as_another_and_that_is_said(index: LocalIndex) -> None:
    assert index.search("amlodipne").read_as
    assert index.search("amlodipine").read_as == ()
    assert index.search("xyzzyquux").passages == ()


def test_each_sentence_has_an_address_that_leads_back_to_it(index: LocalIndex) -> None:
    passage = index.search("metformin").passages[0]
    assert passage.id == "pmid:1/1"
    assert (passage.year, passage.pmid, passage.publication_types) == (2019, "1", ("Randomized Controlled Trial",))
    assert [s.id for s in passage.addressed] == [f"pmid:1/1#{n}" for n in range(4)]
    for sentence in passage.addressed:
        assert sentence_at((passage,), sentence.id) == sentence
    assert passage.addressed[0].text == "Metformin in chronic kidney disease"
    assert passage.addressed[2].text == "Lactate rose in 3 of them."
    for wrong in ("pmid:1/1#4", "pmid:1/2#0", "pmid:1/1", "", "pmid:1/1#-1"):
        assert sentence_at((passage,), wrong) is None


def test_a_document_is_shown_once_and_its_passages_can_be_opened(tmp_path: Path) -> None:
    pages = tuple(Section(text=f"Sepsis bundle, part {n}. Give fluids.", page=n) for n in range(1, 4))
    guideline = Document(key="file:sepsis.pdf", title="Sepsis", sections=pages, origin="sepsis.pdf")
    with index_of(tmp_path / "i.sqlite", [guideline, *PAPERS]) as index:
        assert keys(index.search("sepsis bundle")) == ["file:sepsis.pdf"]
        opened = index.passages(["file:sepsis.pdf", "pmid:404"])
    assert [(p.id, p.page) for p in opened] == [(f"file:sepsis.pdf/{n}", n) for n in range(1, 4)]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_retracted_paper_is_named_and_never_returned(tmp_path: Path, order: tuple[int, int]) -> None:
    notice = paper(90, "Retraction: metformin cures gout", "This retracts the paper.", retracts=("91",))
    told = (paper(91, "Metformin cures gout", "It cured all."), notice)
    marked = paper(92, "Metformin cures gout again", "It cured all, too.", retracted=True)
    with index_of(tmp_path / "i.sqlite", [told[order[0]], told[order[1]], marked, *PAPERS]) as index:
        found = index.search("metformin cures gout")
        assert not {"pmid:90", "pmid:91", "pmid:92"} & set(keys(found))
        assert {"pmid:91", "pmid:92"} <= set(found.withheld)
        assert index.passages(["pmid:91", "pmid:92"]) == ()
        assert index.search("zoster").withheld == ()


def test_loading_again_replaces_and_a_deletion_takes_out(tmp_path: Path) -> None:
    path = tmp_path / "i.sqlite"
    index_of(path, PAPERS).close()
    with index_of(path, [paper(1, "Metformin, corrected", "Lactate rose in 2 of them."), Gone(key="pmid:5")]) as index:
        found = index.search("metformin lactate")
        assert keys(found) == ["pmid:1"]
        assert found.passages[0].title == "Metformin, corrected"
        assert index.search("stones").passages == ()
        assert index.documents == len(PAPERS) - 1


def test_a_file_that_breaks_in_the_middle_leaves_nothing_of_itself(tmp_path: Path) -> None:
    def breaking() -> Iterator[Document]:
        yield paper(7, "Colchicine", "It helps.")
        raise FileUnusable

    path = tmp_path / "i.sqlite"
    with IndexWriter(path) as writer:
        writer.add(PAPERS, now=NOW)
        with pytest.raises(FileUnusable):
            writer.add(breaking(), now=NOW)
        assert writer.add([paper(8, "Allopurinol", "It helps.")], now=NOW) == 1
        assert writer.remove("pmid:2") == 1
        assert writer.remove("pmid:2") == 0
    with LocalIndex(path) as index:
        assert index.search("colchicine").passages == ()
        assert keys(index.search("allopurinol")) == ["pmid:8"]
        assert index.documents == len(PAPERS)


def test_an_index_that_is_not_there_or_is_something_else(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match="preround literature index"):
        LocalIndex(tmp_path / "none.sqlite")
    (tmp_path / "text").write_text("not a database, but long enough to be looked at as one " * 40)
    with pytest.raises(IndexUnusable):
        LocalIndex(tmp_path / "text")
    with pytest.raises(IndexUnusable):
        IndexWriter(tmp_path / "text")
    other = sqlite3.connect(tmp_path / "other.sqlite")
    other.execute("CREATE TABLE about (name, value)")
    other.execute("INSERT INTO about VALUES ('format', '0')")
    other.commit()
    other.close()
    with pytest.raises(IndexUnusable):
        LocalIndex(tmp_path / "other.sqlite")


@pytest.mark.parametrize("query", ["", "   ", "the of and", "?!"])
def test_a_query_without_a_word_is_refused(index: LocalIndex, query: str) -> None:
    with pytest.raises(QueryUnusable):
        index.search(query)


def test_an_empty_index_answers(tmp_path: Path) -> None:
    with index_of(tmp_path / "i.sqlite", []) as index:
        assert index.search("anything").passages == ()


def test_how_many_and_whether_there_are_more(index: LocalIndex) -> None:
    two = index.search("kidney amlodipine zoster statins", limit=2)
    assert len(two.passages) == 2
    assert two.truncated
    assert two.passages[0].score >= two.passages[1].score
    assert not index.search("zoster", limit=10).truncated


@settings(max_examples=60)
@given(st.text(max_size=80))
def test_no_query_is_an_operator_of_the_engine(shared_index: LocalIndex, query: str) -> None:
    try:
        shared_index.search(f'{query} "metformin" OR NEAR(a b) -x title:y *')
    except QueryUnusable:
        pytest.fail("there are words in it")


@pytest.fixture(scope="module")
def shared_index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalIndex]:
    with index_of(tmp_path_factory.mktemp("index") / "i.sqlite", PAPERS) as opened:
        yield opened


def of(name: str, *numbers: int) -> list[Document]:
    """Papers of one file."""
    return [replace(paper(n, f"Paper {n}", "Gout hurts."), origin=name) for n in numbers]


def test_only_a_file_that_has_changed_is_read_again_and_what_it_lost_is_gone(tmp_path: Path) -> None:
    place = tmp_path / "i.sqlite"

    def never() -> Iterator[Document]:
        raise AssertionError
        yield

    with IndexWriter(place) as writer:
        assert writer.add_file("a/1.xml", "s1", of("a/1.xml", 1, 2), now=NOW) == 2
        assert writer.add_file("a/2.xml", "s2", of("a/2.xml", 3), now=NOW) == 1
        assert writer.add_file("a/1.xml", "s1", never(), now=NOW) is None
        assert writer.add_file("a/1.xml", "s3", of("a/1.xml", 2), now=NOW) == 1
    with LocalIndex(place) as index:
        assert [(f.name, f.documents, f.retracted, f.added) for f in index.files()] == [
            ("a/1.xml", 1, 0, NOW),
            ("a/2.xml", 1, 0, NOW),
        ]
        assert sorted(keys(index.search("gout"))) == ["pmid:2", "pmid:3"]


def test_a_file_that_cannot_be_read_to_its_end_is_read_again(tmp_path: Path) -> None:
    def broken() -> Iterator[Document]:
        yield from of("a/1.xml", 1)
        raise FileUnusable

    with IndexWriter(tmp_path / "i.sqlite") as writer:
        with pytest.raises(FileUnusable):
            writer.add_file("a/1.xml", "s1", broken(), now=NOW)
        assert writer.add_file("a/1.xml", "s1", of("a/1.xml", 1), now=NOW) == 1


def test_a_folder_a_file_or_a_document_is_taken_out_and_comes_back_when_it_is_indexed_again(tmp_path: Path) -> None:
    with IndexWriter(tmp_path / "i.sqlite") as writer:
        for name, numbers in (("a/1.xml", (1, 2)), ("a/2.xml", (3,)), ("ab/3.xml", (4,))):
            writer.add_file(name, "s", of(name, *numbers), now=NOW)
        assert writer.remove("pmid:1") == 1
        assert writer.add_file("a/1.xml", "s", of("a/1.xml", 1, 2), now=NOW) == 2, "it lacks a document, so it is read"
        assert writer.remove("a/2.xml") == 1
        assert writer.remove("a") == 2, "and not the folder `ab`"
        assert writer.remove("a") == 0
        assert writer.add_file("a/2.xml", "s", of("a/2.xml", 3), now=NOW) == 1
    with LocalIndex(tmp_path / "i.sqlite") as index:
        assert [f.name for f in index.files()] == ["a/2.xml", "ab/3.xml"]
