"""PubMed and Europe PMC in one stub over a socket: it replays real answers and faults, and keeps what it was asked."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.unit.chart.samples import needs
from tests.unit.fhir.socket_server import served
from tools.literature.concept import Concept, ConceptQuery
from tools.literature.remote.cache import Cache
from tools.literature.remote.connection import Connection
from tools.literature.remote.pubmed import PubMed
from tools.literature.remote.terms_of_use import TermsOfUse

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
QUERY = ConceptQuery(concepts=(Concept(kind="problem", key="ckd"), Concept(kind="ingredient", key="metformin")))


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


def made() -> Stub:
    """A stub with the papers and the search that were recorded."""
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
