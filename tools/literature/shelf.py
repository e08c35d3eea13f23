"""What a round may look into: the local index where one was built, and the sources that the settings allow."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tools.evidence import Coverage
from tools.literature.errors import LiteratureError, SourceUnreachable
from tools.literature.local_index import LocalIndex
from tools.literature.passage import Found, Passage
from tools.literature.question import Question
from tools.literature.quotable import Quotable, quotable
from tools.literature.source import Source

TOOL = "literature_search"
NO_INDEX = "no literature index"
"""What the coverage line says where nothing was asked, because there is nothing to ask."""
LOOKED_AT = 20
"""Passages of one answer in which a sentence is looked for."""
PER_QUESTION = 2
"""Sentences of one question and source."""
SECONDS = 40.0
"""The longest that a round waits for a source; PubMed's own waits can be longer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What one source brought to one question."""

    about: str
    """The question's `about`."""
    source: str
    """`local`, `pubmed` or `europepmc`."""
    coverage: Coverage
    """How the asking went; `found` counts passages."""
    quotable: tuple[Quotable, ...]
    """What may be quoted, best first."""
    withheld: tuple[str, ...]
    """Keys of retracted documents that match."""


class Shelf:
    """The literature of one installation.

    Args:
        index: the file of the local index; it need not be there.
        sources: those over the network that the settings allow.
    """

    def __init__(self, index: Path | None = None, sources: Sequence[Source] = ()) -> None:
        self._index = index
        self._sources = tuple(sources)

    @property
    def indexed(self) -> bool:
        """Whether a local index was built."""
        return self._index is not None and self._index.is_file()

    async def ask(
        self, questions: Sequence[Question], *, year: int, now: datetime, most: int = PER_QUESTION
    ) -> tuple[Answer, ...]:
        """Ask everything of every source; what fails is a coverage line that says so.

        Args:
            questions: what is asked; nothing else leaves.
            year: the year of the round: what was published later is passed over.
            now: when it is asked; kept answers carry it.
            most: sentences of one question and source.

        Returns:
            Question by question, the local index first, with coverage lines `l1`, `l2`, …
        """
        if not self.indexed and not self._sources:
            nothing = Coverage(id="l1", tool=TOOL, query=NO_INDEX, found=0, truncated=False, error=None)
            return (Answer(about="", source="local", coverage=nothing, quotable=(), withheld=()),)
        local = await asyncio.to_thread(self._local, questions) if self.indexed else [None] * len(questions)
        remote = await asyncio.gather(*(self._remote(s, q, now) for q in questions for s in self._sources))
        answers: list[Answer] = []
        for at, (question, found) in enumerate(zip(questions, local, strict=True)):
            width = len(self._sources)
            heard: list[tuple[str, str, Found | LiteratureError]] = (
                [] if found is None else [("local", question.words, found)]
            )
            heard += remote[at * width : (at + 1) * width]
            for source, asked, one in heard:
                answers.append(_answer(f"l{len(answers) + 1}", question, source, asked, one, year=year, most=most))
        return tuple(answers)

    def passages(self, keys: Iterable[str]) -> tuple[tuple[Passage, ...], frozenset[str]]:
        """The passages of some documents as the local index has them now, and the keys of those that were retracted.

        Raises:
            LiteratureError: there is no index, or it cannot be read.
        """
        if self._index is None:
            return (), frozenset()
        wanted = tuple(keys)
        with LocalIndex(self._index) as index:
            return index.passages(wanted), index.retracted(wanted)

    def _local(self, questions: Sequence[Question]) -> list[Found | LiteratureError | None]:
        found: list[Found | LiteratureError | None] = []
        try:
            with LocalIndex(self._index or Path()) as index:
                for question in questions:
                    try:
                        found.append(index.search(question.words, limit=LOOKED_AT))
                    except LiteratureError as error:
                        found.append(error)
        except LiteratureError as error:
            return [error] * len(questions)
        return found

    async def _remote(
        self, source: Source, question: Question, now: datetime
    ) -> tuple[str, str, Found | LiteratureError]:
        if question.concepts is None:
            said = "nothing of Preround's own tables to ask about"
            empty = Found(source=source.name, asked=said, passages=(), total=0, truncated=False, withheld=())
            return source.name, said, empty
        try:
            async with asyncio.timeout(SECONDS):
                return (
                    source.name,
                    question.concepts.text,
                    await source.find(question.concepts, limit=LOOKED_AT, now=now),
                )
        except LiteratureError as error:
            return source.name, question.concepts.text, error
        except TimeoutError:
            late = SourceUnreachable(
                f"The literature source did not answer within {SECONDS:.0f} seconds: try again later."
            )
            return source.name, question.concepts.text, late


def _answer(
    coverage_id: str,
    question: Question,
    source: str,
    asked: str,
    found: Found | LiteratureError,
    *,
    year: int,
    most: int,
) -> Answer:
    query = f"{source}: {asked}"
    if isinstance(found, LiteratureError):
        said = str(found) or inspect.cleandoc(type(found).__doc__ or "")
        failed = Coverage(id=coverage_id, tool=TOOL, query=query, found=0, truncated=False, error=said)
        return Answer(about=question.about, source=source, coverage=failed, quotable=(), withheld=())
    return Answer(
        about=question.about,
        source=source,
        coverage=Coverage(
            id=coverage_id,
            tool=TOOL,
            query=query,
            found=len(found.passages),
            truncated=found.truncated,
            error=None,
        ),
        quotable=quotable(question, found.passages, most=most, year=year),
        withheld=found.withheld,
    )
