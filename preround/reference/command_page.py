"""The commands: the help of each, as a terminal shows it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer
from typer.main import get_command

from preround.cli import app
from preround.reference.writing import heading

_WIDE = 100
_COMPLETION = ("install_completion", "show_completion")


def command_page() -> str:
    """Every command's help."""
    root: Any = get_command(app)
    # What a shell completes depends on the machine that this is written on.
    root.params = [one for one in root.params if one.name not in _COMPLETION]
    top = typer.Context(root, info_name="preround", terminal_width=_WIDE, max_content_width=_WIDE)
    words = "`preround COMMAND --help` shows the same. `--json` takes a file, or `-` for stdout."
    return "\n".join([heading("Commands", words), *_sections(root, top)])


def _sections(command: Any, context: typer.Context) -> Iterator[str]:  # noqa: ANN401 - Typer keeps the type to itself
    yield f"## {context.command_path}\n\n```text\n{command.get_help(context).strip()}\n```\n"
    if not hasattr(command, "list_commands"):
        return
    for name in command.list_commands(context):
        under = command.get_command(context, name)
        yield from _sections(under, typer.Context(under, info_name=name, parent=context))
