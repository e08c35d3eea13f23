"""The disk under PostgreSQL is full for a while: nobody fails, the queue can be read and signed off later."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.acceptance.cohorts import cohort_home
from tests.acceptance.homes import copied, finish
from tests.acceptance.test_workers import ASKED, PATIENTS, asked, assert_each_once, ready, settled, until, working
from tests.depth import depth
from tests.small_disk import SPACE, filled, on_a_small_disk, said_full

pytestmark = pytest.mark.kill
SECONDS = depth("OUTAGE_SECONDS", here=2)


@contextmanager
def standing(process: subprocess.Popen[str]) -> Iterator[None]:
    """It stands still at the beginning of the block and goes on at its end, if it was not let go before."""
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def test_a_full_disk_fails_nobody_and_the_queue_can_be_read(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    template = cohort_home(tmp_path_factory.getbasetemp(), PATIENTS)
    with on_a_small_disk() as server:
        home = copied(template, tmp_path / "home", PREROUND_DATABASE_URL=server.new(on=SPACE))
        with working(home, "--at-once", "2") as worker:
            until(lambda: ready(home, 1), worker)
            watching = home.start("batch", "--all", *ASKED, "--json", "-")
            until(lambda: settled(home) >= 1, worker)
            with standing(worker), filled(server):
                before, done = said_full(server), settled(home)
                assert done < PATIENTS, "there is nothing left to do without room"
                worker.send_signal(signal.SIGCONT)
                until(lambda: said_full(server) > before, worker)
                time.sleep(SECONDS)
                assert len(home.json("queue")) >= done
                assert asked(home, "SELECT count(*) FROM runs WHERE status = 'failed'") == [(0,)]
            until(lambda: settled(home) == PATIENTS, worker)
            told = finish(watching)
            assert told.code == 0, told
            assert told.json["states"] == {"awaiting_review": PATIENTS}
            worker.send_signal(signal.SIGTERM)
            ended = finish(worker)
            assert ended.code == 0, ended
            assert "Traceback" not in ended.err, ended.err
        assert_each_once(home)
        row = home.json("queue")[0]
        assert home.json("decide", row["item"], "--approve", "--as", "Ada Nowak")["run_status"] == "written"
