"""Logs: one line an event, of our own events in full, of other libraries' only who spoke and where.

Other libraries put addresses, parameters and bodies into their messages, so none of their words is ever passed on.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Literal

import orjson

from preround.telemetry.crash import places, withheld
from tools.observer import (
    EngineCall,
    EngineStarted,
    Event,
    FhirRequest,
    ModelCall,
    NodeStep,
    RoundDrive,
    Verified,
    Work,
)

Form = Literal["auto", "json", "text"]
Level = Literal["debug", "info", "warning", "error"]
Value = str | int | float | bool | None
"""What a field of an event may hold."""

LOGGER = "preround.events"
_EVENTS = logging.getLogger(LOGGER)
_SAYS = logging.getLogger("preround.said")
_SILENT = logging.CRITICAL + 1
_ROUND: ContextVar[str | None] = ContextVar("round", default=None)
"""The round that is being driven here."""


def event(level: int, name: str, **fields: Value) -> None:
    """Log an event of our own.

    Args:
        level: of `logging`.
        name: what happened.
        fields: ids of rounds and items, counts, codes; no patient data.
    """
    if _EVENTS.isEnabledFor(level):
        _EVENTS.log(level, name, extra={"fields": {k: v for k, v in fields.items() if v is not None}})


def say(words: str) -> None:
    """Tell whoever runs this process a sentence that every reader of its log may know; at every level."""
    _SAYS.log(logging.CRITICAL, words)


@contextmanager
def silent() -> Iterator[None]:
    """While the block lasts, the log is ours: nobody's words but our own events', and those only when asked for."""
    root = logging.getLogger()
    handler = _ToStderr()
    handler.setFormatter(Text())
    handlers, level, own = root.handlers[:], root.level, _EVENTS.level
    root.handlers[:] = [*(one for one in handlers if not _speaks(one)), handler]
    root.setLevel(logging.WARNING)
    _EVENTS.setLevel(_SILENT)
    try:
        with withheld():
            yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        _EVENTS.setLevel(own)


def speak(form: Form, level: Level | None, *, serving: bool) -> None:
    """Log from now on as the settings say; to be called inside `silent`.

    Args:
        form: `auto` is text on a terminal and JSON elsewhere.
        level: the least that is logged; without one `info` for a server and nothing for a command.
        serving: whether this process serves or works until it is stopped.
    """
    chosen = form if form != "auto" else ("text" if not serving or sys.stderr.isatty() else "json")
    for handler in logging.getLogger().handlers:
        if isinstance(handler, _ToStderr):
            handler.setFormatter(JsonLines() if chosen == "json" else Text())
    least = level or ("info" if serving else None)
    if least is not None:
        # Other libraries stay at warnings: without their words, less than that says nothing.
        _EVENTS.setLevel(least.upper())


def _speaks(handler: logging.Handler) -> bool:
    return isinstance(handler, logging.StreamHandler) and handler.stream in (sys.stderr, sys.stdout)


class _ToStderr(logging.Handler):
    """Writes to what stderr is at the moment."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except (OSError, ValueError):  # nobody reads any more
            return

    def handleError(self, record: logging.LogRecord) -> None:
        """Say nothing: the usual way would print the message."""


def fields_of(record: logging.LogRecord) -> dict[str, Value | list[str]]:
    """One record as the fields that may be known; of another library's, who spoke, where, and what failed."""
    told: dict[str, Value | list[str]] = {
        "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
    }
    own: Mapping[str, Value] | None = getattr(record, "fields", None)
    if record.name == _SAYS.name:
        return {"at": told["at"], "level": "info", "event": "said", "words": str(record.msg)}
    if record.name == LOGGER and own is not None:
        return {**told, "event": str(record.msg), **own}
    told |= {"event": "library", "logger": record.name, "where": f"{record.module}:{record.lineno}"}
    error = record.exc_info[1] if record.exc_info else None
    if error is not None:
        told |= {"error": type(error).__name__, "stack": places(error)}
    return told


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        return orjson.dumps(fields_of(record)).decode()


class Text(logging.Formatter):
    """A line that people read."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        fields = fields_of(record)
        if record.name == _SAYS.name:
            return str(record.msg)
        stack = fields.pop("stack", ())
        rest = " ".join(f"{name}={value}" for name, value in list(fields.items())[3:])
        line = f"{fields['at']} {str(fields['level']).upper():7} {fields['event']} {rest}".rstrip()
        return "\n    ".join([line, *stack]) if isinstance(stack, list) else line


class Log:
    """Logs what is watched: rounds and what went wrong at `info` and above, all else at `debug`."""

    @contextmanager
    def watch(self, work: Work) -> Iterator[None]:
        """Log a piece of work at its end."""
        began = time.perf_counter()
        token = _ROUND.set(work.run_id) if isinstance(work, RoundDrive) else None
        try:
            yield
        finally:
            name, fields = _words(work)
            level = logging.WARNING if _went_wrong(work) else logging.INFO if token else logging.DEBUG
            spent = round(time.perf_counter() - began, 4)
            event(level, name, run_id=_ROUND.get(), **fields, error=work.error, seconds=spent)
            if token is not None:
                _ROUND.reset(token)

    def note(self, event_: Event) -> None:
        """Log what happened."""
        match event_:
            case EngineStarted(again=again):
                event(logging.WARNING if again else logging.DEBUG, "engine_started", again=again, run_id=_ROUND.get())
            case Verified(task=task, standing=standing, removed=removed):
                event(logging.DEBUG, "verified", run_id=_ROUND.get(), task=task, standing=standing, removed=removed)


def _went_wrong(work: Work) -> bool:
    late = isinstance(work, FhirRequest) and (work.status or 0) >= 500
    return late or (work.error is not None and work.error not in ("CancelledError", "RoundPaused"))


def _words(work: Work) -> tuple[str, dict[str, Value]]:
    """The name of an event and its fields."""
    match work:
        case RoundDrive():
            return "round", {"status": work.status}
        case NodeStep():
            return "node", {"node": work.node}
        case FhirRequest():
            told = {"method": work.method, "interaction": work.interaction, "type": work.resource_type}
            return "fhir", {**told, "status": work.status, "bytes": work.answer_bytes}
        case ModelCall():
            return "model", {"model": work.model, "sent": work.sent, "cached": work.cached, "made": work.made}
        case EngineCall():
            return "engine", {"operation": work.operation}
    return "work", {}
