"""What a claim repeats of the literature stands word for word, where it says, or the claim falls."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from pydantic import ValidationError

from claims.claim import Claim, PassageCitation
from claims.printed import Printed, quoted
from claims.suggestion import Guideline, Suggestion
from claims.verify import Verdict, verify
from tests.unit.agents.drafting import looks, story_materials

SAID = (
    "Metformin should not be started below an eGFR of 30.",
    "The dose was halved below 45 in 3 of 120 adults.",
)
PAPER = Printed(
    id="pmid:1/1",
    sha256="",
    title="Metformin in chronic kidney disease",
    sentences=SAID,
    source="local",
    document="pmid:1",
    pmid="1",
    year=2019,
    journal="J Inv",
    publication_types=("Journal Article", "Randomized Controlled Trial"),
)
PAPER = PAPER.model_copy(update={"sha256": PAPER.digest})
CITED = PAPER.citation(1)
TEXT = quoted(CITED)


def judged(
    text: str = TEXT, *passages: PassageCitation, printed: Mapping[str, Printed] | None = None, **more: object
) -> Verdict:
    material = story_materials()["diabetes-ckd"]
    claim = Claim(id="r1", text=text, kind="fact", salience=5, passages=passages or (CITED,), **more)
    known = {PAPER.id: PAPER} if printed is None else printed
    return verify(claim, material.appraisal, looks(material), {"x|1": "Review the metformin dose"}, known)


def test_a_sentence_repeated_whole_with_where_it_is_printed_stands() -> None:
    assert f"“{SAID[0]}” (J Inv 2019, Randomized Controlled Trial, PMID 1)" == TEXT
    assert judged().stands
    assert judged(f"Review the metformin dose: {TEXT}", guideline="x|1").stands
    assert judged(f"The literature says: {TEXT}").stands
    two = PAPER.citation(2)
    assert judged(f"{TEXT} {quoted(two)}", CITED, two).stands


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param(TEXT.replace("30", "45"), "word for word", id="another-number"),
        pytest.param(TEXT.replace("not ", ""), "word for word", id="a-negation-left-out"),
        pytest.param(TEXT.replace("“", "").replace("”", ""), "word for word", id="not-quoted"),
        pytest.param(TEXT.replace("2019", "2021"), "word for word", id="another-year"),
        pytest.param("Metformin should be started.", "word for word", id="paraphrased"),
        pytest.param(f"Stop metformin: {TEXT}", "metformin", id="a-name-beside-it"),
        pytest.param(f"In 45 adults: {TEXT}", "45", id="a-number-beside-it"),
        pytest.param(f"A miracle: {TEXT}", "“miracle” stands in nothing", id="a-word-beside-it"),
        pytest.param(f"Not so: {TEXT}", "“not”", id="a-negation-beside-it"),
    ],
)
def test_what_is_said_beside_or_instead_falls(text: str, reason: str) -> None:
    verdict = judged(text)
    assert not verdict.stands
    assert reason in "; ".join(verdict.reasons)


def test_a_citation_that_leads_elsewhere_falls() -> None:
    def falls(**change: str) -> str:
        other = CITED.model_copy(update=change)
        verdict = judged(quoted(other), other)
        assert not verdict.stands, change
        return "; ".join(verdict.reasons)

    assert "not in the literature" in falls(address="pmid:2/1#1")
    assert "not in the literature" in falls(address="nowhere")
    assert "does not say" in falls(address="pmid:1/1#2")
    assert "does not say" in falls(address="pmid:1/1#9")
    assert "no longer has the words" in falls(sha256="0" * 64)
    assert "does not say" in falls(text="Metformin is safe.")
    assert "is not printed in" in falls(reference="N Engl J Med 2020")


def test_a_passage_that_is_gone_changed_or_retracted_is_not_cited() -> None:
    assert "not in the literature" in judged(printed={}).reasons[0]
    assert judged(printed={PAPER.id: PAPER.model_copy(update={"retracted": True})}).reasons == (
        "it cites pmid:1, which was retracted",
    )
    forged = PAPER.model_copy(update={"sentences": (SAID[0].replace("not ", ""), SAID[1])})
    lie = forged.citation(1)
    assert "no longer has the words" in judged(quoted(lie), lie, printed={PAPER.id: forged}).reasons[0]


def test_where_something_is_printed_is_said_in_its_own_words() -> None:
    folder = {"document": "file:guidelines/aki.pdf", "pmid": None, "journal": None, "year": None}
    page = PAPER.model_copy(update={**folder, "page": 3})
    assert page.reference == "guidelines/aki.pdf, page 3"
    doi = PAPER.model_copy(update={"pmid": None, "doi": "10.1/x", "publication_types": ()})
    assert doi.reference == "J Inv 2019, doi:10.1/x"


GUIDELINE = {"id": "x", "version": "1", "in_force": {}, "citation": "printed", "url": "", "publisher": "p"}
FACT = {"reference": "Condition/1", "path": "Condition.code.text", "value": "diabetes", "fact": "P1"}
SUGGESTION = {
    "id": "g1",
    "title": "Check",
    "rationale": "due",
    "strength": "A",
    "tier": 2,
    "guideline": GUIDELINE,
    "because": (FACT,),
    "action": {},
}


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param({"because": ()}, id="no-fact"),
        pytest.param({"guideline": None}, id="no-guideline"),
        pytest.param({"guideline": {**GUIDELINE, "id": ""}}, id="no-recommendation"),
        pytest.param({"guideline": {**GUIDELINE, "version": ""}}, id="no-version"),
        pytest.param({"guideline": {**GUIDELINE, "citation": ""}}, id="nowhere-printed"),
        pytest.param({"because": (), "literature": (CITED,)}, id="literature-is-no-leg"),
    ],
)
def test_a_suggestion_stands_on_facts_and_on_one_version_of_one_recommendation(broken: dict[str, object]) -> None:
    assert Suggestion.model_validate(SUGGESTION).guideline == Guideline.model_validate(GUIDELINE)
    with pytest.raises(ValidationError):
        Suggestion.model_validate({**SUGGESTION, **broken})
