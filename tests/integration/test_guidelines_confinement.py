"""What the Node process of the CQL engine may reach: its own files, and no network where the system allows that."""

import asyncio
import os
import subprocess
from pathlib import Path

import pytest

from tools.guidelines.engine_process import PACKAGES, cut_off
from tools.guidelines.library import load
from tools.guidelines.node import WORKER_FOLDER, node_binary
from tools.guidelines.worker import GuidelineWorker

ROOT = Path(__file__).parents[2]


@pytest.fixture
def node_modules() -> Path:
    if not all((ROOT / "node_modules" / each).exists() for each in PACKAGES):
        pytest.skip("the npm packages of the CQL engine are not installed (npm ci)")
    return ROOT / "node_modules"


async def told_of_itself(node_modules: Path) -> tuple[list[str], bytes]:
    """The command line and the environment of the running engine."""
    async with GuidelineWorker(node_modules=node_modules) as worker:
        await worker.load(load())
        process = Path(f"/proc/{worker.pid}")
        return process.joinpath("cmdline").read_text().split("\0"), process.joinpath("environ").read_bytes()


def test_the_running_engine_may_read_its_own_folders_and_is_told_nothing_of_ours(
    node_modules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The very flags of the running process, tried on a script that looks elsewhere."""
    monkeypatch.setenv("PREROUND_MODEL_KEY", "not the engine's")
    command, environment = asyncio.run(told_of_itself(node_modules))
    assert environment == b"TZ=UTC\0"
    main = str(WORKER_FOLDER / "main.mjs")
    flags = command[command.index(str(node_binary())) : command.index(main)]
    reads = [*flags, "-e", "require('fs').readFileSync(process.argv[1])"]
    assert subprocess.run([*reads, main], capture_output=True, check=False).returncode == 0
    refused = subprocess.run([*reads, str(ROOT / "pyproject.toml")], capture_output=True, check=False)
    assert b"ERR_ACCESS_DENIED" in refused.stderr


def test_where_the_system_allows_it_the_engine_has_no_network(node_modules: Path) -> None:
    if not cut_off():
        pytest.skip("this system does not allow network namespaces (unshare)")
    script = "require('net').connect(9, '127.0.0.1').on('error', (e) => process.stdout.write(e.code))"
    here = subprocess.run([str(node_binary()), "-e", script], capture_output=True, check=True)
    inside = subprocess.run([*cut_off(), str(node_binary()), "-e", script], capture_output=True, check=True)
    assert here.stdout == b"ECONNREFUSED"
    assert inside.stdout == b"ENETUNREACH"


async def test_the_running_engine_is_in_a_network_of_its_own(node_modules: Path) -> None:
    if not cut_off():
        pytest.skip("this system does not allow network namespaces (unshare)")
    async with GuidelineWorker(node_modules=node_modules) as worker:
        await worker.load(load())
        assert os.readlink(f"/proc/{worker.pid}/ns/net") != os.readlink("/proc/self/ns/net")
