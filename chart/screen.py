"""What of the resources anybody may see: sensitive ones are taken out, sensitive sentences of notes are blotted out."""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chart.extract.attachment import Unreadable
from chart.extract.note import facts as note_facts
from chart.extract.note import note_text
from chart.extract.statement import identity
from chart.notes import sentence_parts
from chart.sensitive import Action, SensitiveClass, judge_words, labelled, stricter

Resource = Mapping[str, Any]
_NOTES = frozenset({"DocumentReference", "DiagnosticReport"})
_NO_WORDS = frozenset({"reference", "system", "url", "data", "id", "versionId", "lastUpdated", "profile", "meta"})
"""Elements that hold no words of anybody; an attachment's words are looked at as the text of the note."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Screened:
    """The resources after the policy on sensitive data."""

    visible: Mapping[str, Resource]
    """By ``Type/id`` what may be seen, notes without their sensitive sentences; where all may, the library itself."""
    kept_back: Mapping[str, tuple[Action, str]]
    """By ``Type/id`` what is not there, or not whole, with the action and the title of the class that says so."""


def screen(
    library: Mapping[str, Resource],
    classes: tuple[SensitiveClass, ...],
    *,
    age: int | None,
    marked: Collection[str] | None = None,
) -> Screened:
    """Apply the policy to resources, before anything is read from them.

    A resource goes by its labels or its words; an order goes with the medicine that it points at; what is left loses
    the words beside a reference to what went. The patient's own resource stays.

    Args:
        library: all resources of one patient and what they point at, by ``Type/id``.
        classes: the policy.
        age: of the patient in years, for classes that hold at some ages only.
        marked: references of those that may carry labels, in any number; not given, all are asked.
    """
    mine = tuple(c for c in classes if c.holds_at(age))
    if not mine:
        return Screened(visible=library, kept_back={})
    by_words = tuple(c for c in mine if c.by_words != "show")
    kept_back: dict[str, tuple[Action, str]] = {}
    for reference in library if marked is None or by_words else _among(library, marked):
        resource = library[reference]
        if resource.get("resourceType") == "Patient":
            continue
        found = labelled(resource, mine)
        if by_words:
            found = stricter(found, judge_words(" \n".join(_words(resource)), by_words))
        if found[0] != "show":
            kept_back[reference] = found
    kept_back |= _pointing_at_medicine(library, kept_back)
    if not kept_back and not by_words:
        return Screened(visible=library, kept_back={})
    visible = {reference: one for reference, one in library.items() if reference not in kept_back}
    if kept_back:
        visible = {reference: _unnamed(one, kept_back) for reference, one in visible.items()}
    for reference, one in list(visible.items()) if by_words else ():
        blotted, worst = _blotted(one, by_words)
        if worst[0] != "show":
            visible[reference], kept_back[reference] = blotted, worst
    return Screened(visible=visible, kept_back=kept_back)


def _among(library: Mapping[str, Resource], marked: Collection[str]) -> list[str]:
    """Those of the library that are marked, in its order; a chart without any is not walked over."""
    return [reference for reference in library if reference in marked] if marked else []


def _words(node: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON value
    """All words of a resource."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, Mapping):
        for key, value in node.items():
            if key not in _NO_WORDS:
                yield from _words(value)
    elif isinstance(node, list):
        for value in node:
            yield from _words(value)


def _pointing_at_medicine(
    library: Mapping[str, Resource], gone: Mapping[str, tuple[Action, str]]
) -> dict[str, tuple[Action, str]]:
    """Orders and the like whose medicine went."""
    if not any(reference.startswith("Medication/") for reference in gone):
        return {}
    found = {}
    for reference, resource in library.items():
        link = resource.get("medicationReference")
        target = _target(link) if isinstance(link, Mapping) else ""
        if target in gone and reference not in gone:
            found[reference] = gone[target]
    return found


def _target(link: Mapping[str, Any]) -> str:
    return "/".join(str(link.get("reference", "")).partition("/_history/")[0].split("/")[-2:])


def _unnamed(node: Any, gone: Mapping[str, object]) -> Any:  # noqa: ANN401 - any JSON value
    """The same without the words beside a reference to what went; what holds none is the same object."""
    if isinstance(node, Mapping):
        drop = "display" in node and _target(node) in gone
        changed = {k: _unnamed(v, gone) for k, v in node.items() if not (drop and k == "display")}
        return changed if drop or any(changed[k] is not node[k] for k in changed) else node
    if isinstance(node, list):
        items = [_unnamed(v, gone) for v in node]
        return items if any(a is not b for a, b in zip(items, node, strict=True)) else node
    return node


def _blotted(resource: Resource, classes: tuple[SensitiveClass, ...]) -> tuple[Resource, tuple[Action, str]]:
    """A note without its sensitive sentences, and the strictest class that they were of."""
    worst: tuple[Action, str] = ("show", "")
    if resource.get("resourceType") not in _NOTES:
        return resource, worst
    found = note_facts(resource, identity(resource))
    try:
        note = note_text(resource, found[0]) if found else None
    except Unreadable:
        return resource, worst  # no text, so nothing that anybody could repeat
    if note is None:
        return resource, worst
    lines = []
    for line in note.text.splitlines():
        parts = []
        for part in sentence_parts(line):
            said = judge_words(part, classes)
            worst = stricter(worst, said)
            parts.append(_BLOT[said[0]].format(said[1]) if said[0] != "show" else part)
        lines.append(" ".join(parts))
    return (_retold(resource, "\n".join(lines)), worst) if worst[0] != "show" else (resource, worst)


_BLOT: Mapping[Action, str] = {"mask": "[masked: {}]", "withhold": "[…]"}


def _retold(resource: Resource, text: str) -> Resource:
    """The note with its text as the only attachment, and without a narrative that might repeat what went."""
    attachment = {
        "contentType": "text/plain; charset=utf-8",
        "data": base64.b64encode(text.encode()).decode(),
    }
    rest = {k: v for k, v in resource.items() if k not in ("text", "content", "presentedForm")}
    if "content" in resource:
        return {**rest, "content": [{"attachment": attachment}]}
    return {**rest, "presentedForm": [attachment]}
