"""What a person who waits sees of a round: the node at work, and behind it how far a model's answers have come."""

from __future__ import annotations

from collections.abc import Callable

MODEL = "model"
"""The name under which a model tells its progress, beside those of the nodes."""


class Shown:
    """Turns what nodes and models tell into one line.

    Args:
        line: shows a line in place of the last one.
    """

    def __init__(self, line: Callable[[str], None]) -> None:
        self._line = line
        self._node = ""

    def __call__(self, name: str, state: str) -> None:
        """Told when a node starts and ends, and by a model with each piece of an answer."""
        if name == MODEL:
            self._line(f"{self._node} … {state}")
        elif state == "started":
            self._node = name
            self._line(f"{name} …")


def answers_words(under_way: int, pieces: int) -> str:
    """How far answers have come."""
    return f"{pieces} tokens so far, {under_way} {'answer' if under_way == 1 else 'answers'} under way"
