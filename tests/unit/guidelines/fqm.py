"""fqm-execution as a second opinion: the counts that it gives, asked in one Node process."""

import json
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tools.guidelines.node import node_binary

SCRIPT = Path(__file__).with_suffix(".mjs")


def second_opinion(node_modules: Path, asked: Iterable[Mapping[str, Any]]) -> Mapping[str, list[Mapping[str, int]]]:
    """By patient, the counts of each group; a machine without fqm-execution skips the test by name."""
    if not (node_modules / "fqm-execution").exists():
        pytest.skip("fqm-execution is not installed (npm ci without --omit=dev)")
    ran = subprocess.run(
        [str(node_binary()), str(SCRIPT), str(node_modules)],
        input="\n".join(json.dumps(each) for each in asked).encode(),
        capture_output=True,
        check=False,
        timeout=600,
        env={"TZ": "UTC"},
    )
    assert ran.returncode == 0, ran.stderr.decode()[-2000:]
    found: Mapping[str, list[Mapping[str, int]]] = json.loads(ran.stdout)
    return found
