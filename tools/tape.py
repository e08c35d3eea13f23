"""A tape: what the outside answered, each answer under the hash of what it was asked; the same bytes each time."""

from __future__ import annotations

import hashlib
import json
import lzma
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

Kind = Literal["model", "fhir", "literature"]
Json = dict[str, Any]
_VERSION = 1


class TapeUnknown(RuntimeError):
    """The tape holds no answer to this: what is asked has changed; record it again."""

    def __init__(self, kind: Kind, key: str, words: str = "") -> None:
        self.kind, self.key, self.words = kind, key, words
        what = words or f"{'prompt' if kind == 'model' else 'request'} {key[:12]}"
        super().__init__(f"The tape holds no answer to {what}: what is asked has changed; record it again.")


class TapeUnusable(ValueError):
    """The file is no tape, or not whole; record it again."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is no tape, or not whole; record it again.")


class Tape:
    """Exchanges in memory: recorded in any order, played in the order of their kind and hash.

    Args:
        words: whether what was asked is kept beside its hash, for people to compare. Prompts and requests may repeat
            what a chart says, so that is for invented patients, or where a site allows it.
    """

    def __init__(self, *, words: bool = False) -> None:
        self.words = words
        self.head: Json = {}
        """What belongs to the whole: the clock, the scenario, what came of it."""
        self._answers: dict[tuple[Kind, str], list[Json]] = {}
        self._asked: dict[tuple[Kind, str], str] = {}
        self._used: Counter[tuple[Kind, str]] = Counter()

    def keep(self, kind: Kind, key: str, answer: Json, *, asked: str = "") -> None:
        """Put down what was answered; the same question again is a further answer."""
        self._answers.setdefault((kind, key), []).append(answer)
        self._used[kind, key] += 1
        if self.words and asked:
            self._asked[kind, key] = asked

    def knows(self, kind: Kind, key: str) -> bool:
        """Whether it holds an answer."""
        return (kind, key) in self._answers

    def play(self, kind: Kind, key: str, *, words: str = "") -> Json:
        """The next answer to a question.

        Raises:
            TapeUnknown: it was never asked, or not so often.
        """
        place = self._used[kind, key]
        answers = self._answers.get((kind, key), [])
        if place >= len(answers):
            raise TapeUnknown(kind, key, words)
        self._used[kind, key] += 1
        return answers[place]

    def again(self, kind: Kind, key: str) -> Json:
        """The first answer, however often it is asked; for what answers the same each time.

        Raises:
            TapeUnknown: it was never asked.
        """
        answers = self._answers.get((kind, key))
        if not answers:
            raise TapeUnknown(kind, key)
        return answers[0]

    def rewind(self) -> None:
        """Play it from its start."""
        self._used.clear()

    def asked(self, kind: Kind) -> Mapping[str, str]:
        """What was asked, by hash, in the order of the hashes; the hash itself where no words are kept."""
        keys = sorted(key for one, key in self._answers if one == kind)
        return {key: self._asked.get((kind, key), key) for key in keys}

    def used(self, kind: Kind) -> Mapping[str, int]:
        """How often each thing was asked since the tape was made or rewound, by its first line, in order."""
        found: Counter[str] = Counter()
        for (one, key), times in self._used.items():
            if one == kind:
                found[self._asked.get((one, key), key).partition("\n")[0]] += times
        return dict(sorted(found.items()))

    def count(self, kind: Kind) -> int:
        """How many answers of a kind it holds."""
        return sum(len(answers) for (one, _), answers in self._answers.items() if one == kind)

    def packed(self) -> bytes:
        """The tape as compressed JSON (`xzcat` shows it): an index, and each body once under its SHA-256."""
        bodies: dict[str, str] = {}

        def body(value: str) -> str:
            name = hashlib.sha256(value.encode()).hexdigest()
            bodies[name] = value
            return name

        exchanges = [
            {
                "kind": kind,
                "key": key,
                "asked": body(self._asked[kind, key]) if (kind, key) in self._asked else None,
                "answers": [body(_text(answer)) for answer in answers],
            }
            for (kind, key), answers in sorted(self._answers.items())
        ]
        head = body(_text(self.head))
        whole = {"tape": _VERSION, "words": self.words, "head": head, "exchanges": exchanges, "bodies": bodies}
        return lzma.compress(_text(whole).encode(), preset=6)


def opened(path: Path) -> Tape:
    """A tape from its file.

    Raises:
        TapeUnusable: it is none, or a body is not what its hash says.
        FileNotFoundError: there is no such file.
    """
    try:
        whole = json.loads(lzma.decompress(path.read_bytes()))
        bodies: dict[str, str] = whole["bodies"]
        if whole["tape"] != _VERSION or any(hashlib.sha256(b.encode()).hexdigest() != n for n, b in bodies.items()):
            raise TapeUnusable(path.name)
        tape = Tape(words=bool(whole["words"]))
        tape.head = json.loads(bodies[whole["head"]])
        for one in whole["exchanges"]:
            for answer in one["answers"]:
                tape.keep(one["kind"], one["key"], json.loads(bodies[answer]), asked=bodies.get(one["asked"], ""))
        tape.rewind()
        return tape
    except (lzma.LZMAError, EOFError, KeyError, TypeError, ValueError) as error:
        raise TapeUnusable(path.name) from error


def _text(value: Any) -> str:  # noqa: ANN401 - any JSON value
    return json.dumps(value, sort_keys=True, ensure_ascii=False, indent=1)
