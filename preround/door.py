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
from preround.failure import EXPECTED, Unusable, exit_code, outcome, sentence
from preround.quiet import quieten
from preround.settings import ReasonerName, Settings
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


def settings_with(fhir: str | None = None, reasoner: ReasonerName | None = None) -> Settings:
    """Settings with what the command line says on top."""
    given: dict[str, Any] = {}
    if fhir is not None:
        given["fhir"] = fhir
    if reasoner is not None:
        given["reasoner"] = reasoner
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
) -> NoReturn:
    """Open the house, do the work, leave with its exit code; a failure is one sentence on stderr, or JSON."""

    async def inside() -> int:
        async with open_house(settings_with(fhir, reasoner), progress=progress) as house:
            return await work(house)

    leave(lambda: asyncio.run(inside()), json=json)


def leave(work: Callable[[], int], *, json: str | None = None) -> NoReturn:
    """Do the work and exit; what is nobody's bug is said in one sentence."""
    quieten(os.environ)
    try:
        code = work()
    except EXPECTED as error:
        if json is not None:
            write_json(outcome(error), json)
        err.print(f"[bold red]Error:[/] {_plain(sentence(error))}")
        raise SystemExit(exit_code(error)) from None
    raise SystemExit(code)


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
