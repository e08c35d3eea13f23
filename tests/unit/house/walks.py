"""The blocks of a document as a script, and how it is run: in a folder of its own, as a user would."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.unit.house.files import ROOT

BLOCK = re.compile(r"^```(bash|python) test(?: ([\w.]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
"""A block that runs: commands, or a Python file of that name, which commands after it use."""
BIN = Path(sys.executable).parent
SECONDS = 600
"""A walk is a dozen commands; on a crowded machine each may take long."""


def script(document: Path) -> str:
    """The blocks of a document, one after the other."""
    found = BLOCK.findall((ROOT / document).read_text())
    return "\n".join(
        body if kind == "bash" else f"cat > {name} <<'END_OF_FILE'\n{body}END_OF_FILE" for kind, name, body in found
    )


def run(commands: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run commands in a folder, with this environment's programs first on PATH.

    Args:
        commands: for bash; the first that fails ends it.
        folder: where.
        more: further variables of the environment.
    """
    # Counting lines makes a command a third slower; what commands cover is counted where they are tested one by one.
    here = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    environment = {**here, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "160", **more}
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
