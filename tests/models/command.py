"""The program as a user runs it, in a home of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SECONDS = 180


def preround(home: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command with these settings in the environment."""
    env = {**os.environ, "PREROUND_HOME": str(home / "home"), "PREROUND_REASONER": "vllm", **settings}
    command = [sys.executable, "-m", "preround", *words]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=SECONDS, check=False)
