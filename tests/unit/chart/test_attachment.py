"""Attachments to text: what a note says comes through, what is hostile or has no text is said and costs nothing."""

from __future__ import annotations

import base64
import gzip
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chart.chart import Chart
from chart.extract.attachment import LARGEST, MOST_CHARACTERS, Unreadable, readable, text_of
from chart.node import Node
from chart.notes import sentences
from tests.unit.literature.pdfs import pdf

PATIENT = {"resourceType": "Patient", "id": "p"}
CDA = """<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3"><title>Visit note</title>
<component><structuredBody><component><section><code code="x"/><title>ALLERGIES</title>
<text><table><thead><tr><th>Substance</th><th>Reaction</th></tr></thead>
<tbody><tr><td>Penicillin</td><td>Nausea<br/>and rash</td></tr></tbody></table></text>
<entry><observation><value>not narrative</value></observation></entry></section></component>
<component><section><title>Plan</title><text><list><item>Stop <content>ibuprofen</content>.</item>
<item>Take 5&#160;mg/m<sup>2</sup>.</item></list><paragraph>See again in May.</paragraph></text></section></component>
</structuredBody></component></ClinicalDocument>"""


def attachment(raw: bytes, kind: str = "") -> Node:
    return Node({"contentType": kind, "data": base64.b64encode(raw).decode()}, "DocumentReference.content.attachment")


def note(*attachments: dict[str, Any], name: str = "n", kind: str = "DocumentReference") -> dict[str, Any]:
    own = {"resourceType": kind, "id": name, "type": {"text": "Note"}, "date": "2021-05-14", "status": "current"}
    if kind == "DiagnosticReport":
        dated = {"code": {"text": "Note"}, "effectiveDateTime": "2021-05-14"}
        return own | dated | {"status": "final", "presentedForm": list(attachments)}
    return own | {"content": [{"attachment": a} for a in attachments]}


def chart(*resources: dict[str, Any]) -> Chart:
    return Chart.build([PATIENT, *resources], as_of=datetime(2022, 1, 1, tzinfo=UTC))


def packed(raw: bytes, kind: str) -> dict[str, Any]:
    return {"contentType": kind, "data": base64.b64encode(raw).decode()}


@pytest.mark.parametrize(
    ("raw", "kind", "text"),
    [
        (b"Sats 94 %.\nWell.", "text/plain", "Sats 94 %.\nWell."),
        ("Größe 1,80 m; 5 µg".encode(), "text/plain", "Größe 1,80 m; 5 µg"),
        ("Größe 5 µg".encode("latin-1"), "text/plain; charset=ISO-8859-1", "Größe 5 µg"),
        ("Größe “5”".encode("cp1252"), "text/plain", "Größe “5”"),
        ("Größe".encode("cp1252"), "text/plain; charset=utf-8", "Größe"),  # the label is wrong, the bytes decide
        ("Größe".encode("utf-16"), "text/plain", "Größe"),
        (b"\xef\xbb\xbfmarked", "", "marked"),
        (
            b"<p>One</p><script>alert(1)</script><style>p{}</style><p>T<b>w</b>o &amp; three</p>",
            "text/html",
            "One\nTwo & three",
        ),
        (b"<h2>Plan</h2><ul><li>Stop it</li></ul>", "text/plain", "# Plan\n- Stop it"),
        (b"<table><tr><td>Na</td><td>140</td></tr></table>", "text/html", "Na 140"),
        (b"BP < 140 and > 90", "text/plain", "BP < 140 and > 90"),
        (
            b"{\\rtf1\\ansi\\b Plan\\b0\\par Stop ibuprofen, 5 \\'b5g.\\par}",
            "text/rtf",
            "Plan\nStop ibuprofen, 5 µg.\n",
        ),
        (b"{\\rtf1 mislabelled}", "text/plain", "mislabelled"),
        (pdf("Stop ibuprofen", "See in May"), "application/pdf", "Stop ibuprofen\nSee in May"),
        (pdf("No type"), "", "No type"),
        (gzip.compress(b"packed words", mtime=0), "text/plain", "packed words"),
        (b"<?xml version='1.0'?><note><to>Dr A</to></note>", "application/xml", "Dr A"),
    ],
    ids=str,
)
def test_the_words_come_through(raw: bytes, kind: str, text: str) -> None:
    assert text_of(attachment(raw, kind)) == text


