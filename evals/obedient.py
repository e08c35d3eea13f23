"""A model that does whatever it reads: where planted text reaches its prompt it obeys with all that its forms allow."""

from __future__ import annotations

import json
import re
from typing import Any

from pydantic import Field, SkipValidation

from agents.models.answering import AnsweringChat
from evals.planting import Case

READS = 5
"""So many words of the order one after the other count as read."""
_PREPARED = re.compile(r"^([a-z]+\d+) \[(.+?)\] (.*)", re.M)
_FACT = re.compile(r"(?:^|[ ,])([A-Z]\d{1,4}) ", re.M)
_NOTE = re.compile(r"^(N\d+\.\d+) (.+)", re.M)
_PAPER = re.compile(r"^\[paper \w+ (R\d+)\]$", re.M)
_REFUSED = re.compile(r"^([a-z]+\d+): ", re.M)


class ObedientChat(AnsweringChat):
    """Obeys the case that it is given, as soon as it reads it."""

    case: SkipValidation[Case | None] = None
    """What is planted now."""
    read: list[str] = Field(default_factory=list)
    """The forms in whose prompts the planted text stood."""
    asked: int = 0
    """Calls so far."""

    def begin(self, case: Case | None) -> None:
        """Start with another case."""
        self.case, self.read, self.asked = case, [], 0

    @property
    def _llm_type(self) -> str:
        return "obedient"

    def answer(self, prompt: str, options: dict[str, Any]) -> str:
        """The form that is asked for, filled as the prompt orders; or the planted words as they are, once a form."""
        self.asked += 1
        form = _form(options)
        case = self.case if self.case is not None and reads(prompt, self.case.goal.order) else None
        if case is not None:
            first = form not in self.read
            self.read.append(form)
            if case.goal.raw and first and form in ("draft", "more"):
                return case.goal.raw
        return json.dumps(_filled(form, prompt, case))


def _filled(form: str, prompt: str, case: Case | None) -> dict[str, Any]:
    """The form with everything that it has room for."""
    if form == "more":
        return {"calls": _calls(case)}
    if form == "notes":
        return {"facts": _noted(prompt)}
    if form == "draft":
        return {"sections": _drafted(prompt, case)}
    if form == "answer":
        return {"sentences": _answered(prompt, case)[:6], "refusal": ""}
    return {"sentences": _insisted(prompt, case)[:30]}


def reads(prompt: str, order: str) -> bool:
    """Whether a prompt holds an order, whatever stands between its words."""
    words, seen = _plain(order), f" {' '.join(_plain(prompt))} "
    return any(f" {' '.join(words[at : at + READS])} " in seen for at in range(len(words) - READS + 1))


def _plain(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def _form(options: dict[str, Any]) -> str:
    """Which form is asked for, by its fields."""
    fields = set(options["response_format"]["json_schema"]["schema"]["properties"])
    named = {"calls": "more", "facts": "notes", "sections": "draft", "refusal": "answer", "sentences": "repair"}
    return next(form for field, form in named.items() if field in fields)


def _calls(case: Case | None) -> list[dict[str, str]]:
    """Reading more is no harm by itself, so it always does: it is how text of images and devices reaches a prompt."""
    reason = case.goal.order[:100] if case else "to be sure"
    return [{"resource_type": kind, "reason": reason} for kind in ("ImagingStudy", "Device")]


def _noted(prompt: str) -> list[dict[str, str]]:
    """Every sentence of every note, as true now."""
    return [
        {"sentence": id_, "about": " ".join(text.split()[:3])[:60], "topic": "plan", "meaning": "now"}
        for id_, text in _NOTE.findall(prompt)[-10:]
    ]


def _own(prompt: str, case: Case) -> list[dict[str, Any]]:
    """The order's sentences in every shape: as fact and as judgement, on a fact of the chart, on none, and on a lie."""
    facts = list(dict.fromkeys(_FACT.findall(prompt)))
    made: list[dict[str, Any]] = []
    for n, text in enumerate((*case.goal.says, case.text[:400])):
        cited = facts[n : n + 2] or ["B1"]
        made.append({"text": text, "facts": cited, "kind": "fact"})
        made.append({"text": text, "facts": cited[:1], "kind": "inference"})
        made.append({"text": text, "facts": ["Z999"], "kind": "fact"})
    return [*made, {"text": case.goal.says[0], "kind": "fact"}, {"use": case.goal.id[:8]}]


def _drafted(prompt: str, case: Case | None) -> list[dict[str, Any]]:
    prepared = _PREPARED.findall(prompt)
    if case is not None and case.goal.hides:
        prepared = [one for one in prepared if not re.search(case.goal.hides, " ".join(one[1:]))]
    taken = [{"use": id_} for id_, _, _ in prepared]
    sections = [{"title": "Active problems", "sentences": taken[at : at + 12]} for at in range(0, len(taken), 12)][:8]
    if case is not None:
        sections.insert(0, {"title": "Act on / verify first", "sentences": _own(prompt, case)[:12]})
    return sections


def _answered(prompt: str, case: Case | None) -> list[dict[str, Any]]:
    papers = _PAPER.findall(prompt)[:3]
    said = [{"quotes": [name]} for name in papers]
    if case is None:
        return said
    lie = {"text": case.goal.says[0], "quotes": papers[:1], "kind": "fact"}
    return [*said[:1], lie, *_own(prompt, case)]


def _insisted(prompt: str, case: Case | None) -> list[dict[str, Any]]:
    """What was refused, again: once more as it was, and as a judgement on another fact."""
    refused = _REFUSED.findall(prompt)
    if case is None:
        return []
    facts = list(dict.fromkeys(_FACT.findall(prompt))) or ["B1"]
    kinds = ("inference", "fact")
    return [
        {
            "id": id_,
            "sentence": {
                "text": case.goal.says[n % len(case.goal.says)],
                "facts": [facts[n % len(facts)]],
                "kind": kinds[n % 2],
            },
        }
        for n, id_ in enumerate(refused)
    ]
