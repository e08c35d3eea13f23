"""The command line."""

from __future__ import annotations

import typer

from preround.commands.decide import decide
from preround.commands.demo import demo
from preround.commands.doctor import doctor
from preround.commands.evaluate import evaluate
from preround.commands.guidelines import guidelines
from preround.commands.literature import literature
from preround.commands.load import load, patients
from preround.commands.models import models
from preround.commands.queue import queue, show
from preround.commands.resume import cancel, resume
from preround.commands.run import run
from preround.commands.schema import schema
from preround.commands.serve import serve

app = typer.Typer(
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
for command in (demo, load, patients, run, queue, show, decide, resume, cancel, serve, models, schema, doctor):
    app.command()(command)
app.add_typer(literature, name="literature")
app.add_typer(guidelines, name="guidelines")
app.command("eval")(evaluate)


def main() -> None:
    """The `preround` program."""
    app()
