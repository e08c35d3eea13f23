"""What went wrong, as a page says it: the HTTP status, one sentence, and where to go on."""

from __future__ import annotations

from dataclasses import dataclass

from preround.failure import NOT_FOUND, REFUSED, UNREACHABLE, WRONG_USE, ExitCode, Outdated, exit_code, sentence
from preround.web.wording import STATES
from review.errors import (
    AlreadyDecided,
    EditUnusable,
    EntriesUnusable,
    HashMismatch,
    ItemExpired,
    ItemNotFound,
    NeverProposed,
    NotAllowed,
    UnknownReason,
    WordsNeeded,
    WrongPatient,
)

_STATUS: dict[ExitCode, int] = {WRONG_USE: 422, NOT_FOUND: 404, REFUSED: 409, UNREACHABLE: 503}
_FIELDS: tuple[tuple[type[Exception], str], ...] = (
    (UnknownReason, "code"),
    (WordsNeeded, "words"),
    (EntriesUnusable, "entries"),
    (EditUnusable, "resource"),
    (NotAllowed, "name"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One thing that stopped a request."""

    status: int
    """HTTP status of the answer."""
    sentence: str
    """What is the matter and what to do."""
    field: str | None = None
    """The id of the field to correct."""
    next_item: str | None = None
    """The item to go on with."""


def problem_of(error: Exception, *, next_item: str | None = None) -> Problem:
    """An expected failure as a page says it."""
    return Problem(
        status=status_of(error),
        sentence=_sentence(error),
        field=next((field for kind, field in _FIELDS if isinstance(error, kind)), None),
        next_item=error.next_item if isinstance(error, AlreadyDecided) and error.next_item else next_item,
    )


def status_of(error: Exception) -> int:
    """The HTTP status of an expected failure."""
    if isinstance(error, (NotAllowed, NeverProposed, WrongPatient)):
        return 403
    return _STATUS.get(exit_code(error), 500)


def _sentence(error: Exception) -> str:
    """The sentence for somebody who has a page before them and no command line."""
    if isinstance(error, AlreadyDecided):
        if error.state == "signed by you":
            return "You have signed this item already. Another person must give the signature that is missing."
        return f"This item is closed: it was {STATES.get(error.state, error.state)}. Nothing was changed by this."
    if isinstance(error, ItemExpired):
        return "This item has expired. Run the round again, because the chart may have moved on."
    if isinstance(error, HashMismatch):
        return "This is not the proposal that you were shown. Read what it says now, then decide."
    if isinstance(error, ItemNotFound):
        return "There is no such review item. Choose one from the queue."
    if isinstance(error, UnknownReason):
        return "Choose a reason for the rejection."
    if isinstance(error, Outdated):
        return "The chart changed since this was drafted, so nothing was written. Decide the fresh item instead."
    return sentence(error)
