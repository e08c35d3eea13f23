"""How a round stops that did not come to its end: what its row says, and whether the sweep tries it again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from langgraph.errors import GraphDrained
from langgraph.runtime import RunControl

from agents.models.failures import ModelAway
from agents.models.reply import ModelFailed
from graphs.node import run_of
from graphs.services import Services
from review.errors import GateError
from review.switches import SwitchedOff, SwitchesUnreadable
from store import batches, runs
from store.runs import Run
from tools.fhir.errors import FhirError, FhirUnreachable

PATIENCE = timedelta(hours=12)
"""So long a round that is owed to somebody waits for a FHIR server that does not answer; then it has failed."""


class RoundPaused(Exception):
    """This process is ending; the round goes on where it stopped when another drives it."""

    def __init__(self) -> None:
        super().__init__(str(self.__doc__))


class Drain:
    """The rounds that a process drives, which can be told together to stop before their next node."""

    def __init__(self) -> None:
        self._driven: set[RunControl] = set()
        self._requested = False

    @contextmanager
    def control(self) -> Iterator[RunControl]:
        """What LangGraph asks between two nodes, for one drive.

        Raises:
            RoundPaused: it was told to stop.
        """
        if self._requested:
            raise RoundPaused
        control = RunControl()
        self._driven.add(control)
        try:
            yield control
        except GraphDrained:
            raise RoundPaused from None
        finally:
            self._driven.discard(control)

    def request(self) -> None:
        """Tell them."""
        self._requested = True
        for control in self._driven:
            control.request_drain()


def stopped(services: Services, run_id: str, error: Exception) -> None:
    """Say on the round's row what stopped it; what a person has signed or said already is not given up."""
    now = services.clock.now()
    expected = isinstance(error, (FhirError, GateError, ModelAway, ModelFailed, SwitchesUnreadable))
    detail = str(error) if expected else f"The program failed ({type(error).__name__}): report it, then run again."
    run = run_of(services, run_id)
    # A model that is away comes back, and what is switched off may be switched on: what was read is kept, and the round
    # goes on from there.
    owed = isinstance(error, (ModelAway, SwitchedOff, SwitchesUnreadable)) or (
        isinstance(error, FhirUnreachable) and _promised(services, run) and now - run.created < PATIENCE
    )
    with services.db.write() as connection:
        if not runs.set_status(connection, run_id, from_={"committing"}, to="committing", now=now, detail=detail):
            runs.set_status(
                connection, run_id, from_={"running"}, to="running" if owed else "failed", now=now, detail=detail
            )


def _promised(services: Services, run: Run) -> bool:
    """Whether somebody counts on it who is not there to ask again: a reviewer, a preparer, a batch."""
    if run.feedback is not None or run.refreshes is not None or run.prepared_sha256 is not None:
        return True
    with services.db.read() as connection:
        return batches.member_of(connection, run.run_id) is not None
