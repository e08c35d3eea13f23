"""`python -m tests.scale --rounds 5000`: bytes that a round leaves, and its CPU among so many beside one among ten."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

from tests.acceptance.homes import copied, loaded_home
from tests.scale.growth import beside, grown

FEW = 10


async def _told(few: Path, many: Path, rounds: int, turns: int) -> None:
    await grown(few, FEW)
    left = await grown(many, rounds)
    sys.stdout.write(
        f"{left.rounds} rounds: {left.state_bytes / 1024:.1f} kB state and {left.step_bytes / 1024:.1f} kB steps each\n"
    )
    cost = await beside(few, many, turns=turns)
    sys.stdout.write(
        f"CPU a round, median of {turns} in turns: {1000 * cost.few_seconds:.1f} ms among {FEW}, "
        f"{1000 * cost.many_seconds:.1f} ms among {rounds}: {cost.ratio:.3f} times\n"
    )


def main() -> int:
    """Print what was left, and what a round costs."""
    parser = argparse.ArgumentParser(prog="python -m tests.scale", description=__doc__)
    parser.add_argument("--rounds", type=int, default=1000, help="default %(default)s")
    parser.add_argument(
        "--turns", type=int, default=60, help="rounds in each store that are timed; default %(default)s"
    )
    given = parser.parse_args()
    base = Path(tempfile.mkdtemp(prefix="scale"))
    try:
        few, many = (copied(loaded_home(base), base / name).path for name in ("few", "many"))
        asyncio.run(_told(few, many, given.rounds, given.turns))
    finally:
        shutil.rmtree(base, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
