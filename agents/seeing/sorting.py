"""Sorting by a model that knows no patient: which sentence fits a picture best, beside what its header says."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

from pydantic import BaseModel, ConfigDict, Field

from agents.models.embedding import ImageEmbedder
from claims.seen import Sorted
from tools.imaging.header import Header

SURE = 0.6
"""The least share with which an answer contradicts a header."""


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Answer(_Row):
    """One answer."""

    name: str
    """For people."""
    sentence: str = Field(min_length=1, max_length=120)
    """What the model compares the picture with."""
    says: tuple[str, ...] = ()
    """The header's words that agree with it."""


class Question(_Row):
    """One question: a row of `sorting.toml`."""

    name: str
    """For people."""
    header: str = ""
    """The header's field that says the same; empty where none does."""
    only: str = ""
    """The answer to the first question without which it is not asked."""
    answer: tuple[Answer, ...] = Field(min_length=2)
    """What it may be."""


@cache
def questions() -> tuple[Question, ...]:
    """The questions, in order."""
    text = resources.files("agents.seeing").joinpath("sorting.toml").read_text(encoding="utf-8")
    return tuple(Question.model_validate(row) for row in tomllib.loads(text)["question"])


def sort_picture(sorter: ImageEmbedder, png: bytes, header: Header) -> tuple[Sorted, ...]:
    """What a picture is taken for.

    Args:
        sorter: the classifier.
        png: the picture, at the classifier's size.
        header: what it says of itself.

    Raises:
        agents.models.picture.PictureUnusable: it cannot be embedded.
    """
    found: list[Sorted] = []
    for question in questions():
        if question.only and found and found[0].answer != question.only:
            continue
        scores = sorter.classify(png, [one.sentence for one in question.answer])
        best = max(range(len(scores)), key=lambda at, scores=scores: scores[at].share)  # type: ignore[misc]
        said = str(getattr(header, question.header, None) or "") if question.header else ""
        answer, share = question.answer[best], scores[best].share
        known = any(said in one.says for one in question.answer)
        differs = known and said not in answer.says and share >= SURE
        found.append(Sorted(question=question.name, answer=answer.name, share=share, header=said, differs=differs))
    return tuple(found)
