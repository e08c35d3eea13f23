"""A scripted model that reads its prompt and answers as a good one would, so that one fault at a time can be put in."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_PREPARED = re.compile(r"^([a-z]+\d+) \[(.+?)\] ", re.M)
_SERIES = re.compile(r"^(\S.*?) \[(.*?)\](?: \(\d+ in all\))?: (.+)$", re.M)
_POINT = re.compile(r"(\S+) (\d{4}-\d\d-\d\d) ([\d.]+)(\*?)$")
_NOTE = re.compile(r"^(N\d+\.\d+) (\w[\w ]+)", re.M)
Sentence = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Last:
    """The last value of a measurement, as the prompt has it."""

    name: str
    unit: str
    fact: str
    day: str
    value: str

    @property
    def words(self) -> str:
        return f"{self.name} {self.value} {self.unit if self.unit != 'no unit' else ''}".strip()


def last_results(prompt: str) -> list[Last]:
    """The last values that are relied on."""
    found = []
    for name, unit, values in _SERIES.findall(prompt.partition("# Results")[2].partition("# Last visits")[0]):
        point = _POINT.search(values)
        if point and not point[4] and "/" not in name:
            found.append(Last(name=name, unit=unit, fact=point[1], day=point[2], value=point[3]))
    return found


def first_problem(prompt: str) -> tuple[str, str]:
    """Id and name of a problem on the list; of the patient, where there is none."""
    under = prompt.partition("# Problems on the list\n")[2].partition("# Medicines")[0].splitlines()
    if not under:
        return "B1", "fever"
    fact, _, name = under[0].split(" ", 2)
    return fact, name.partition(" (")[0]


def own(text: str, *facts: str, kind: str = "fact", **more: Any) -> Sentence:
    """A sentence of the model's own."""
    return {"text": text, "facts": list(facts), "kind": kind, **more}


def drafted(prompt: str, *sentences: Sentence) -> dict[str, Any]:
    """A draft that takes three prepared sentences over and adds some."""
    taken = [{"use": claim} for claim, _ in _PREPARED.findall(prompt)[:3]]
    return {"sections": [{"title": "Act on / verify first", "sentences": [*taken, *sentences]}]}


def true_sentence(prompt: str) -> Sentence:
    """A sentence that stands."""
    one = last_results(prompt)[0]
    return own(f"The last {one.words} was on {one.day}.", one.fact)


def good(prompt: str) -> dict[str, Any]:
    """A good draft."""
    return drafted(prompt, true_sentence(prompt))


def with_own(make: Callable[[str], Sentence]) -> Callable[[str], dict[str, Any]]:
    """A draft with one true sentence and one that is made from the prompt."""
    return lambda prompt: drafted(prompt, true_sentence(prompt), make(prompt))


def pointing(prompt: str) -> dict[str, Any]:
    """The first three sentences of the notes, each by its first words."""
    lines = _NOTE.findall(prompt)[:3]
    return {
        "facts": [
            {"sentence": i, "about": " ".join(words.split()[:2]), "topic": "other", "meaning": "past"}
            for i, words in lines
        ]
    }
