"""Many questions in one call: one that breaks the worker is named, and those behind it are asked again."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from tools.guidelines.worker import WorkerEnded, WorkerError, WorkerMissing

Answer = Mapping[str, Any]
T = TypeVar("T")
BARREN = 3
"""Calls in a row that broke before the first answer: then it is the chart and not the question."""


async def in_turn(
    questions: Sequence[T], ask: Callable[[Sequence[T], Callable[[Answer], None]], Awaitable[object]]
) -> list[Answer | str]:
    """The answers in the order of the questions; a sentence in the place of one that gave none.

    Args:
        questions: what is asked.
        ask: asks some of them in one call, and tells of each answer as it comes, in their order.
    """
    found: list[Answer | str] = []
    barren = 0
    while len(found) < len(questions):
        left = questions[len(found) :]
        told: list[Answer] = []
        try:
            await ask(left, told.append)
        except WorkerMissing as problem:
            return [*found, *[str(problem)] * len(left)]
        except WorkerError as problem:
            found += told
            barren = 0 if told else barren + 1
            if isinstance(problem, WorkerEnded) and barren == 1:
                continue  # it may have been dead before it was asked
            found += [str(problem)] if len(told) < len(left) else []
            if barren == BARREN:
                return [*found, *[str(problem)] * (len(questions) - len(found))]
        else:
            return [*found, *told]
    return found
