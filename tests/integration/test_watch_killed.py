"""`preround watch` killed with −9 while things happen: another goes on, nothing is lost, nothing begins twice."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from store import beginnings, runs
from tests.integration.happening import Watching, admission, happening, patient, watching
from tests.integration.test_subscriptions import own_rules

NAMES = [f"p{n}" for n in range(8)]
YEARS = 400 * 86400.0


@pytest.mark.kill
async def test_killed_while_admissions_come_it_loses_none(tmp_path: Path) -> None:
    async with happening(tmp_path) as server:
        await server.put(*(patient(name) for name in NAMES))
        home = tmp_path / "home"
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PREROUND_")} | {
            "PREROUND_HOME": str(home),
            "PREROUND_SUBSCRIPTIONS__RULES": str(own_rules(tmp_path)),
            "PREROUND_SWEEP_SECONDS": "0.1",
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }
        process = await asyncio.to_thread(
            subprocess.Popen[bytes],
            [sys.executable, "-m", "preround", "watch", "--every", "1", "--fhir", server.base],
            env=environment,
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            await _until(process, home, "SELECT 1 FROM watches WHERE rule = 'result' AND looked IS NOT NULL")
            for name in NAMES[:4]:
                await server.put(admission(f"a-{name}", f"Patient/{name}"))
            await _until(process, home, "SELECT 1 FROM news")
        finally:
            process.kill()
            process.wait()
        for name in NAMES[4:]:
            await server.put(admission(f"a-{name}", f"Patient/{name}"))
        async with watching(server) as here:
            await here.later(YEARS)
            await here.later(YEARS)
            assert _begun(here) == sorted(f"Patient/{name}" for name in NAMES)
            watch = here.watch("admission")
            with here.house.services.db.read() as connection:
                seen = beginnings.known(connection, watch.watch_id, [f"Encounter/a-{name}" for name in NAMES])
                rounds = [run.patient for run in runs.by_status(connection)]
            assert len(seen) == len(NAMES)
            assert sorted(rounds) == _begun(here)


def _begun(here: Watching) -> list[str]:
    acts = [row.subject for row in here.audited() if row.act == "round.begun"]
    with here.house.services.db.read() as connection:
        found = [runs.get(connection, name) for name in acts]
    return sorted(run.patient for run in found if run is not None)


async def _until(process: subprocess.Popen[bytes], home: Path, query: str) -> None:
    """Wait until the state answers a query; the server goes on meanwhile."""
    while True:
        assert process.poll() is None
        await asyncio.sleep(0.02)
        try:
            with closing(sqlite3.connect(f"file:{home / 'preround.sqlite'}?mode=ro", uri=True)) as state:
                if state.execute(query).fetchone():
                    return
        except sqlite3.OperationalError:  # it is not made yet
            continue
