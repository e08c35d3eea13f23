"""What every process does once, done before the lives are forked, so that each of thousands has not to do it again."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from functools import cache
from pathlib import Path

from preround.settings import Settings
from preround.wiring import open_house
from tests.kill.doing import FIRST, decide, finish, prepare


def warmed(settings: Settings) -> None:
    """Do a whole round in this process, on a copy of a home: what is read, compiled and imported late is there then.

    The places of a life stay as they are; each opens its own house, its own database and its own graph.
    """
    _warmed(settings.home)


@cache
def _warmed(home: Path) -> None:
    with tempfile.TemporaryDirectory(dir=home.parent) as folder:
        copied = shutil.copytree(home, Path(folder) / "home")
        asyncio.run(_a_round(Settings(home=copied, sandbox_audit=False)))


async def _a_round(settings: Settings) -> None:
    run_id = "e" * 16
    async with open_house(settings) as house:
        await prepare([run_id], house)
        await decide(run_id, "approve", FIRST, house)
        await finish({run_id: "approve"}, house)