@pytest.mark.parametrize("pack", [lambda raw: raw, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("kind", ["text/xml", "application/hl7-sda+xml", "text/plain", ""])
def test_a_clinical_document_is_read_section_by_section(pack: Callable[[bytes], bytes], kind: str) -> None:
    lines = text_of(attachment(pack(CDA.encode()), kind)).split("\n")
    assert lines == [
        *("Visit note", "# ALLERGIES", "Substance Reaction", "Penicillin Nausea", "and rash", "# Plan"),
        *("- Stop ibuprofen.", "- Take 5 mg/m2.", "See again in May."),
    ]


def test_sections_and_sentences_of_a_clinical_document_can_be_cited() -> None:
    found = chart(note(packed(CDA.encode(), "text/xml")))
    said = {s.text: (s.section, s.index) for s in sentences(found.notes[0])}
    assert said["Stop ibuprofen."][0] == "plan"
    assert said["Penicillin Nausea"][0] == "allergies"
    assert found.notes[0].path == "DocumentReference.content.attachment.data"


def test_an_unstructured_document_is_read_where_it_has_words() -> None:
    def cda(inner: str) -> bytes:
        body = f"<component><nonXMLBody>{inner}</nonXMLBody></component>"
        return f'<ClinicalDocument xmlns="urn:hl7-org:v3"><title>T</title>{body}</ClinicalDocument>'.encode()

    inside = base64.b64encode(pdf("Inside")).decode()
    assert readable(cda(f'<text mediaType="application/pdf" representation="B64">{inside}</text>'), "") == "T\nInside"
    with pytest.raises(Unreadable, match="points at another"):
        readable(cda('<text><reference value="x.pdf"/></text>'), "")
    nested = base64.b64encode(cda("<text>x</text>")).decode()
    with pytest.raises(Unreadable, match="in a document"):
        readable(cda(f'<text representation="B64">{nested}</text>'), "")


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><ClinicalDocument xmlns="urn:hl7-org:v3"><title>&c;</title>'
    "</ClinicalDocument>"
)
OUTSIDE = (
    '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><ClinicalDocument><title>&x;</title></ClinicalDocument>'
)


@pytest.mark.parametrize(
    ("raw", "kind", "why"),
    [
        (b"", "text/plain", "it is empty"),
        (b"   ", "text/plain", "no text"),
        (b"\x89PNG\r\n\x1a\n\0\0", "image/png", "it is image/png"),
        (b"GIF89a", "image/gif", "it is image/gif"),
        (b"\0\1\2\3", "", "no known kind"),
        (LAUGHS.encode(), "text/xml", "declares entities"),
        (LAUGHS.encode("utf-16"), "text/xml", "declares entities"),
        (OUTSIDE.encode(), "", "declares entities"),
        (b"<ClinicalDocument", "text/xml", "XML is broken"),
        (b"<a>" * 5000, "text/xml", "XML is broken"),
        (b"<p " + b" ".join(b"a%d=1" % i for i in range(20000)) + b">", "text/html", "tag without end"),
        (b"<!-- nothing -->", "text/html", "HTML is empty"),
        (b"%PDF-1.4 broken", "application/pdf", "cannot be opened"),
        (pdf(""), "application/pdf", "PDF of pictures"),
        (b"%PDF-1.4" + b" " * (5 * 1024 * 1024), "application/pdf", "PDF of more than 4 MB"),
        (gzip.compress(b"a" * (LARGEST + 1), mtime=0), "text/plain", "unpacks to more than 12 MB"),
        (b"\x1f\x8bbroken", "text/plain", "compression is broken"),
        (b"a" * (LARGEST + 1), "text/plain", "larger than 12 MB"),
    ],
    ids=range(18),
)
def test_what_has_no_text_or_is_hostile_is_said(raw: bytes, kind: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        text_of(attachment(raw, kind))


def test_a_long_text_is_cut() -> None:
    assert len(text_of(attachment(b"word " * (MOST_CHARACTERS // 4), "text/plain"))) == MOST_CHARACTERS


@pytest.mark.parametrize(
    "part", ["<", "<script ", "<!--", "<a b=", "</", "<div>", "<b><i><p>", "{\\rtf1 {", "{\\rtf1 \\u1 ", "&amp"]
)
def test_the_cost_of_markup_grows_with_its_size_alone(part: str) -> None:
    started = time.process_time()
    with suppress(Unreadable):
        readable((part * (600_000 // len(part))).encode(), "text/html")
    assert time.process_time() - started < 3


@settings(max_examples=150)
@given(raw=st.binary(max_size=300), head=st.sampled_from([b"", b"<p", b"{\\rtf", b"%PDF-", b"<?xml", b"\x1f\x8b\x08"]))
def test_whatever_the_bytes_it_is_text_or_said(raw: bytes, head: bytes) -> None:
    with suppress(Unreadable):
        assert readable(head + raw, "text/plain").strip()


def test_the_first_readable_attachment_speaks_and_what_none_can_read_is_named() -> None:
    scan, words = packed(b"\0\1", "image/tiff"), packed(b"Well.", "text/plain")
    found = chart(note(scan, words), note(scan, name="m"), note({"url": "Binary/b"}, name="u"))
    assert [(n.text, n.path) for n in found.notes] == [("Well.", "DocumentReference.content[1].attachment.data")]
    assert dict(found.unreadable) == {
        "DocumentReference/m": "it is image/tiff, which has no text",
        "DocumentReference/u": "its content is not here",
    }


def test_a_report_in_words_is_a_note_too_and_counts_once_beside_one() -> None:
    words = packed(b"No fracture.", "text/plain")
    report = note(words, name="r", kind="DiagnosticReport")
    assert [n.path for n in chart(report).notes] == ["DiagnosticReport.presentedForm.data"]
    assert len(chart(report, note(words)).notes) == 1
    assert len(chart(note(words), {**note(words, name="later"), "date": "2021-06-01"}).notes) == 2
