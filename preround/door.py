"""What every command goes through: settings, services, progress, and failures as one sentence with an exit code."""

from __future__ import annotations

import asyncio
import os
import sys
import tomllib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from pydantic import ValidationError
from rich.console import Console

from claims.canonical import exact_bytes
from preround.failure import EXPECTED, Crashed, Unusable, exit_code, outcome, sentence
from preround.quiet import quieten
from preround.reporting.passes import reported
from preround.settings import ReasonerName, Settings
from preround.telemetry.crash import told
from preround.telemetry.logs import say, silent, speak
from preround.wiring import House, open_house

Fhir = Annotated[
    str | None, typer.Option("--fhir", metavar="URL", help="FHIR server; the embedded sandbox without it.")
]
ReasonerOption = Annotated[
    ReasonerName | None, typer.Option("--reasoner", help="Who words the drafts; offline needs no model.")
]
Json = Annotated[
    str | None, typer.Option("--json", metavar="FILE|-", help="Write the result as JSON to a file, or - for stdout.")
]

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def settings_with(
    fhir: str | None = None, reasoner: ReasonerName | None = None, worker_rounds: int | None = None
) -> Settings:
    """Settings with what the command line says on top."""
    said = {"fhir": fhir, "reasoner": reasoner, "worker_rounds": worker_rounds}
    given: dict[str, Any] = {name: value for name, value in said.items() if value is not None}
    try:
        return Settings(**given)
    except tomllib.TOMLDecodeError as error:
        raise Unusable(f"preround.toml is not TOML ({error}); correct it") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Unusable(
            f"The setting {where} cannot be used: {first['msg']}; correct it in the environment or preround.toml"
        ) from error


def enter(
    work: Callable[[House], Awaitable[int]],
    *,
    fhir: str | None = None,
    reasoner: ReasonerName | None = None,
    json: str | None = None,
    progress: Callable[[str, str], None] = lambda node, state: None,
    urgent: Callable[[str], None] = lambda words: None,
    worker_rounds: int | None = None,
    serving: bool = False,
    reporting: bool = False,
) -> NoReturn:
    """Open the house, do the work, leave with its exit code; a failure is one sentence on stderr, or JSON.

    Args:
        work: what the command does; gives its exit code.
        fhir: the FHIR server that the command line names.
        reasoner: the reasoner that it names.
        json: where it wants JSON.
        progress: told when a node starts and ends.
        urgent: told each critical value in words.
        worker_rounds: so many rounds side by side, where it says so.
        serving: whether it goes on until it is stopped.
        reporting: whether it moves rounds or items, so that the FHIR server is told of them, where the settings say so.
    """

    async def inside() -> int:
        settings = settings_with(fhir, reasoner, worker_rounds)
        speak(settings.log, settings.log_level, serving=serving)
        async with open_house(settings, progress=progress, urgent=urgent) as house:
            if not reporting:
                return await work(house)
            async with reported(house, say=say):
                return await work(house)

    leave(lambda: asyncio.run(inside()), json=json)


def leave(work: Callable[[], int], *, json: str | None = None) -> NoReturn:
    """Do the work and exit; what is nobody's bug is said in one sentence."""
    quieten(os.environ)
    with silent():
        try:
            code = work()
        except EXPECTED as error:
            code = _said(error, json)
        except Exception as error:
            # A bug, whose own words may quote a chart: where it happened is told, and what kind it is.
            err.print(told(error), markup=False)
            code = _said(Crashed(error), json)
    raise SystemExit(code) from None


def _said(error: Exception, json: str | None) -> int:
    """Say a failure in one sentence, or as JSON, and give its exit code."""
    if json is not None:
        write_json(outcome(error), json)
    err.print(f"[bold red]Error:[/] {_plain(sentence(error))}")
    return exit_code(error)


def _plain(text: str) -> str:
    """Text without rich's own markup."""
    return text.replace("[", "\\[")


def write_json(value: Any, target: str) -> None:  # noqa: ANN401 - any JSON value
    """Write JSON with exact decimals to a file, or to stdout for ``-``."""
    body = exact_bytes(value)
    if target == "-":
        sys.stdout.buffer.write(body + b"\n")
        sys.stdout.buffer.flush()
        return
    try:
        Path(target).write_bytes(body + b"\n")
    except OSError as error:
        raise Unusable(f"Could not write {target}: {error.strerror}; give another file") from error
