"""The same words in another resource: what is proposed where a server does not take the type that was meant.

A summary becomes a document that carries its text; a proposed order becomes a task, or a document too. Nothing is
added, and the words say what it is: that an order was only proposed must be readable in a note as well.
"""

from __future__ import annotations

import base64
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any

from chart.extract.markup import html_text
from chart.left_out import STANDS_FOR
from claims.proposed import proposed

Resource = dict[str, Any]

_CATEGORY = {
    "coding": [
        {
            "system": "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category",
            "code": "clinical-note",
            "display": "Clinical Note",
        }
    ]
}
_NOTE = {"coding": [{"system": "http://loinc.org", "code": "11506-3", "display": "Progress note"}]}


def ladder(kind: str) -> tuple[str, ...]:
    """The types that may stand for a resource of this type, the best first; none where nothing may."""
    return _ladders().get(kind, ())


def stand_in(resource: Resource, kind: str, *, title: str) -> Resource:
    """The resource of another type that stands for this one.

    Args:
        resource: what was meant, with its id, which stays.
        kind: one of its `ladder`.
        title: one line that says what it is.

    Raises:
        ValueError: when nothing of that type can stand for it, or its words cannot be read.
    """
    if kind not in ladder(str(resource["resourceType"])):
        raise ValueError("Take a type from the ladder of the resource.")
    meta = resource.get("meta", {})
    tag = {"system": STANDS_FOR, "code": str(resource["resourceType"])}
    found = _task(resource, title) if kind == "Task" else _document(resource, title)
    return {**found, "meta": {**meta, "tag": [*meta.get("tag", ()), tag]}}


@cache
def _ladders() -> Mapping[str, tuple[str, ...]]:
    text = resources.files("claims").joinpath("degrade.toml").read_text("utf-8")
    return {kind: tuple(types) for kind, types in tomllib.loads(text)["instead"].items()}


def _document(meant: Resource, title: str) -> Resource:
    """A DocumentReference with the words as plain text."""
    text = "\n".join(_composed(meant) if meant["resourceType"] == "Composition" else [title, *proposed(meant)])
    data = base64.b64encode(text.encode()).decode()
    found: Resource = {
        "resourceType": "DocumentReference",
        **_same(meant, "id", "meta", "language", "identifier"),
        "status": "current",
        "docStatus": "preliminary",
        "type": meant["type"] if meant["resourceType"] == "Composition" else _NOTE,
        "category": [_CATEGORY],
        "subject": _subject(meant),
        "description": title,
        "content": [{"attachment": {"contentType": "text/plain; charset=utf-8", "data": data, "title": title}}],
    }
    if authors := _authors(meant):
        found["author"] = authors
    if date := meant.get("date") or meant.get("authoredOn"):
        # An instant has a time; a day alone is left out.
        found |= {"date": date} if "T" in str(date) else {}
    context: Resource = {}
    if "encounter" in meant:
        context["encounter"] = [meant["encounter"]]
    if related := _related(meant):
        context["related"] = related
    return found | ({"context": context} if context else {})


def _task(meant: Resource, title: str) -> Resource:
    """A Task that asks somebody to look at the proposal."""
    return {
        "resourceType": "Task",
        **_same(meant, "id", "meta", "language", "identifier", "encounter", "authoredOn"),
        **_first_of_lists(meant, "reasonCode", "reasonReference", "instantiatesCanonical", "instantiatesUri"),
        "status": "draft",
        "intent": "proposal",
        "description": "\n".join([title, *proposed(meant)]),
        "for": _subject(meant),
        **({"requester": meant["requester"]} if "requester" in meant else {}),
    }


def _composed(meant: Resource) -> Iterator[str]:
    """The text of a Composition: each section's title and its lines."""
    yield str(meant.get("title", ""))
    for section in meant.get("section", ()):
        yield ""
        if section.get("title"):
            yield f"{section['title']}"
        div = str(section.get("text", {}).get("div", ""))
        text = html_text(div) if div else ""
        yield from (line for raw in text.splitlines() if (line := raw.strip()))


def _subject(meant: Resource) -> Resource:
    found: Resource = next(meant[name] for name in ("subject", "patient", "for") if name in meant)
    return found


def _authors(meant: Resource) -> list[Resource]:
    author = meant.get("author") or meant.get("requester")
    return [author] if isinstance(author, dict) else list(author or ())


def _related(meant: Resource) -> list[Resource]:
    cited = [entry for section in meant.get("section", ()) for entry in section.get("entry", ())]
    cited += meant.get("reasonReference", ())
    return list({str(one.get("reference")): one for one in cited}.values())


def _same(meant: Resource, *names: str) -> Resource:
    found = {name: meant[name] for name in names if name in meant}
    if isinstance(found.get("identifier"), dict):
        found["identifier"] = [found["identifier"]]
    return found


def _first_of_lists(meant: Resource, *names: str) -> Resource:
    return {name: meant[name][0] for name in names if meant.get(name)}
