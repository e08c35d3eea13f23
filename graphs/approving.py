"""Approve: the interrupt, alone. The decision is a row in the store; this node only reads it."""

from __future__ import annotations

from typing import Literal

from langgraph.runtime import Runtime
from langgraph.types import Command, interrupt
from pydantic import BaseModel, ConfigDict

from graphs.services import Services
from graphs.state import RoundState
from review.queue import show


class Answer(BaseModel):
    """What wakes a waiting round: which item was closed, and its proposal's hash."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    item_id: str
    """The item that was decided, or closed otherwise."""
    proposal_sha256: str
    """Its proposal."""


class WrongAnswer(RuntimeError):
    """The answer is about another round or another proposal; resume the round with `preround resume`."""

    def __init__(self) -> None:
        super().__init__(str(self.__doc__))


async def approve(state: RoundState, runtime: Runtime[Services]) -> Command[Literal["commit", "intake", "close"]]:
    """Wait until the item is closed, then go where its row says.

    Raises:
        WrongAnswer: the answer is not about this round's item.
    """
    answer = Answer.model_validate(interrupt({"item_id": state["item_id"], "sha256": state["proposal_sha256"]}))
    shown = show(runtime.context.db, answer.item_id)
    item = shown.item
    if item.run_id != state["run_id"] or item.proposal_sha256 != answer.proposal_sha256:
        raise WrongAnswer
    update: RoundState = {"item_id": item.item_id, "proposal_sha256": item.proposal_sha256}
    if item.state == "approved":
        return Command(goto="commit", update=update)
    if item.state == "revised":
        update["revision"] = item.revision + 1
        update["outcomes"] = ""
        return Command(goto="intake", update=update)
    return Command(goto="close", update={**update, "outcome": item.state})
