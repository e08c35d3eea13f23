"""PubMed and Europe PMC over a socket: a stub replays real answers and faults, and shows what never leaves."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chart.chart import Chart
from tests.unit.chart.samples import needs, stories
from tests.unit.fhir.socket_server import served
from tools.literature.concept import Concept, ConceptQuery, query_about, vocabulary
from tools.literature.errors import SourceGarbled, SourceOff, SourceUnreachable
from tools.literature.remote.cache import Cache
from tools.literature.remote.connection import Connection
from tools.literature.remote.europe_pmc import EuropePmc, query_of
from tools.literature.remote.pubmed import PubMed, term_of
from tools.literature.remote.terms_of_use import PUBMED, TermsOfUse, europe_pmc_terms, pubmed_terms
from tools.literature.search import search_sources
from tools.literature.source import Source

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
QUERY = ConceptQuery(concepts=(Concept(kind="problem", key="ckd"), Concept(kind="ingredient", key="metformin")))
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE PubmedArticleSet [<!ENTITY a "aaaaaaaaaaaaaaaa">'
    + "".join(f'<!ENTITY a{n} "{"&a;" if n == 0 else f"&a{n - 1};" * 10}">' for n in range(12))
    + "]><PubmedArticleSet>&a11;</PubmedArticleSet>"
)
Fault = Callable[[Request], Response | None]


@dataclass
class Stub:
    """NCBI and Europe PMC in one: it replays, keeps what it was asked, and fails where it is told to."""

    articles: list[str]
    search: str
    europe: Mapping[str, Any]
    faults: list[Response | None] = field(default_factory=list)
    """Answers in the place of the next ones; None lets one through."""
    asked: list[tuple[str, dict[str, str], str]] = field(default_factory=list)
    """Path, form and everything else that was sent, in order."""
    moments: list[float] = field(default_factory=list)

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[Route("/fhir/{verb}", self._answer, methods=["GET", "POST"])])

    async def _answer(self, request: Request) -> Response:
        body = (await request.body()).decode()
        form = {key: values[0] for key, values in parse_qs(body).items()}
        rest = f"{request.url.query} {[v for _, v in request.headers.items()]} {body}"
        self.asked.append((request.path_params["verb"], form, rest))
        self.moments.append(asyncio.get_running_loop().time())
        if self.faults and (fault := self.faults.pop(0)) is not None:
            return fault
        if request.path_params["verb"] == "esearch.fcgi":
            return Response(self.search, media_type="text/xml")
        if request.path_params["verb"] == "searchPOST":
            return self._europe(form)
        start, size = int(form["retstart"]), int(form["retmax"])
        return Response(article_set(self.articles[start : start + size]), media_type="text/xml")

    def _europe(self, form: Mapping[str, str]) -> Response:
        at = 0 if form["cursorMark"] == "*" else int(form["cursorMark"])
        rows = self.europe["resultList"]["result"][at : at + 2]
        answer = {**self.europe, "resultList": {"result": rows}, "nextCursorMark": str(at + len(rows))}
        return Response(json.dumps(answer), media_type="application/json")

    @property
    def verbs(self) -> list[str]:
        return [verb for verb, _, _ in self.asked]


def article_set(articles: list[str]) -> str:
    return f'<?xml version="1.0" ?>\n<PubmedArticleSet>{"".join(articles)}</PubmedArticleSet>'


def retracted(article: str) -> str:
    """The same paper with what PubMed adds to a retracted one."""
    kind = '<PublicationType UI="D016441">Retracted Publication</PublicationType>'
    return article.replace("</PublicationTypeList>", f"{kind}</PublicationTypeList>", 1)


def row(number: int, title: str, **more: Any) -> dict[str, Any]:
    return {
        "id": str(number),
        "source": "MED",
        "pmid": str(number),
        "doi": f"10.1234/{number}",
        "title": title,
        "abstractText": "<h4>Aims</h4>To see &lt;5%.<h4>Results</h4>H<sub>2</sub>O was seen. Metformin, too.",
        "pubYear": "2020",
        "journalInfo": {"journal": {"isoabbreviation": "J Inv"}},
        "pubTypeList": {"pubType": ["research-article"]},
        **more,
    }


@pytest.fixture
def stub() -> Stub:
    folder = needs("pubmed")
    text = "".join((folder / f"pubmed{n}.xml").read_text() for n in (1, 2, 4, 5, 6, 7))
    articles = re.findall(r"<PubmedArticle>.*?</PubmedArticle>", text, re.DOTALL)
    assert len(articles) >= 8
    # The real answer of a search on the history server; its count is that of the papers that are here.
    search = re.sub(r"<Count>\d+</Count>", f"<Count>{len(articles)}</Count>", (folder / "esearch2.xml").read_text())
    notice = {"commentCorrection": [{"id": "12", "type": "Retraction of"}]}
    fallen = {"commentCorrection": [{"id": "14", "type": "Retraction in"}]}
    rows = [
        row(11, "Metformin and <i>water</i>"),
        row(12, "Metformin cures all"),
        row(13, "Metformin cures more", commentCorrectionList=fallen),
        row(14, "Retraction: metformin cures all", commentCorrectionList=notice),
        row(15, "Metformin withdrawn", pubTypeList={"pubType": ["Retracted Publication"]}),
    ]
    return Stub(articles=articles, search=search, europe={"hitCount": 5, "resultList": {"result": rows}})


def quick(address: str, **more: Any) -> TermsOfUse:
    given = {"email": "desk@example.org", "per_second": 500.0, "backoff_seconds": 0.01, **more}
    return TermsOfUse(address=address, **given)


@asynccontextmanager
async def pubmed(stub: Stub, cache: Cache | None = None, **more: Any) -> AsyncIterator[PubMed]:
    async with served(stub.app) as address, Connection(quick(address, **more)) as connection:
        yield PubMed(connection, cache=cache)


async def test_papers_of_pubmed_come_with_their_facts_from_the_history_server(stub: Stub) -> None:
    async with pubmed(stub, key="k3y") as source:
        found = await source.find(QUERY, limit=6, now=NOW)
    assert stub.verbs == ["esearch.fcgi", "efetch.fcgi"]
    search, fetch = (form for _, form, _ in stub.asked)
    assert search["usehistory"] == "y"
    assert (fetch["WebEnv"], fetch["query_key"]) == ("MCID_6927d6e7fee3e90f880ec190", "1")
    for form in (search, fetch):
        assert (form["tool"], form["email"], form["api_key"]) == ("preround", "desk@example.org", "k3y")
    assert found.asked == term_of(QUERY) == search["term"]
    assert (found.total, found.truncated, found.fetched) == (len(stub.articles), True, NOW)
    assert len(found.passages) == 6
    paper = next(p for p in found.passages if p.pmid == "27797938")
    assert (paper.year, paper.doi, paper.origin) == (2017, "10.1136/gutjnl-2016-312510", "pubmed")
    assert paper.addressed[0].text == paper.title
    assert paper.addressed[1].id == "pmid:27797938/1#1"
    assert paper.addressed[1].text.startswith("OBJECTIVE: ")


async def test_a_long_result_is_read_page_by_page(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.literature.remote.pubmed.PAGE", 3)
    async with pubmed(stub) as source:
        found = await source.find(QUERY, limit=200, now=NOW)
    assert len(found.passages) == len(stub.articles)
    assert not found.truncated
    starts = [int(form["retstart"]) for verb, form, _ in stub.asked if verb == "efetch.fcgi"]
    assert starts == list(range(0, len(stub.articles), 3))
    assert stub.verbs.count("esearch.fcgi") == 1


async def test_nothing_found_is_a_result(stub: Stub) -> None:
    stub.search = (needs("pubmed") / "esearch8.xml").read_text()
    async with pubmed(stub) as source:
        found = await source.find(QUERY, limit=5, now=NOW)
    assert (found.passages, found.total, found.truncated) == ((), 0, False)
    assert stub.verbs == ["esearch.fcgi"]


async def test_a_retracted_paper_is_named_and_never_returned(stub: Stub) -> None:
    at = next(n for n, article in enumerate(stub.articles) if ">27797938<" in article)
    stub.articles[at] = retracted(stub.articles[at])
    async with pubmed(stub) as source:
        found = await source.find(QUERY, limit=200, now=NOW)
    assert found.withheld == ("pmid:27797938",)
    assert len(found.passages) == len(stub.articles) - 1
    assert "27797938" not in {p.pmid for p in found.passages}


async def test_too_many_requests_is_waited_for_as_asked(stub: Stub) -> None:
    stub.faults = [Response(status_code=429, headers={"Retry-After": "1"})]
    async with pubmed(stub) as source:
        found = await source.find(QUERY, limit=2, now=NOW)
    assert len(found.passages) == 2
    assert stub.verbs == ["esearch.fcgi", "esearch.fcgi", "efetch.fcgi"]
    assert stub.moments[1] - stub.moments[0] >= 1.0


async def test_a_wait_that_is_too_long_is_not_waited_for(stub: Stub) -> None:
    stub.faults = [Response(status_code=429, headers={"Retry-After": "3600"})]
    async with pubmed(stub) as source:
        with pytest.raises(SourceUnreachable, match="3600 seconds"):
            await source.find(QUERY, limit=2, now=NOW)
    assert stub.verbs == ["esearch.fcgi"]


async def test_half_an_answer_is_asked_for_again(stub: Stub) -> None:
    half = article_set(stub.articles)[:5000]
    stub.faults = [None, Response(half, media_type="text/xml")]
    async with pubmed(stub) as source:
        found = await source.find(QUERY, limit=2, now=NOW)
    assert len(found.passages) == 2
    assert stub.verbs == ["esearch.fcgi", "efetch.fcgi", "efetch.fcgi"]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("", id="empty"),
        pytest.param("<PubmedArticleSet><PubmedArticle>", id="half"),
        pytest.param(BOMB, id="entity-bomb"),
        pytest.param("<html><body>Maintenance</body></html>", id="a-page"),
        pytest.param("<eFetchResult><ERROR>Unable to obtain query</ERROR></eFetchResult>", id="an-error"),
    ],
)
async def test_an_answer_that_stays_unreadable_is_a_failure_and_no_empty_result(stub: Stub, body: str) -> None:
    stub.faults = [None, *(Response(body, media_type="text/xml") for _ in range(4))]
    async with pubmed(stub) as source:
        with pytest.raises(SourceGarbled):
            await source.find(QUERY, limit=2, now=NOW)
    assert len(stub.asked) == 5


async def test_a_server_that_is_down_or_refuses(stub: Stub) -> None:
    stub.faults = [Response(status_code=503) for _ in range(4)]
    async with pubmed(stub) as source:
        with pytest.raises(SourceUnreachable, match="503"):
            await source.find(QUERY, limit=2, now=NOW)
    assert len(stub.asked) == 4
    stub.faults = [Response(status_code=400)]
    async with pubmed(stub) as source:
        with pytest.raises(SourceUnreachable, match="refused"):
            await source.find(QUERY, limit=2, now=NOW)
    assert len(stub.asked) == 5
    stub.faults = [Response(status_code=302, headers={"Location": "http://127.0.0.1:9/elsewhere"})]
    async with pubmed(stub) as source:
        with pytest.raises(SourceUnreachable, match="302"):
            await source.find(QUERY, limit=2, now=NOW)


async def test_an_answer_that_is_too_large_is_not_read_to_its_end(stub: Stub) -> None:
    async with pubmed(stub, body_bytes=2000) as source:
        with pytest.raises(SourceUnreachable, match="too large"):
            await source.find(QUERY, limit=8, now=NOW)


async def test_nobody_is_asked_faster_than_they_allow(stub: Stub) -> None:
    async with pubmed(stub, per_second=10.0) as source:
        await asyncio.gather(*(source.find(QUERY, limit=1, now=NOW) for _ in range(3)))
    gaps = [b - a for a, b in zip(stub.moments, stub.moments[1:], strict=False)]
    assert len(stub.moments) == 6
    assert stub.moments[-1] - stub.moments[0] >= 0.45, gaps


def test_the_terms_of_ncbi() -> None:
    assert pubmed_terms(email="desk@example.org", key=None).per_second == 3
    assert pubmed_terms(email="desk@example.org", key="k").per_second == 10
    assert pubmed_terms(email="desk@example.org", key=None).address == PUBMED
    with pytest.raises(SourceOff, match="EMAIL"):
        pubmed_terms(email=None, key=None)
    for address in ("http://eutils.example.org", "ftp://x", "", "not an address", "http://127.0.0.1.example.org"):
        with pytest.raises(SourceOff, match="https"):
            europe_pmc_terms(email=None, address=address)


async def test_an_answer_is_kept_with_its_date_and_asked_for_again_when_it_is_old(stub: Stub, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "answers.sqlite")
    async with pubmed(stub, cache, cache_days=7) as source:
        first = await source.find(QUERY, limit=3, now=NOW)
        again = await source.find(QUERY, limit=3, now=NOW + timedelta(days=7))
        assert len(stub.asked) == 2
        assert again == first
        assert again.fetched == NOW
        later = await source.find(QUERY, limit=3, now=NOW + timedelta(days=8))
        assert len(stub.asked) == 4
        assert later.fetched == NOW + timedelta(days=8)
        await source.find(QUERY, limit=3, now=NOW)
        assert len(stub.asked) == 6, "an answer from the future is no answer"
    cache.close()


async def test_papers_of_europe_pmc_with_the_retracted_left_out(stub: Stub) -> None:
    async with served(stub.app) as address, Connection(quick(address)) as connection:
        found = await EuropePmc(connection).find(QUERY, limit=10, now=NOW)
    assert stub.asked[0][1]["query"] == query_of(QUERY) == found.asked
    assert [form["cursorMark"] for _, form, _ in stub.asked] == ["*", "2", "4", "5"]
    assert found.withheld == ("pmid:12", "pmid:13", "pmid:15")
    assert [p.pmid for p in found.passages] == ["11"], "a notice of a retraction is no evidence"
    paper = found.passages[0]
    assert (paper.title, paper.pmid, paper.doi, paper.year, paper.journal) == (
        "Metformin and water",
        "11",
        "10.1234/11",
        2020,
        "J Inv",
    )
    assert " ".join(paper.sentences) == "Aims: To see <5%. Results: H2O was seen. Metformin, too."


@pytest.mark.parametrize("body", ["", "[]", "{", '{"hitCount": 1}', '{"hitCount": 1, "resultList": {"result": [{}]}}'])
async def test_europe_pmc_answers_what_cannot_be_read(stub: Stub, body: str) -> None:
    stub.faults = [Response(body, media_type="application/json") for _ in range(4)]
    async with served(stub.app) as address, Connection(quick(address)) as connection:
        with pytest.raises(SourceGarbled):
            await EuropePmc(connection).find(QUERY, limit=10, now=NOW)


async def test_a_source_that_fails_is_a_line_beside_one_that_answers(stub: Stub) -> None:
    stub.faults = [Response(status_code=400)]
    async with served(stub.app) as address, Connection(quick(address)) as one, Connection(quick(address)) as two:
        failed = (await search_sources([PubMed(one)], QUERY, now=NOW))[0]
        answered = (await search_sources([EuropePmc(two)], QUERY, now=NOW, limit=1))[0]
    assert failed.passages == ()
    assert failed.coverage.error is not None
    assert "refused" in failed.coverage.error
    assert (answered.coverage.error, answered.coverage.found) == (None, 1)
    assert answered.coverage.query == "europepmc: chronic kidney disease metformin"
    sentence = answered.sentence(f"{answered.passages[0].id}#1")
    assert sentence is not None
    assert sentence.text == "Aims: To see <5%."


SYNTAX = {"all", "fields", "or", "and", "not", "hasabstract", "publication", "type", "retracted", "retraction", "of"}
SYNTAX |= {"has_abstract", "y", "src", "med"}


def marked(resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A chart in which every text also says who it is about."""

    def mark(node: Any) -> Any:
        if isinstance(node, dict):
            return {
                k: f"{v} of CANARYNAME" if k in ("display", "text", "family") and isinstance(v, str) else mark(v)
                for k, v in node.items()
            }
        return [mark(each) for each in node] if isinstance(node, list) else node

    return [mark(resource) for resource in resources]


