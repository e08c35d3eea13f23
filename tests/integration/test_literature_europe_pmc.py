"""Europe PMC over a socket, several sources side by side, and what never leaves."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.responses import Response

from chart.chart import Chart
from preround.doing import rounds
from preround.doing.load import load
from preround.settings import Settings
from preround.wiring import SANDBOX_URL, open_house
from tests.unit.chart.samples import stories
from tests.unit.fhir.socket_server import served
from tests.unit.literature.stub import NOW, QUERY, Stub, made, quick
from tools.fhir.transport import in_process
from tools.literature.concept import vocabulary
from tools.literature.errors import SourceGarbled
from tools.literature.question import Question, question_of
from tools.literature.remote.connection import Connection
from tools.literature.remote.europe_pmc import EuropePmc, query_of
from tools.literature.remote.pubmed import PubMed
from tools.literature.shelf import Shelf

ASKED = Question(about="x|1", title="", concepts=QUERY)


@pytest.fixture
def stub() -> Stub:
    return made()


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
    async with served(stub.app) as address, Connection(quick(address)) as one, Connection(quick(address)) as two:
        nowhere = PubMed(one)
        stub.faults = [Response(status_code=400)]
        failed, answered = await Shelf(None, [nowhere, EuropePmc(two)]).ask([ASKED], year=2026, now=NOW)
    assert failed.quotable == ()
    assert failed.coverage.error is not None
    assert "refused" in failed.coverage.error
    assert (answered.coverage.id, answered.coverage.error, answered.coverage.found) == ("l2", None, 1)
    assert answered.coverage.query == "europepmc: chronic kidney disease metformin"
    assert answered.withheld == ("pmid:12", "pmid:13", "pmid:15")


async def test_a_source_that_hangs_does_not_hold_the_round(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.literature.shelf.SECONDS", 0.2)
    stub.faults = [Response(status_code=429, headers={"Retry-After": "5"})]
    async with served(stub.app) as address, Connection(quick(address)) as one:
        (late,) = await Shelf(None, [PubMed(one)]).ask([ASKED], year=2026, now=NOW)
    assert late.coverage.error is not None
    assert "did not answer within" in late.coverage.error


async def test_what_our_tables_do_not_have_is_not_asked_over_the_network(stub: Stub) -> None:
    async with served(stub.app) as address, Connection(quick(address)) as one:
        question = Question(about="x|1", title="Screen for something of CANARYNAME", concepts=None)
        (unasked,) = await Shelf(None, [PubMed(one)]).ask([question], year=2026, now=NOW)
    assert stub.asked == []
    assert (unasked.coverage.found, unasked.coverage.error) == (0, None)
    assert "nothing of Preround's own tables" in unasked.coverage.query


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


def allowed_words() -> set[str]:
    """Every word that may be sent."""
    ours = {w for words in vocabulary().values() for word in words for w in re.findall(r"\w+", word.lower())}
    topics = (
        "therapy treatment monitoring prevention adverse effects drug safety diagnosis prognosis practice guideline"
    )
    return ours | SYNTAX | set(topics.split())


def held(stub: Stub, allowed: set[str], canaries: set[str]) -> None:
    """Hold everything that was sent to our words and to the canaries."""
    for _, form, rest in stub.asked:
        assert set(re.findall(r"\w+", (form.get("term") or form.get("query") or "").lower())) <= allowed
        said = rest.lower()
        assert "canaryname" not in said
        assert [c for c in canaries if c in said] == []


async def test_nothing_of_a_patient_leaves(stub: Stub) -> None:
    """Charts of invented people: every word that is sent is one of ours, whatever stands in the chart."""
    allowed, sent = allowed_words(), 0
    async with served(stub.app) as address, Connection(quick(address)) as one, Connection(quick(address)) as two:
        shelf = Shelf(None, [PubMed(one), EuropePmc(two)])
        for resources, now in stories().values():
            chart = Chart.build(marked(resources), as_of=now)
            facts = (*chart.facts, *chart.of("note", "patient"))
            each = [question_of(about="x|1", title="CANARYNAME", topics=("eye",), facts=[fact]) for fact in facts]
            each.append(question_of(about="x|1", title="Refer CANARYNAME", topics=("CANARYNAME",), facts=facts))
            asked = {q.concepts: q for q in each if q.concepts is not None}
            await shelf.ask(list(asked.values()), year=2026, now=NOW)
            held(stub, allowed, canaries_of(resources, allowed))
            sent += len(stub.asked)
            stub.asked.clear()
    assert sent > 60


async def test_nothing_of_a_patient_leaves_with_a_round(stub: Stub, tmp_path: Path) -> None:
    """A whole round on a marked chart, with both sources on."""
    resources, now = stories()["diabetes-ckd"]
    chart = tmp_path / "chart.ndjson"
    chart.write_text("\n".join(json.dumps(each, default=str) for each in marked(resources)))
    async with served(stub.app) as address:
        settings = Settings(
            home=tmp_path / "home",
            literature_sources=("pubmed", "europepmc"),
            literature_email="desk@example.org",
            literature_pubmed=address,
            literature_europepmc=address,
            literature_key=SecretStr("k3y"),
        )
        async with open_house(settings) as house:
            assert house.sandbox is not None
            await load([chart], base_url=SANDBOX_URL, transport=in_process(house.sandbox))
            run = await rounds.start(house, patient="fx-dm-ckd-patient", tasks=("suggestions",), as_of=now)
            found = rounds.result(house, run.run_id)
    assert found["status"] == "awaiting_review"
    looked = [c for c in found["coverage"] if c["tool"] == "literature_search"]
    assert {c["query"].partition(":")[0] for c in looked} == {"pubmed", "europepmc"}
    assert all(c["error"] is None for c in looked)
    assert len(stub.asked) > 5
    allowed = allowed_words()
    held(stub, allowed, canaries_of(resources, allowed))


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
