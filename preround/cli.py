"""The command line. A command's module is imported when the command is called, so that each starts fast."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

from chart.collector import paused
from preround.command_help import help_of

COMMANDS = {
    "demo": "demo:demo",
    "load": "load:load",
    "patients": "load:patients",
    "manifest": "manifest:manifest",
    "tables": "tables:tables",
    "run": "run:run",
    "transcribe": "transcribe:transcribe",
    "queue": "queue:queue",
    "show": "show:show",
    "claim": "claim:claim",
    "decide": "decide:decide",
    "resume": "resume:resume",
    "cancel": "resume:cancel",
    "undo": "undo:undo",
    "batch": "batch:batch",
    "serve": "serve:serve",
    "worker": "worker:worker",
    "mcp": "mcp:mcp",
    "hooks": "hooks:hooks",
    "subscribe": "subscribe:subscribe",
    "watch": "watch:watch",
    "models": "models:models",
    "key": "key:key",
    "schema": "schema:schema",
    "doctor": "doctor:doctor",
    "quality": "quality:quality",
    "rollout": "rollout:rollout",
    "incidents": "incidents:incidents",
    "switch": "switch:switch",
    "audit": "audit:audit",
    "purge": "purge:purge",
    "hold": "hold:hold",
    "rekey": "rekey:rekey",
    "backup": "backup:backup",
    "replay": "replay:replay",
    "eval": "evaluate:evaluate",
    "literature": "literature:literature",
    "guidelines": "guidelines:guidelines",
}
"""Where each command is, in the order of the help: a module of `preround.commands`, and its function or group."""


class Commands(TyperGroup):
    """The commands by name."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401 - Typer keeps the type to itself
        """Their names."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401
        """One of them, imported now."""
        if (place := COMMANDS.get(cmd_name)) is None:
            return None
        module, _, name = place.partition(":")
        with paused():  # what is imported stays: the collector would look through it ten times over
            found = getattr(import_module(f"preround.commands.{module}"), name)
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
        if isinstance(found, typer.Typer):
            alone.add_typer(found, name=cmd_name)
            return get_group(alone).get_command(ctx, cmd_name)
        alone.command(cmd_name)(found)
        return get_command(alone)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401
        """What each does, in a line, without importing any of them."""
        limit = formatter.width - 6 - max(map(len, COMMANDS))
        rows = [
            (name, TyperCommand(name, help=help_of(place)).get_short_help_str(limit))
            for name, place in COMMANDS.items()
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


app = typer.Typer(
    cls=Commands,
    name="preround",
    help="The intern pre-rounds, code checks every sentence against the chart, the attending signs.\n\n"
    "Start with `preround demo`, or: `preround load PATH`, `preround patients`, `preround run PATIENT`, "
    "`preround queue`, `preround show ITEM`, `preround decide ITEM --approve --as NAME`.\n\n"
    "Exit codes: 0 done · 1 a bug · 2 wrong use or unusable input · 3 not found · 4 refused · "
    "5 a server could not be reached.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def preround() -> None:
    """Nothing happens before a command; each opens what it needs."""


def main() -> None:
    """The `preround` program."""
    app()
