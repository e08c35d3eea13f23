"""Literature in a round: what is asked, what is kept as an artifact, and whether it still stands when it is cited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from agents.literature import Literature
from agents.reasoner import Material
from agents.suggest import suggestions
from chart.addressed import reads_like_instruction
from claims.claim import PassageCitation
from claims.printed import Printed
from graphs.services import Services
from store import artifacts
from store.database import Database
from tools.evidence import Coverage
from tools.literature.errors import LiteratureError
from tools.literature.passage import Passage
from tools.literature.question import Question, question_in, question_of
from tools.literature.shelf import Answer

FOR_A_QUESTION = 6
"""Sentences that a person's question may be answered with."""


async def ask(material: Material, services: Services) -> dict[str, Any] | None:
    """Ask the literature about what is due and about the question; none where the round asks for neither.

    Only rows of our own tables and titles of recommendations are asked: what policy masks is not in the chart any more.
    """
    wanted = [question for question in (_question(material), *_recommended(material)) if question is not None]
    if not wanted and not {"suggestions", "question"} & set(material.brief.tasks):
        return None
    most = FOR_A_QUESTION if material.brief.tasks == ("question",) else None
    answers = await services.shelf.ask(
        wanted,
        year=material.appraisal.chart.as_of.year,
        now=services.clock.now(),
        **({"most": most} if most else {}),
    )
    return _json(answers)


def _question(material: Material) -> Question | None:
    return question_in(material.brief.question) if material.brief.question else None


def _recommended(material: Material) -> Sequence[Question]:
    if "suggestions" not in material.brief.tasks:
        return ()
    topics = {f"{o.recommendation.id}|{o.recommendation.version}": o.recommendation.topics for o in material.outcomes}
    due, _ = suggestions(material)
    by_id = material.appraisal.chart.by_id
    return [
        question_of(
            about=key,
            title=s.title,
            topics=topics.get(key, ()),
            facts=[by_id[f] for f in dict.fromkeys(c.fact for c in s.because)],
        )
        for s in due
        for key in (f"{s.guideline.id}|{s.guideline.version}",)
    ]


def _json(answers: Sequence[Answer]) -> dict[str, Any]:
    passages: dict[str, dict[str, Any]] = {}
    chosen: dict[str, list[dict[str, Any]]] = {}
    left: dict[str, str] = {}
    for answer in answers:
        left |= dict.fromkeys(answer.withheld, "retracted")
        for one in answer.quotable:
            printed = _printed(one.passage, answer.source)
            if reads_like_instruction("\n".join((printed.title, printed.heading, *printed.sentences))):
                left[printed.document] = "it gives instructions"
                continue
            passages[printed.id] = printed.model_dump(mode="json")
            chosen.setdefault(answer.about, []).append(printed.citation(one.index).model_dump(mode="json"))
    return {
        "coverage": [asdict(answer.coverage) for answer in answers],
        "passages": list(passages.values()),
        "chosen": chosen,
        "left_out": list(left.items()),
    }


def _printed(passage: Passage, source: str) -> Printed:
    return Printed(
        id=passage.id,
        sha256=passage.sha256,
        title=passage.title,
        heading=passage.heading,
        sentences=passage.sentences,
        source=source,
        document=passage.document,
        origin=passage.origin,
        pmid=passage.pmid,
        doi=passage.doi,
        year=passage.year,
        journal=passage.journal,
        publication_types=passage.publication_types,
        url=passage.url,
        page=passage.page,
    )


def literature_of(db: Database, sha256: str | None) -> Literature:
    """The literature of an artifact; nothing without one."""
    if not sha256:
        return Literature()
    with db.read() as connection:
        row = artifacts.get_json(connection, sha256)
    return Literature(
        coverage=tuple(Coverage(**line) for line in row["coverage"]),
        printed={one["id"]: Printed.model_validate(one) for one in row["passages"]},
        chosen={
            about: tuple(PassageCitation.model_validate(c) for c in citations)
            for about, citations in row["chosen"].items()
        },
        left_out=tuple((document, why) for document, why in row["left_out"]),
    )


def standing(literature: Literature, services: Services) -> Mapping[str, Printed]:
    """The passages as the local index has them now: what was taken out, changed or retracted is not cited any more."""
    own = {one.document for one in literature.printed.values() if one.source == "local"}
    if not own:
        return literature.printed
    try:
        passages, retracted = services.shelf.passages(own)
    except LiteratureError:
        passages, retracted = (), frozenset()
    now = {passage.id: passage for passage in passages}
    found: dict[str, Printed] = {}
    for key, one in literature.printed.items():
        if one.source != "local" or (key in now and now[key].sha256 == one.sha256):
            found[key] = one
        elif one.document in retracted:
            found[key] = one.model_copy(update={"retracted": True})
    return found


def as_it_stands(material: Material, services: Services) -> Material:
    """The material with the literature that still stands."""
    printed = standing(material.literature, services)
    return replace(material, literature=replace(material.literature, printed=printed))
