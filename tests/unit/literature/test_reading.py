"""Files as literature: what is read of them, and that a broken one is refused in a sentence."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.chart.samples import needs
from tests.unit.literature.pdfs import pdf
from tools.literature.document import Document, Gone
from tools.literature.errors import FileUnusable
from tools.literature.reading.documents import documents_of
from tools.literature.reading.file import File, files_in
from tools.literature.reading.pubmed_xml import ROOTS, read_pubmed
from tools.literature.xml import DEEPEST, XmlUnusable, elements

ENTRY = """<PubmedArticle><MedlineCitation><PMID Version="1">{pmid}</PMID><Article><Journal><JournalIssue><PubDate>
<MedlineDate>2019 Nov-Dec</MedlineDate></PubDate></JournalIssue><ISOAbbreviation>J Inv</ISOAbbreviation></Journal>
<ArticleTitle>Effects of <i>E. coli</i> on H<sub>2</sub>O.</ArticleTitle><Abstract><AbstractText Label="AIM">To see.
</AbstractText><AbstractText Label="RESULTS">Seen.</AbstractText></Abstract><PublicationTypeList>{types}
</PublicationTypeList></Article>{links}<MeshHeadingList><MeshHeading><DescriptorName>Water</DescriptorName></MeshHeading>
</MeshHeadingList></MedlineCitation>
<PubmedData><ArticleIdList><ArticleId IdType="doi">10.1/ABC</ArticleId></ArticleIdList>
<ReferenceList><Reference><ArticleIdList><ArticleId IdType="doi">10.1/other</ArticleId></ArticleIdList></Reference>
</ReferenceList></PubmedData></PubmedArticle>"""
TYPE = "<PublicationType>{}</PublicationType>"
BOMB = """<?xml version="1.0"?>
<!DOCTYPE PubmedArticleSet [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><PubmedArticleSet>&c;</PubmedArticleSet>"""
OUTSIDE = """<?xml version="1.0"?><!DOCTYPE PubmedArticleSet [<!ENTITY a SYSTEM "file:///etc/hostname">]>
<PubmedArticleSet><PubmedArticle>&a;</PubmedArticle></PubmedArticleSet>"""


def entries(*rows: str) -> bytes:
    return f"<PubmedArticleSet>{''.join(rows)}</PubmedArticleSet>".encode()


def one(body: bytes) -> Document:
    (document,) = read_pubmed([body], origin="x.xml")
    assert isinstance(document, Document)
    return document


def written(folder: Path, name: str, body: bytes | str) -> File:
    path = folder / name
    path.write_bytes(body if isinstance(body, bytes) else body.encode())
    (file,) = files_in([path])
    return file


def test_a_paper_of_pubmed() -> None:
    document = one(entries(ENTRY.format(pmid=77, types=TYPE.format("Review"), links="")))
    assert document.key == "pmid:77"
    assert document.title == "Effects of E. coli on H2O."
    assert [s.text for s in document.sections] == ["AIM: To see. RESULTS: Seen."]
    assert (document.year, document.doi, document.journal) == (2019, "10.1/abc", "J Inv")
    assert document.publication_types == ("Review",)
    assert document.subjects == ("Water",)
    assert not document.retracted


@pytest.mark.parametrize(
    ("types", "links"),
    [
        (TYPE.format("Retracted Publication"), ""),
        ("", '<CommentsCorrectionsList><CommentsCorrections RefType="RetractionIn"/></CommentsCorrectionsList>'),
    ],
)
def test_a_retracted_paper_of_pubmed(types: str, links: str) -> None:
    assert one(entries(ENTRY.format(pmid=77, types=types, links=links))).retracted


def test_a_notice_names_what_it_retracts_and_a_deletion_takes_back() -> None:
    links = (
        '<CommentsCorrectionsList><CommentsCorrections RefType="RetractionOf"><PMID>76</PMID></CommentsCorrections>'
        '<CommentsCorrections RefType="Cites"><PMID>75</PMID></CommentsCorrections></CommentsCorrectionsList>'
    )
    notice = one(entries(ENTRY.format(pmid=78, types=TYPE.format("Retraction of Publication"), links=links)))
    assert notice.retracts == ("76",)
    assert not notice.retracted
    gone = "<DeleteCitation><PMID>1</PMID><PMID>2</PMID></DeleteCitation>"
    assert list(read_pubmed([entries(gone)], origin="x")) == [Gone(key="pmid:1"), Gone(key="pmid:2")]


@pytest.mark.parametrize("body", [BOMB, OUTSIDE, BOMB.replace("&c;", "")])
def test_no_entity_is_expanded_or_fetched(body: str) -> None:
    with pytest.raises(XmlUnusable, match="entit"):
        list(read_pubmed([body.encode()], origin="x"))


def test_xml_that_is_not_whole_too_deep_or_something_else() -> None:
    whole = entries(ENTRY.format(pmid=77, types="", links=""))
    with pytest.raises(XmlUnusable, match="not whole"):
        list(read_pubmed([whole[: len(whole) // 2]], origin="x"))
    with pytest.raises(XmlUnusable, match="first element"):
        list(read_pubmed([b"<html></html>"], origin="x"))
    deep = b"<PubmedArticleSet>" + b"<a>" * (DEEPEST + 1)
    with pytest.raises(XmlUnusable, match="deep"):
        list(read_pubmed([deep], origin="x"))


@settings(max_examples=50)
@given(st.integers(min_value=1, max_value=400))
def test_the_chunks_in_which_xml_comes_change_nothing(size: int) -> None:
    whole = entries(ENTRY.format(pmid=77, types="", links=""), ENTRY.format(pmid=78, types="", links=""))
    chunks = [whole[at : at + size] for at in range(0, len(whole), size)]
    assert list(read_pubmed(chunks, origin="x")) == list(read_pubmed([whole], origin="x"))


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        list(elements([b"<PubmedArticleSet>", body], frozenset({"a"}), roots=ROOTS))
    except XmlUnusable:
        return


def test_real_answers_of_pubmed() -> None:
    folder = needs("pubmed")
    read: dict[str, Document] = {}
    for file in files_in([folder]):
        if file.path.name.startswith("pubmed") and file.kind == ".xml":
            read |= {d.key: d for d in documents_of(file) if isinstance(d, Document)}
    assert len(read) >= 8
    assert all(d.year and d.title and d.journal and d.publication_types for d in read.values())
    paper = read["pmid:27797938"]
    assert (paper.year, paper.doi, paper.journal) == (2017, "10.1136/gutjnl-2016-312510", "Gut")
    assert "Observational Study" in paper.publication_types
    assert paper.sections[0].text.startswith("OBJECTIVE: Telomere shortening")
    assert not any(d.retracted for d in read.values())


def test_real_medline_files() -> None:
    folder = needs("pubmed")
    read = [
        d for name in ("pubmed_result1.txt", "pubmed_result2.txt") for d in documents_of(*files_in([folder / name]))
    ]
    assert len(read) >= 2
    first = read[0]
    assert isinstance(first, Document)
    assert (first.pmid, first.year, first.journal) == ("12230038", 2002, "Brief Bioinform")
    assert first.title == "The Bio* toolkits--a brief overview."
    assert first.sections[0].text.endswith("biologist programmer.")


def test_jsonl_with_and_without_what_is_known_besides(tmp_path: Path) -> None:
    rows = [
        {"_id": "a", "text": "What is gout?\nA disease of joints."},
        {"pmid": 12, "title": "Gout", "abstract": "It hurts.", "year": "2020", "doi": "https://doi.org/10.1000/X.1"},
        {"id": 3, "title": "Withdrawn", "text": "No.", "publication_types": ["Retracted Publication"]},
        {"id": 4, "title": "Also withdrawn", "text": "No.", "retracted": True},
        {"id": 5, "text": "From PubMed. Yes.", "url": "http://www.ncbi.nlm.nih.gov/pubmed/34022131"},
    ]
    body = "\n\n".join(json.dumps(row) for row in rows).encode()
    plain = list(documents_of(written(tmp_path, "c.jsonl", body)))
    packed = list(documents_of(written(tmp_path, "c.jsonl.gz", gzip.compress(body, mtime=0))))
    documents = [d for d in plain if isinstance(d, Document)]
    assert [d.title for d in documents] == [d.title for d in packed if isinstance(d, Document)]
    assert [d.key for d in documents] == [
        "file:c.jsonl:a",
        "pmid:12",
        "file:c.jsonl:3",
        "file:c.jsonl:4",
        "pmid:34022131",
    ]
    assert [d.retracted for d in documents] == [False, False, True, True, False]
    assert (documents[1].year, documents[1].doi) == (2020, "10.1000/x.1")
    assert documents[0].sections[0].text == "A disease of joints."


def test_markdown_by_its_headings(tmp_path: Path) -> None:
    text = """---
title: Sepsis in our wards
year: 2020
publication_types: Local guideline
---
# Sepsis
Measure lactate.

## Fluids
- Give **30 mL/kg** within [3 hours](https://example.org).
- Look again.
<!-- a note to ourselves -->
## Antibiotics
Within an hour.
"""
    (document,) = documents_of(written(tmp_path, "sepsis.md", text))
    assert isinstance(document, Document)
    assert (document.title, document.year, document.publication_types) == (
        "Sepsis in our wards",
        2020,
        ("Local guideline",),
    )
    assert [s.heading for s in document.sections] == ["Sepsis", "Sepsis › Fluids", "Sepsis › Antibiotics"]
    assert document.sections[1].text.split("\n\n") == ["Give 30 mL/kg within 3 hours.", "Look again."]


def test_pdf_page_by_page(tmp_path: Path) -> None:
    body = pdf("Sepsis: measure lactate.", "", "Give fluids.", title="Sepsis in our wards")
    (document,) = documents_of(written(tmp_path, "sepsis.pdf", body))
    assert isinstance(document, Document)
    assert (document.title, document.year) == ("Sepsis in our wards", 2020)
    assert [(s.page, s.text) for s in document.sections] == [(1, "Sepsis: measure lactate."), (3, "Give fluids.")]


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("half.xml", b"<PubmedArticleSet><PubmedArticle>", "not usable PubMed XML"),
        ("bomb.xml", BOMB.encode(), "entities"),
        ("page.xml", b"<html/>", "not usable PubMed XML"),
        ("a.jsonl", b'{"text": "x"}\n{"text"', "Line 2"),
        ("b.jsonl", b"[1]", "JSON object"),
        ("c.jsonl", b'{"_id": "1"}', "no title"),
        ("d.jsonl.gz", gzip.compress(b'{"text": "x"}' * 999, mtime=0)[:40], "not whole"),
        ("e.jsonl.gz", b"not packed", "not whole"),
        ("f.md", b"", "no text"),
        ("g.md", b"\xff\xfe\x00", "UTF-8"),
        ("h.md", b"---\na: [\n---\nText.", "front matter"),
        ("i.pdf", b"not a PDF", "not a whole PDF"),
        ("j.pdf", pdf("Give fluids.")[:200], "not a whole PDF"),
        ("k.pdf", pdf(""), "only pictures"),
    ],
)
def test_a_broken_file_is_refused_in_a_sentence_that_names_it(
    tmp_path: Path, name: str, body: bytes, said: str
) -> None:
    file = written(tmp_path, name, body)
    with pytest.raises(FileUnusable, match=said) as refused:
        list(documents_of(file))
    assert name in str(refused.value)


@settings(max_examples=150)
@given(st.integers(0, 700), st.integers(0, 60), st.binary(max_size=20))
def test_a_damaged_pdf_is_read_or_refused(broken: Path, at: int, gone: int, instead: bytes) -> None:
    whole = pdf("Give fluids.", "Measure lactate.")
    file = written(broken, "broken.pdf", whole[:at] + instead + whole[at + gone :])
    try:
        assert list(documents_of(file))
    except FileUnusable:
        return


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("broken")


def test_a_folder_is_walked_and_its_hidden_and_unknown_files_are_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "guidelines"
    (folder / "deep" / ".git").mkdir(parents=True)
    for name in ("b.md", "deep/a.md", "deep/.git/c.md", "picture.png", ".hidden.md"):
        (folder / name).write_text("Text.")
    assert [f.name for f in files_in([folder, folder / "b.md"])] == ["guidelines/b.md", "guidelines/deep/a.md"]
    with pytest.raises(FileUnusable, match="nothing to index"):
        files_in([folder / "picture.png"])
    with pytest.raises(FileUnusable, match="does not exist"):
        files_in([folder / "none"])
