"""Train a LoRA adapter from a file of examples; see docs/fine-tune.md.

python -m agents.models.fine_tune --base FOLDER --examples FILE --out FOLDER
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import get_args

from agents.models.failures import TemplateMissing
from agents.models.registry import Template
from agents.models.tuning import Recipe, tune
from agents.models.tuning_examples import TuningUnusable, read_examples
from agents.models.weights import WeightsUnusable
from tools.needed import LibraryMissing

_PLAIN = Recipe()


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, and say what came of it; 0 when it did, 2 when something given cannot be used."""
    parser = argparse.ArgumentParser(
        prog="python -m agents.models.fine_tune",
        description="Train a LoRA adapter on prompts with their accepted answers. Nothing is downloaded.",
    )
    parser.add_argument("--base", type=Path, required=True, help="folder with the base's weights")
    parser.add_argument("--examples", type=Path, required=True, help="JSON lines with prompt and answer")
    parser.add_argument("--out", type=Path, required=True, help="folder for the adapter")
    parser.add_argument("--steps", type=int, default=_PLAIN.steps, help="default %(default)s")
    parser.add_argument("--rank", type=int, default=_PLAIN.rank, help="default %(default)s")
    parser.add_argument("--rate", type=float, default=_PLAIN.rate, help="learning rate; default %(default)s")
    parser.add_argument("--longest", type=int, default=_PLAIN.longest, help="most tokens of one; default %(default)s")
    parser.add_argument("--seed", type=int, default=_PLAIN.seed, help="default %(default)s")
    parser.add_argument(
        "--template", choices=get_args(Template), default=_PLAIN.template, help="as the base's row has it"
    )
    given = parser.parse_args(arguments)
    recipe = Recipe(**{f.name: getattr(given, f.name) for f in fields(Recipe)})
    try:
        found = tune(given.base, read_examples(given.examples), given.out, recipe=recipe, progress=_said(given.steps))
    except (TuningUnusable, WeightsUnusable, LibraryMissing, TemplateMissing) as error:
        sys.stderr.write(f"Error: {error}\n")
        return 2
    sys.stdout.write(
        f"Learned from {found.used} examples; {found.held_out} held out, {found.too_long} too long.\n"
        f"Loss on what was held out: {found.before:.3f} before, {found.after:.3f} after.\n"
        f"The adapter is in {given.out}. Serve it with --enable-lora --lora-modules NAME={given.out} "
        f"--max-lora-rank {given.rank}, and give it a row in PREROUND_MODELS (docs/fine-tune.md).\n"
    )
    if found.after >= found.before:
        sys.stderr.write("Nothing was learned that helps on what was held out: more examples, or another rate.\n")
    return 0


def _said(steps: int) -> Callable[[int, float], None]:
    def progress(step: int, loss: float) -> None:
        if step in (1, steps) or step % 10 == 0:
            sys.stderr.write(f"step {step} of {steps}: loss {loss:.3f}\n")

    return progress


if __name__ == "__main__":
    raise SystemExit(main())
