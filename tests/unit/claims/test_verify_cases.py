"""Sentences that must fall and sentences that must stand, from a file that a clinician can read (`drafts.yaml`)."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from chart.appraisal import Appraisal
from chart.fact import Fact
from claims.claim import Citation, Claim, Computed, Quote, cite
from claims.verify import Look, verify
from tests.unit.chart.entries import appraised

CASES: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("drafts.yaml").read_text(encoding="utf-8"))
LOOKS = {
    key: Look(query=row["query"], truncated=row.get("truncated", False), error=row.get("error"))
    for key, row in CASES["coverage"].items()
}


@lru_cache
def appraisal() -> Appraisal:
    return appraised(CASES["chart"], patient=CASES["patient"])


def fact(key: str) -> Fact:
    """The fact of an entry; `pressure/2` is the second fact of the entry `pressure`."""
    chart = appraisal().chart
    name, _, place = key.partition("/")
    found = [f for f in (chart.patient, *chart.facts) if f.reference.partition("/")[2] == name]
    # A blood pressure gives its parts in the order of their names.
    return sorted(found, key=lambda f: f.name, reverse=True)[int(place or 1) - 1]


def claim_of(case: dict[str, Any]) -> Claim:
    citations = [Citation(**row) for row in case.get("raw", ())]
    for key, roles in case.get("cites", {}).items():
        for role in roles:
            one = cite(fact(key), fact(key).cells[role])
            if role == "value":
                one = one.model_copy(update={k: case[k] for k in ("path", "value") if k in case})
            citations.append(one)
    computed = [Computed(**{**row, "of": tuple(fact(k).id for k in row["of"])}) for row in case.get("computed", ())]
    return Claim(
        id="x1",
        text=case["says"],
        kind=case.get("kind", "computed" if computed else "fact"),
        salience=3,
        citations=tuple(citations),
        computed=computed[0] if computed else None,
        also_computed=tuple(computed[1:]),
        coverage=case.get("coverage"),
        absent=tuple(case.get("absent", ())),
        quotes=tuple(_quote(key, words) for key, words in case.get("quotes", {}).items()),
    )


def _quote(key: str, words: str) -> Quote:
    note = next(n for n in appraisal().chart.notes if n.fact is fact(key))
    return Quote(fact=note.fact.id, reference=note.fact.citation, path=note.path, text=words)


@pytest.mark.parametrize("case", CASES["falls"], ids=lambda case: case["name"])
def test_it_falls(case: dict[str, Any]) -> None:
    verdict = verify(claim_of(case), appraisal(), LOOKS)
    assert not verdict.stands
    assert case["reason"] in "; ".join(verdict.reasons)


@pytest.mark.parametrize("case", CASES["stands"], ids=lambda case: case["name"])
def test_it_stands(case: dict[str, Any]) -> None:
    assert verify(claim_of(case), appraisal(), LOOKS).reasons == ()
