"""A campaign that is told to end leaves nothing behind: no server, no process of its own, no files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.acceptance.homes import SECONDS

pytestmark = [pytest.mark.kill, pytest.mark.no_cover]


def test_what_a_campaign_started_ends_with_it() -> None:
    campaign = subprocess.Popen(
        [sys.executable, "-m", "tests.kill", "--points", "100000", "--store", "postgresql"],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        server = _server(campaign)
        files = Path(_command(server)[2])
        assert files.is_dir()
        while not list(files.parent.glob(".s.PGSQL.*")):  # it listens: whoever started it knows of it
            assert campaign.poll() is None
        campaign.send_signal(signal.SIGTERM)
        assert campaign.wait(SECONDS) == 128 + signal.SIGTERM
    finally:
        campaign.kill()
        campaign.wait()
    assert not _children(campaign.pid)
    assert not _command(server), "its server outlived it"
    assert not files.parent.exists(), "its server left its files"


def _server(campaign: subprocess.Popen[bytes]) -> int:
    """The database's process, once it is there."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        assert campaign.poll() is None
        for child in _children(campaign.pid):
            if _command(child)[:1] and _command(child)[0].endswith("/postgres") and "-D" in _command(child):
                return child
        time.sleep(0.02)
    raise AssertionError("the campaign started no server")


def _children(pid: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:  # it has just ended
            continue
        if parent == pid:
            found.append(int(folder.name))
    return found


def _command(pid: int) -> list[str]:
    """What a process was started as; empty when it is gone."""
    try:
        return [os.fsdecode(part) for part in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0") if part]
    except OSError:
        return []