async def test_nothing_of_a_patient_leaves(stub: Stub) -> None:
    """Charts of invented people: every word that is sent is one of ours, whatever stands in the chart."""
    allowed = {
        w for words in vocabulary().values() for word in words for w in re.findall(r"\w+", word.lower())
    } | SYNTAX
    allowed |= set(re.findall(r"\w+", "practice guideline therapy treatment"))
    sent = 0
    async with served(stub.app) as address, Connection(quick(address)) as one, Connection(quick(address)) as two:
        sources: list[Source] = [PubMed(one), EuropePmc(two)]
        for resources, now in stories().values():
            chart = Chart.build(marked(resources), as_of=now)
            for fact in (*chart.facts, *chart.of("note", "patient")):
                if (query := query_about([fact], "treatment")) is not None:
                    await search_sources(sources, query, now=NOW, limit=1)
            query = query_about(chart.facts)
            assert query is not None
            await search_sources(sources, query, now=NOW, limit=1)
            canaries = canaries_of(resources, allowed)
            for _, form, rest in stub.asked:
                words = set(re.findall(r"\w+", (form.get("term") or form.get("query") or "").lower()))
                assert words <= allowed
                said = rest.lower()
                assert "canaryname" not in said
                assert [c for c in canaries if c in said] == []
            sent += len(stub.asked)
            stub.asked.clear()
    assert sent > 100


def canaries_of(resources: list[dict[str, Any]], allowed: set[str]) -> set[str]:
    """What tells who somebody is: names, birth dates, addresses, numbers, ids, and the words of notes."""
    found: set[str] = set()
    for resource in resources:
        found.add(str(resource.get("id", "")).lower())
        if resource["resourceType"] == "Patient":
            for part in ("name", "address", "telecom", "identifier", "birthDate"):
                found |= {s.lower() for s in strings(resource.get(part)) if not s.startswith("http")}
        for key in ("authoredOn", "effectiveDateTime", "onsetDateTime", "recordedDate", "date"):
            found |= {s.lower() for s in strings(resource.get(key))}
    return {c for c in found if len(c) > 4 and c not in allowed}


def strings(node: Any) -> list[str]:
    if isinstance(node, dict):
        return [s for value in node.values() for s in strings(value)]
    if isinstance(node, list):
        return [s for value in node for s in strings(value)]
    return [node] if isinstance(node, str) else []
