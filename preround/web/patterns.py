"""A page of every pattern that pages are made of, with its states: our templates' own macros, about nobody."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from chart.identity import Identity
from claims.diff import Change
from claims.seen import Look, PictureShown, Place, Reported, Seen, Sorted
from preround.people.visitor import Visitor
from preround.web.decision_form import Filled
from preround.web.evidence_view import Evidence, Stand
from preround.web.narrative import Narrative, narratives_of
from preround.web.pattern_lines import SERIES, SHARE, TIMELINE
from preround.web.pictures import look_of
from preround.web.problem import Problem
from preround.web.queue_page import Link
from preround.web.rendering import respond
from preround.web.sentences import Printed, Section, Sentence, Working
from preround.web.sources import Source
from preround.web.timeline import timeline
from preround.web.tree import tree
from preround.web.trend import trend
from review.decision import Decision
from review.incidents import Incident
from store.incident_acts import IncidentAct

ITEM = "0000000000000000"
"""Of no item: links of this page into an item find nothing."""
AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
_HASH = "0" * 64
_PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400"><circle cx="200" cy="200" r="150"/></svg>'
_NOTE = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"text": "Lamp oil"},
    "component": [{"code": {"text": "Left lamp"}, "valueString": "full"}],
    "text": {
        "status": "generated",
        "div": '<div xmlns="http://www.w3.org/1999/xhtml"><h2>Lamps</h2><table><tr><td>left</td><td>full</td></tr>'
        "</table></div>",
    },
}


class PatternsPage:
    """The routes; served by `preround demo` alone, whose patients are invented: no other server has them."""

    def __init__(self) -> None:
        self.router = APIRouter(include_in_schema=False)
        self.router.add_api_route("/patterns", self.page, methods=["GET"])
        self.router.add_api_route("/patterns/pictures/{n}", self.picture, methods=["GET"])

    def page(self) -> Response:
        """All of them."""
        return respond("patterns.html", patterns())

    def picture(self, n: int) -> Response:
        """A picture of nothing."""
        del n
        return Response(_PICTURE, media_type="image/svg+xml")


def patterns() -> Mapping[str, Any]:
    """What the page shows: records as the other pages have them."""
    return {
        **_read(),
        **_signed(),
        "item_id": ITEM,
        "whom": Identity(name="NOBODY, Invented", born="1950-01-31", sex="female", number="0000"),
        "unknown": Identity(name="Patient/0", born=None, sex=None, number=None),
        "trends": (trend({**SERIES, "earlier": 3}), trend({**SERIES, "range": None})),
        "timeline": timeline(TIMELINE, ITEM),
        "branches": tree(_NOTE, ["Observation.component[0].valueString"]),
        "narratives": (
            *narratives_of(_NOTE, ()),
            Narrative(title="Narrative that cannot be read", markup=None, why="It has no end; see the resource below."),
        ),
        "changes": (
            Change(path="ServiceRequest.priority", old="routine", new="urgent"),
            Change(path="ServiceRequest.note[0].text", old=None, new="As soon as there is time."),
            Change(path="ServiceRequest.doNotPerform", old="false", new=None),
        ),
        "look": look_of({"imaging": _look().model_dump(mode="json")}),
        "share": SHARE,
    }


def _sources(count: int) -> tuple[Source, ...]:
    return tuple(
        Source(n=n, href=f"/items/{ITEM}/sources/f{n}#cited", words=f"Observation · lamp oil {n}")
        for n in range(1, count + 1)
    )


def _read() -> dict[str, Any]:
    """What is read: sentences, and the literature beside them."""
    printed = Printed(
        text="Lamps with oil burn longer than lamps without.",
        reference="Journal of Lamps 2024;1:1",
        href=f"/items/{ITEM}/literature/lamps?sentence=0#cited",
    )
    fact = Sentence(text="The left lamp was full on 1 February 2026.", sources=_sources(2))
    working = Working(words="the last minus the first of: 3 litres.", of=_sources(14))
    sentences = {
        "a fact": fact,
        "a fact with more sources than are shown": Sentence(text="Both lamps were filled often.", sources=_sources(12)),
        "computed": Sentence(text="It took 3 litres.", sources=_sources(2), kind="computed", workings=(working,)),
        "an absence": Sentence(text="No spare lamp was found.", sources=(), kind="absence", looked="Device, 0 found"),
        "a judgement": Sentence(text="A spare lamp would help.", sources=_sources(1), kind="inference"),
        "with its passage": Sentence(text="Lamps with oil burn longer.", sources=(), printed=(printed,)),
    }
    return {
        "sources": {"one": _sources(1), "as many as are shown": _sources(9), "more": _sources(12), "none": ()},
        "printed": (printed,),
        "sentences": sentences,
        "evidences": {
            "still to be opened": Evidence(n=1, least=2, missing=1, stands=_stands(True, False)),
            "opened": Evidence(n=2, least=2, missing=0, stands=_stands(True, True)),
            "taken as given": Evidence(n=3, least=2, missing=2, stands=_stands(False, False)),
            "names no source": Evidence(n=4, least=1, missing=1, stands=()),
        },
        "new": _AllNew(),
        "part": Section(title="Lamps", sentences=(fact, sentences["a judgement"])),
    }


def _stands(*opened: bool) -> tuple[Stand, ...]:
    return tuple(
        Stand(href=one.href, words=one.words, opened=was)
        for one, was in zip(_sources(len(opened)), opened, strict=True)
    )


class _AllNew:
    """Stands for an item before this one, which said none of it."""

    def is_new(self, text: str) -> bool:
        """Whatever it is."""
        return bool(text)


def _signed() -> dict[str, Any]:
    """What people do: forms, mistakes, decisions, incidents."""
    links = (
        Link(words="Waiting", href="#pattern-filters", here=True, count=12),
        Link(words="Approved", href="#pattern-filters", here=False, count=0),
    )
    missing = Problem(status=422, sentence="Give your name: it is signed into the record.", field="ada")
    unnamed = Problem(status=422, sentence=missing.sentence, field="name")
    taken = IncidentAct(act_id="0" * 10, decision_id="0", act="taken", person="Ben Okafor", words=None, at=AT)
    closed = IncidentAct(
        act_id="1" * 10, decision_id="0", act="closed", person="Ben Okafor", words="The table was mended", at=AT
    )
    return {
        "links": links,
        "problems": {
            "leads to its field": missing,
            "leads to the next item": Problem(status=409, sentence="The chart changed.", next_item=ITEM),
            "nothing to correct": Problem(status=503, sentence="The server does not answer; try again."),
        },
        "unnamed": unnamed,
        "form": Filled(name="Ada Nowak"),
        "empty_form": Filled(),
        "signed_in": Visitor(way="oidc", name="Ada Nowak"),
        "decisions": (
            _decision("approve", entries=((1, _HASH), (2, _HASH))),
            _decision("approve", entries=((2, _HASH),)),
            _decision("reject", code="noise", words="Too much of lamps."),
        ),
        "incidents": {"open": _incident(), "taken": _incident(taken), "closed": _incident(taken, closed)},
    }


def _decision(verb: Any, **more: Any) -> Decision:  # noqa: ANN401 - the fields of the record
    return Decision(
        **{
            "decision_id": "0",
            "item_id": ITEM,
            "person": "Ada Nowak",
            "person_key": "ada nowak",
            "roles": ("clinician",),
            "verb": verb,
            "entries": (),
            "proposal_sha256": _HASH,
            "policy_sha256": _HASH,
            "at": AT,
            **more,
        }
    )


def _incident(*acts: IncidentAct) -> Incident:
    return Incident(
        item_id=f"{len(acts)}" * 16,
        decision_id="0",
        run_id="0",
        code="unsafe",
        words="The lamp fell.",
        person="Ada Nowak",
        at=AT,
        recommendations=("urn:lamps|1.0.0",),
        pauses=True,
        acts=acts,
    )


def _look() -> Look:
    """A reading of two pictures, one finding against the report and one without a box."""
    shown = [
        PictureShown(
            number=n,
            time="current" if n == 1 else "earlier",
            day="2026-03-01",
            what="lamp, front",
            sha256=_HASH,
            width=400,
            height=400,
            made="window 40/400",
        )
        for n in (1, 2)
    ]
    where = Place(left=0.1, top=0.2, right=0.5, bottom=0.6)
    said = Reported(verdict="contradicts", sentence="No crack.", why="the report says no")
    return Look(
        study="",
        uid="",
        day="2026-03-01",
        kind="lamp film",
        model="a-model",
        revision=None,
        pictures=tuple(shown),
        findings=(
            Seen(
                finding="crack", state="present", side="left", words="thin line", picture=1, place=where, reported=said
            ),
            Seen(finding="rust", state="uncertain", side="none", words="", picture=1, doubts=("no box holds",)),
        ),
        sorter="a-sorter",
        sorted=(Sorted(question="view", answer="front", share=0.9, header="side", differs=True),),
    )
