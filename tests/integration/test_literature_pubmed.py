"""PubMed over a socket: a stub replays real answers and faults."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.responses import Response

from tests.unit.chart.samples import needs
from tests.unit.literature.stub import NOW, QUERY, Stub, article_set, made, pubmed, retracted
from tools.literature.errors import SourceGarbled, SourceOff, SourceUnreachable
from tools.literature.remote.cache import Cache
from tools.literature.remote.pubmed import term_of
from tools.literature.remote.terms_of_use import PUBMED, europe_pmc_terms, pubmed_terms

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE PubmedArticleSet [<!ENTITY a "aaaaaaaaaaaaaaaa">'
    + "".join(f'<!ENTITY a{n} "{"&a;" if n == 0 else f"&a{n - 1};" * 10}">' for n in range(12))
    + "]><PubmedArticleSet>&a11;</PubmedArticleSet>"
)


@pytest.fixture
def stub() -> Stub:
    return made()


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
