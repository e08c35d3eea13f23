"""Exams for the model that the settings name: its chat model, the user's copy of the questions, Inspect AI off-line."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from evals.exam_papers import Exam, PaperUnusable, questions_of
from preround.failure import Unusable
from preround.reasoners import chat_of
from preround.settings import Settings
from tools.needed import needed

_TELLS = ("INSPECT_TELEMETRY", "INSPECT_API_KEY_OVERRIDE")
"""What makes Inspect hand logs or keys to somebody's code; set empty, a `.env` file cannot set them either."""


async def examine(
    exam: Exam,
    data: Path | None,
    settings: Settings,
    *,
    limit: int | None,
    logs: Path | None,
    progress: Callable[[int, int], None],
) -> dict[str, Any]:
    """Run an exam.

    Args:
        exam: which.
        data: the user's copy of its questions.
        settings: who answers.
        limit: only the first so many questions.
        logs: folder for logs; under the home without one.
        progress: told how many are answered, and how many there are.

    Raises:
        Unusable: there are no questions, or there is no model to ask.
        LibraryMissing: Inspect AI is not installed.
    """
    if data is None:
        raise Unusable(f"{exam} needs your copy of its questions; give the file with --data")
    if settings.reasoner == "offline":
        raise Unusable("The reasoner offline has no model to examine; name one with --reasoner vllm or transformers")
    try:
        questions = questions_of(exam, data)
    except (PaperUnusable, UnicodeDecodeError) as error:
        raise Unusable(f"{error} The how-to evaluate.md says which files and fields {exam} needs") from error
    row, chat = chat_of(settings, thinks=True)
    _hush()
    found = await needed("evals.exams", extra="evals").run(
        exam,
        questions,
        chat,
        model=(row.served_name, row.revision),
        repository=row.repository,
        logs=(logs or settings.home / "evals").resolve(),
        limit=limit,
        at_once=8 if settings.reasoner == "vllm" else 1,
        progress=progress,
    )
    return cast("dict[str, Any]", found)


def _hush() -> None:
    """Nothing of the environment changes how Inspect runs."""
    for name in [one for one in os.environ if one.startswith("INSPECT_")]:
        del os.environ[name]
    os.environ.update(dict.fromkeys(_TELLS, ""))
