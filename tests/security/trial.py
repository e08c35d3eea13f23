"""Trials: a copy of the project in which one check is switched off, and tests that run there in their own process."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from tests.conftest import DATA
from tests.security.check import Check
from tests.unit.house.files import ROOT, tracked

SECONDS = 600
"""The longest that the tests of one trial may take."""
MEMORY = Path("/dev/shm")  # noqa: S108 - thousands of small files for a short time
NO_PROGRAM = ("NameError", "UnboundLocalError", "ImportError", "ModuleNotFoundError", "SyntaxError", "IndentationError")
"""Failures of a program that is broken, and not of one that lets something through."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """What the tests said."""

    passed: Counter[str]
    """Cases that passed, by test."""
    failed: Counter[str]
    """Cases that failed, by test."""
    odd: tuple[str, ...]
    """What is neither: a case that was skipped, could not begin, or found a broken program; a run that did not end."""

    def unnoticed(self, tests: Sequence[str]) -> tuple[str, ...]:
        """Those of the tests of which no case failed."""
        return tuple(test for test in tests if not self.failed[test])

    def all_passed(self, tests: Sequence[str]) -> bool:
        """Whether each of the tests ran, and nothing failed."""
        return not self.failed and not self.odd and all(self.passed[test] for test in tests)


class Copy:
    """A copy of the project.

    Args:
        folder: where it lies; nothing is there yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._changes = 0
        for path in tracked():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, folder / path)
        for compiled in {path.parent / "__pycache__" for path in tracked() if path.suffix == ".py"}:
            if (ROOT / compiled).is_dir():
                shutil.copytree(ROOT / compiled, folder / compiled)
        if (ROOT / "node_modules").exists():
            (folder / "node_modules").symlink_to((ROOT / "node_modules").resolve())

    @contextmanager
    def without(self, check: Check) -> Iterator[None]:
        """Switch a check off while the block lasts."""
        path = self.folder / check.where
        path.write_text(check.switched_off(), encoding="utf-8")
        # Compiled modules are told by second and size, and two changes could share both.
        self._changes += 1
        os.utime(path, (self._changes, self._changes))
        try:
            yield
        finally:
            shutil.copy2(ROOT / check.where, path)

    def run(self, tests: Sequence[str]) -> Trial:
        """Run tests, `file::test` under `tests/`, in a process that knows no other Preround than this copy."""
        report = self.folder / "report.xml"
        report.unlink(missing_ok=True)
        command = [sys.executable, "-m", "pytest", "-p", "no:xdist", "-p", "no:randomly", "-o", "junit_family=xunit1"]
        named = [f"tests/{test}" for test in dict.fromkeys(tests)]
        if len(named) == 1:
            command.append("-x")  # one case that fails is enough
        if not _ended([*command, f"--junitxml={report}", *named], self.folder):
            return Trial(passed=Counter(), failed=Counter(), odd=(f"did not end within {SECONDS} s",))
        return read(report)


@contextmanager
def copied() -> Iterator[Copy]:
    """A copy of the project as it lies here; gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="switched-off-", dir=MEMORY if MEMORY.is_dir() else None))
    try:
        yield Copy(folder / "project")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def read(report: Path) -> Trial:
    """What a report of pytest says."""
    passed: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    odd = [] if report.exists() else ["there is no report"]
    for case in etree.parse(report).iter("testcase") if report.exists() else ():
        test = f"{case.get('file', '').removeprefix('tests/')}::{case.get('name', '').partition('[')[0]}"
        outcome = next((part for part in case if part.tag in ("failure", "error", "skipped")), None)
        if outcome is None:
            passed[test] += 1
        elif outcome.tag == "failure" and not outcome.get("message", "").startswith(NO_PROGRAM):
            failed[test] += 1
        else:
            odd.append(f"{test}: {outcome.tag}, {outcome.get('message', '')[:200]}")
    return Trial(passed=passed, failed=failed, odd=tuple(odd))


def _ended(command: Sequence[str], folder: Path) -> bool:
    """Run a command to its end; False where it took too long. What it began ends with it either way."""
    running = subprocess.Popen(
        command,
        cwd=folder,
        env=_environment(folder),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        running.wait(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return False
    finally:
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()
    return True


def _environment(folder: Path) -> Mapping[str, str]:
    """This process's own, without what steers its tests; programs that tests start find the copy too."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTEST_", "TEST_"))}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return {**kept, "PYTHONPATH": str(folder), "PREROUND_TEST_DATA": str(DATA.resolve())}
