"""Runs the tests of the in-process adapter with the Python that has torch and transformers."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.models.environment import ROOT
from tests.models.server import SHIM, quiet

pytestmark = pytest.mark.models

LIMIT = 400


def test_the_in_process_adapters_on_tiny_weights(models_python: Path, tiny: Path, adapter: Path) -> None:
    env = {**quiet(), "PYTHONPATH": f"{SHIM}:{ROOT}", "TINY_WEIGHTS": str(tiny), "TINY_ADAPTER": str(adapter), "CI": ""}
    inside = Path(__file__).parent / "inside"
    command = [
        str(models_python),
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--confcutdir",
        str(inside),
        str(inside),
    ]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed or re.search(r"^\.{5,}", done.stdout, re.M)
    assert "skipped" not in done.stdout
