"""Medical exams of published question sets, run on Inspect AI: `preround eval medqa|medmcqa|pubmedqa`.

Each question is asked once, at temperature 0, with room to think; the letter on the last line is compared with the
key, by Inspect's own multiple-choice solver and scorer. Inspect keeps a log in the folder given, and takes finished
answers from it when the same questions are asked of the same model again.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from inspect_ai import Task, eval_set
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.log import EvalLog, EvalSample, list_eval_logs, read_eval_log, read_eval_log_sample_summaries
from inspect_ai.model import GenerateConfig, Model
from inspect_ai.scorer import choice
from inspect_ai.solver import multiple_choice
from langchain_core.language_models import BaseChatModel

from evals.exam_chat import ExamChat, exam_chat
from evals.exam_papers import LETTERS, Exam, ExamQuestion
from evals.published import interval, published

Told = Callable[[int, int], None]
_OFF: dict[str, Any] = {
    "display": "none",
    "log_level": "error",
    "log_format": "json",
    "log_model_api": False,
    "acp_server": False,
    "ctl_server": False,
    "notification": False,
    "retry_immediate": False,
    "embed_viewer": False,
    "log_dir_allow_dirty": True,
}
"""Whatever of Inspect listens, tells, shows or adds to what a folder holds."""


async def run(
    exam: Exam,
    questions: Sequence[ExamQuestion],
    chat: BaseChatModel,
    *,
    model: tuple[str, str | None],
    repository: str | None = None,
    logs: Path,
    limit: int | None = None,
    at_once: int = 8,
    progress: Told = lambda done, total: None,
) -> dict[str, Any]:
    """Ask the questions.

    Args:
        exam: whose they are.
        questions: all of them.
        chat: who answers.
        model: its name and revision.
        repository: of its weights, by which published figures are known.
        logs: folder for Inspect's logs; finished answers in it are taken over.
        limit: only the first so many.
        at_once: calls side by side.
        progress: told how many are answered, and how many there are.

    Returns:
        `{"name", "model", "passed", "total", "score", "interval", "published", "cases": [{"id", "ok", "detail"}]}`.

    Raises:
        ModelAway: no model answers; what was answered is kept in the log.
        RuntimeError: Inspect could not finish for another reason.
    """
    asked = questions[:limit]
    name = "@".join(part for part in model if part)
    folder = logs / exam / _mark(asked, name)
    # In a thread: where a loop runs, Inspect patches asyncio for the whole program to get round it.
    kept = await asyncio.to_thread(_kept, folder)
    api = exam_chat(chat, name=name, at_once=at_once, answered=lambda n: progress(kept + n, len(asked)))
    progress(kept, len(asked))
    # A thread of its own: Inspect brings its own loop, and runs one set at a time.
    try:
        log = await asyncio.to_thread(_sat, exam, asked, api, folder)
    except asyncio.CancelledError:
        # The thread ends with the calls that are under way, instead of holding the program until the last question.
        api.away = RuntimeError("The exam was stopped; the next run goes on there.")
        raise
    return _result(exam, asked, log.samples or [], model, repository)


def _sat(exam: Exam, asked: Sequence[ExamQuestion], api: ExamChat, folder: Path) -> EvalLog:
    # What it prints would stand in the JSON on stdout.
    with contextlib.redirect_stdout(io.StringIO()):
        finished, found = eval_set(
            [
                Task(
                    name=exam,
                    dataset=MemoryDataset([_sample(one) for one in asked]),
                    solver=multiple_choice(cot=True),
                    scorer=choice(),
                )
            ],
            log_dir=str(folder),
            model=Model(api, GenerateConfig()),
            retry_attempts=0,
            fail_on_error=True,
            max_samples=api.max_connections(),
            **_OFF,
        )
    if api.away is not None:
        raise api.away
    if not finished or not found or found[0].error is not None:
        raise RuntimeError(
            f"Inspect did not finish; its log in {folder.name} says why, and the next run goes on there."
        )
    # Of answers that were all taken over, Inspect gives the header alone.
    return found[0] if found[0].samples else read_eval_log(found[0].location)


def _kept(folder: Path) -> int:
    """How many answers an earlier run left."""
    if not folder.is_dir():
        return 0
    for log in list_eval_logs(str(folder)):
        return sum(one.completed and one.error is None for one in read_eval_log_sample_summaries(log))
    return 0


def _mark(asked: Sequence[ExamQuestion], model: str) -> str:
    """A short name for these very questions put to this very model, so that no other's answers are taken over."""
    told = repr((model, [(one.id, one.text, one.options, one.answer) for one in asked]))
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def _sample(one: ExamQuestion) -> Sample:
    return Sample(id=one.id, input=one.text, choices=list(one.options), target=one.answer)


def _result(
    exam: Exam,
    asked: Sequence[ExamQuestion],
    samples: Sequence[EvalSample],
    model: tuple[str, str | None],
    repository: str | None,
) -> dict[str, Any]:
    by_id = {str(one.id): one for one in samples}
    cases = [_case(one, by_id[one.id]) for one in asked]
    passed = sum(case["ok"] for case in cases)
    low, high = interval(passed, len(cases))
    beside = published(exam, repository, options=max(len(one.options) for one in asked))
    return {
        "name": exam,
        "model": {"name": model[0], "revision": model[1]},
        "passed": passed,
        "total": len(cases),
        "score": passed / len(cases) if cases else 0.0,
        "interval": [low, high],
        "published": None if beside is None else {"score": beside.score, "source": beside.source},
        "cases": cases,
    }


def _case(one: ExamQuestion, sample: EvalSample) -> dict[str, Any]:
    (score,) = (sample.scores or {}).values()
    if score.value == "C":
        return {"id": one.id, "ok": True, "detail": ""}
    said = score.answer if score.answer and score.answer in LETTERS else None
    why = f"chose {said}" if said else (sample.output.error or "chose none").rstrip(".")
    return {"id": one.id, "ok": False, "detail": f"{why}, right is {one.answer}"}
