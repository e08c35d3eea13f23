"""In CI a skip is a failure, but for data of others and for what its kernel lacks; elsewhere it stays a skip."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.house.files import ROOT

SKIPS = """
import pytest

def test_of_a_part():
    pytest.skip("no browser here")

@pytest.mark.skip(reason="needs the charts (PREROUND_TEST_DATA)")
def test_of_data():
    pass

def test_of_the_machine():
    pytest.skip("this kernel has no such thing")

@pytest.mark.xfail(strict=True)
def test_known_to_fail():
    assert False
"""


def outcomes(folder: Path, **environment: str) -> str:
    """The last line of a run of those tests under our own conftest."""
    (folder / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "conftest.py", folder / "tests" / "conftest.py")
    (folder / "tests" / "test_skips.py").write_text(SKIPS)
    here = {k: v for k, v in os.environ.items() if k not in ("CI", "PREROUND_TEST_DATA", "PYTEST_ADDOPTS")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=folder,
        env={**here, **environment, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},  # only our own conftest counts
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    return done.stdout.strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("ci", "data", "counts"),
    [
        pytest.param(False, True, {"3 skipped", "1 xfailed"}, id="here"),
        pytest.param(True, False, {"1 failed", "2 skipped", "1 xfailed"}, id="ci-without-data"),
        pytest.param(True, True, {"1 failed", "1 skipped", "1 error", "1 xfailed"}, id="ci-with-data"),
    ],
)
def test_a_skip(ci: bool, data: bool, counts: set[str], tmp_path: Path) -> None:
    folder = tmp_path / "data"
    if data:
        folder.mkdir()
    last = outcomes(tmp_path, PREROUND_TEST_DATA=str(folder), **({"CI": "true"} if ci else {}))
    assert set(last.partition(" in ")[0].split(", ")) == counts
