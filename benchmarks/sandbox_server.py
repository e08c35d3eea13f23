"""The embedded sandbox in a process of its own, so that what it takes is not counted with the rest.

    python -m benchmarks.sandbox_server HOME

Prints its port on this machine, and serves until it is ended.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import socket

import uvicorn

from preround.home import sandbox_app
from preround.settings import Settings


@contextmanager
def sandbox_beside(home: Path) -> Iterator[tuple[str, Callable[[], float]]]:
    """The address of a home's sandbox, served by another process, and a way to ask that process for its CPU seconds."""
    with subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "benchmarks.sandbox_server", str(home)], stdout=subprocess.PIPE, text=True
    ) as server:
        if server.stdout is None:
            raise RuntimeError("The sandbox's output can't be read.")
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}/fhir", lambda: _cpu(server.pid)
        finally:
            server.send_signal(signal.SIGTERM)


def _cpu(pid: int) -> float:
    """CPU seconds of a process so far, as Linux counts them."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main(home: Path) -> None:
    """Serve on a free port."""
    listener = socket()
    listener.bind(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)  # noqa: T201 - how the parent learns of it
    uvicorn.Server(uvicorn.Config(sandbox_app(Settings(home=home)), log_level="error")).run(sockets=[listener])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
