"""What an adapter is trained on: prompts with their accepted answers, and which of them are held out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

_EVERY = 5
"""Each fifth group of examples is held out and never trained on; one of them, where there are fewer."""


class TuningUnusable(ValueError):
    """What was given cannot be trained on, with the reason."""


class Example(BaseModel):
    """One prompt and the answer to it that was accepted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prompt: str = Field(min_length=1)
    """The whole user turn, as it is sent."""
    answer: str = Field(min_length=1)
    """The answer, as the model shall give it."""
    group: str = ""
    """What it belongs to, such as one patient: a group is held out whole. Without one it stands for itself."""


def read_examples(path: Path) -> tuple[Example, ...]:
    """Examples from a file of JSON lines, each with `prompt` and `answer`.

    Raises:
        TuningUnusable: it cannot be read, or a line is no example.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TuningUnusable(
            f"{path.name} cannot be read ({type(error).__name__}); give a file of JSON lines."
        ) from None
    found = []
    for number, line in enumerate(lines, start=1):
        try:
            found.append(Example.model_validate_json(line))
        except ValidationError:
            raise TuningUnusable(f"Line {number} of {path.name} is no example with a prompt and an answer.") from None
    if not found:
        raise TuningUnusable(f"{path.name} holds no example; make some with `python -m evals.tuning_examples`.")
    return tuple(found)


def held_out_groups(examples: Sequence[Example]) -> frozenset[str]:
    """The groups that are only measured on; none, where all examples are of one group."""
    names = sorted(set(groups_of(examples)))
    return frozenset(names[_EVERY - 1 :: _EVERY] or names[1:][-1:])


def groups_of(examples: Sequence[Example]) -> list[str]:
    """The group of each, in order."""
    return [one.group or f"#{n:06}" for n, one in enumerate(examples)]
