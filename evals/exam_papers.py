"""Exam questions in the files that MedQA, MedMCQA and PubMedQA are published in, from the user's own copy.

Sources of the layouts: github.com/jind11/MedQA, github.com/medmcqa/medmcqa, github.com/pubmedqa/pubmedqa.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Exam = Literal["medqa", "medmcqa", "pubmedqa"]
Row = Mapping[str, Any]
LETTERS = "ABCDEFGHIJ"
_VERDICTS = ("yes", "no", "maybe")
_GROUND_TRUTH = "test_ground_truth.json"


class PaperUnusable(ValueError):
    """The file does not hold the questions of this exam."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"The questions cannot be used: {problem}.")


@dataclass(frozen=True, kw_only=True, slots=True)
class ExamQuestion:
    """One question with a single right option."""

    id: str
    """From the file, or the line's number."""
    text: str
    """What is asked, with the abstract it is asked about where there is one."""
    options: tuple[str, ...]
    """What to choose from; the first is A."""
    answer: str
    """The letter of the right one."""


def questions_of(exam: Exam, path: Path) -> tuple[ExamQuestion, ...]:
    """Read the questions of an exam in the file's order.

    Args:
        exam: which.
        path: the file (JSON lines, a JSON list, or a JSON object by id); of PubMedQA its folder too, which narrows
            `ori_pqal.json` to the test split of `test_ground_truth.json`.

    Raises:
        PaperUnusable: the file has another layout, or no answers.
        OSError: it cannot be read.
    """
    file, keep = _file(exam, path)
    rows = [(key, row) for key, row in _rows(file) if keep is None or key in keep]
    if not rows:
        raise PaperUnusable(f"{file.name} holds none")
    try:
        found = tuple(_READERS[exam](rows))
    except (KeyError, TypeError, IndexError) as error:
        raise PaperUnusable(f"{file.name} is not laid out as {exam} is published ({error!r})") from error
    twice = len(found) - len({one.id for one in found})
    if twice:
        raise PaperUnusable(f"{file.name} gives {twice} ids more than once")
    return found


def _file(exam: Exam, path: Path) -> tuple[Path, frozenset[str] | None]:
    if not path.is_dir():
        return path, None
    if exam != "pubmedqa":
        raise PaperUnusable(f"{path.name} is a folder; give the file, such as its test.jsonl")
    truth = next((p for p in (path / _GROUND_TRUTH, path.parent / _GROUND_TRUTH) if p.is_file()), None)
    return path / "ori_pqal.json", None if truth is None else frozenset(key for key, _ in _rows(truth))


def _rows(file: Path) -> list[tuple[str, Any]]:
    """Each row with its id: its key in an object, else its number from 1."""
    text = file.read_text(encoding="utf-8-sig")
    try:
        whole = json.loads(text)
    except ValueError:
        return [(str(n), row) for n, row in enumerate(_lines(file.name, text), 1)]
    if isinstance(whole, list):
        return [(str(n), row) for n, row in enumerate(whole, 1)]
    # A file of one line is both an object and JSON lines: a row of its own holds its question.
    if isinstance(whole, dict) and not {"question", "QUESTION"} & set(whole):
        return list(whole.items())
    return [("1", whole)]


def _lines(name: str, text: str) -> Iterator[Any]:
    # Not splitlines: abstracts hold separators that JSON leaves as they are.
    for n, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield json.loads(line)
            except ValueError as error:
                raise PaperUnusable(f"line {n} of {name} is no JSON") from error


def _medqa(rows: Sequence[tuple[str, Row]]) -> Iterator[ExamQuestion]:
    for key, row in rows:
        letters = sorted(row["options"])
        if letters != list(LETTERS[: len(letters)]) or row["answer_idx"] not in letters:
            raise PaperUnusable(f"question {key} has no answer_idx among its options")
        yield ExamQuestion(
            id=key,
            text=row["question"].strip(),
            options=tuple(row["options"][letter] for letter in letters),
            answer=row["answer_idx"],
        )


def _medmcqa(rows: Sequence[tuple[str, Row]]) -> Iterator[ExamQuestion]:
    """The published files count `cop` from 1, some copies from 0; only the file as a whole tells which."""
    marked = {row.get("cop") for _, row in rows}
    if not marked <= {0, 1, 2, 3, 4}:
        raise PaperUnusable("some have no right option in `cop`; take the dev split, since the test split has none")
    if (0 in marked) == (4 in marked):
        raise PaperUnusable("`cop` does not show whether it counts from 0 or 1; give the whole split")
    first = 0 if 0 in marked else 1
    for key, row in rows:
        yield ExamQuestion(
            id=str(row.get("id") or key),
            text=row["question"].strip(),
            options=tuple(row[name] for name in ("opa", "opb", "opc", "opd")),
            answer=LETTERS[row["cop"] - first],
        )


def _pubmedqa(rows: Sequence[tuple[str, Row]]) -> Iterator[ExamQuestion]:
    """The published object by PubMed id, or copies of it as rows with `pubid`."""
    for key, row in rows:
        given = row["CONTEXTS"] if "CONTEXTS" in row else row["context"]["contexts"]
        asked = row["QUESTION"] if "QUESTION" in row else row["question"]
        if row.get("final_decision") not in _VERDICTS:
            raise PaperUnusable(f"question {key} has no final_decision; take the labelled set (PQA-L)")
        yield ExamQuestion(
            id=str(row.get("pubid", key)),
            text="\n\n".join(["Abstract:", *given, f"Question: {asked}"]),
            options=_VERDICTS,
            answer=LETTERS[_VERDICTS.index(row["final_decision"])],
        )


_READERS: Mapping[Exam, Callable[[Sequence[tuple[str, Row]]], Iterator[ExamQuestion]]] = {
    "medqa": _medqa,
    "medmcqa": _medmcqa,
    "pubmedqa": _pubmedqa,
}
