"""For every test: a clean environment, the same random examples in CI, and no silent skip there."""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from preround.quiet import quieten

DATA = Path(os.environ.get("PREROUND_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))
IN_CI = bool(os.environ.get("CI"))
pytest_plugins = ["tests.stores"]
PARTS = {"PREROUND_TEST_DATA", "PREROUND_CHROMIUM"}
"""What says where parts of the tests are."""

# A developer's own settings must not reach a test, and no chart may leave through somebody's tracing set-up.
for name in [n for n in os.environ if n.startswith("PREROUND_") and n not in PARTS]:
    del os.environ[name]
quieten(os.environ)
# The programs that tests start by the hundred compile their modules once.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# No test reaches a model that it did not start: one that names no server finds nobody, whatever runs on this machine.
os.environ["PREROUND_MODEL_URL"] = "http://127.0.0.1:1/v1"


def _stays_here(event: str, arguments: tuple[Any, ...]) -> None:
    """No test reaches anything beyond this machine."""
    if event != "socket.connect" or arguments[0].family not in (socket.AF_INET, socket.AF_INET6):
        return
    host = str(arguments[1][0]).partition("%")[0]
    if not ipaddress.ip_address(host).is_loopback:
        raise ConnectionRefusedError(f"A test tried to reach {host}; tests reach what they started, on loopback")


sys.addaudithook(_stays_here)

# Every commit of a database waits for the disk, thousands of times over; files in memory are files all the same.
MEMORY = Path("/dev/shm")  # noqa: S108
if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > 4 << 30:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))

# Wall time says nothing on a shared machine, so no example has a deadline.
hypothesis.settings.register_profile("here", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("ci" if IN_CI else "here")


_LONG = ("models", "kill", "acceptance", "properties", "browser", "decisions", "scale", "security", "integration")
"""Folders whose files take long, the longest first."""


_DEEP = (
    "browser",
    "decisions",
    "kill",
    "models",
    "properties",
    "scale",
    "security",
    "servers",
    "acceptance/test_at_rest.py",
    "acceptance/test_backup.py",
    "acceptance/test_documents.py",
    "acceptance/test_full_disk.py",
    "acceptance/test_newcomer.py",
    "acceptance/test_reported.py",
    "acceptance/test_workers.py",
    "integration/test_benchmark_document.py",
    "integration/test_benchmark_fhir.py",
    "integration/test_benchmark_imaging.py",
    "integration/test_canary.py",
    "integration/test_ecqm.py",
    "integration/test_guidelines_commands.py",
    "integration/test_injection.py",
    "integration/test_kill_commands.py",
    "integration/test_kills.py",
    "integration/test_load_synthea.py",
    "integration/test_model_faults.py",
    "integration/test_outages.py",
    "integration/test_own_writes.py",
    "integration/test_round_faults.py",
    "integration/test_sandbox_differential.py",
    "unit/review/test_gate_machine.py",
)
"""What `make deep` runs, and `make test` does not: a folder's or a module's tests."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that of two workers neither is left alone with a long file at the end."""
    place = {folder: number for number, folder in enumerate(_LONG)}
    here = Path(__file__).parent
    items.sort(key=lambda item: place.get(item.path.relative_to(here).parts[0], len(_LONG)))
    for item in items:
        if any(item.path.is_relative_to(here / part) for part in _DEEP):
            item.add_marker(pytest.mark.deep)


def _missing_in_ci(report: pytest.TestReport | pytest.CollectReport) -> str | None:
    """Why a skip is a failure in CI; data by others and another kernel are what a machine cannot get for itself."""
    if not IN_CI or not report.skipped or hasattr(report, "wasxfail"):
        return None
    reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if "this kernel" in reason or ("PREROUND_TEST_DATA" in reason and not DATA.is_dir()):
        return None
    return f"In CI nothing is skipped that could be provided: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A skipped test fails in CI."""
    report = yield
    if (why := _missing_in_ci(report)) is not None:
        report.outcome, report.longrepr = "failed", f"{item.nodeid}: {why}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A skipped module fails in CI."""
    report = yield
    if (why := _missing_in_ci(report)) is not None:
        report.outcome, report.longrepr = "failed", f"{collector.nodeid}: {why}"
    return report
