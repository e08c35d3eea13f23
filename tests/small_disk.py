"""A PostgreSQL one of whose tablespaces lies on a small disk of its own, which others fill and make room on."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from tests.postgres import PostgreSQL, running

SPACE = "small"
"""The tablespace."""
NO_ROOM = "No space left on device"
"""What the server's log says, in the words of the operating system."""
_MEGABYTES = 48
_OWN_DISK = ("unshare", "--user", "--map-current-user", "--keep-caps", "--mount")
"""A place where whoever we are may mount a disk, which nobody else sees and which is gone with its last process."""
_MOUNT = f'mkdir -p small && mount -t tmpfs -o size={_MEGABYTES}m,mode=700 tmpfs small && exec "$@"'


@contextmanager
def on_a_small_disk() -> Iterator[PostgreSQL]:
    """Run a server whose tablespace `SPACE` lies on a disk of a few megabytes; its log of writes lies elsewhere."""
    owner = "nobody" if os.geteuid() == 0 else None
    try:
        subprocess.run(
            [*_OWN_DISK, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], user=owner, check=True, capture_output=True
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this kernel lets nobody mount a disk of their own: user namespaces are switched off")
    with running((*_OWN_DISK, "sh", "-c", _MOUNT, "sh")) as server:
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE TABLESPACE {SPACE} LOCATION '{server.folder / 'small'}'")
        yield server


@contextmanager
def filled(server: PostgreSQL) -> Iterator[None]:
    """Somebody else has filled the disk to its last page, and makes room at the end of the block."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE TABLE others (bytes bytea) TABLESPACE {SPACE}")
        connection.execute("ALTER TABLE others ALTER COLUMN bytes SET STORAGE EXTERNAL")
        for size in (1 << 20, 1 << 14, 1 << 10):
            _until_full(connection, size)
        try:
            yield
        finally:
            connection.execute("DROP TABLE others")


def _until_full(connection: psycopg.Connection, size: int) -> None:
    query = "INSERT INTO others SELECT string_agg(gen_random_uuid()::text, '')::bytea FROM generate_series(1, %s)"
    while True:
        try:
            connection.execute(query, [size // 36])
        except psycopg.errors.DiskFull:
            return


def said_full(server: PostgreSQL) -> int:
    """How often the server had to say that there is no room."""
    return (server.folder / "log").read_text(errors="replace").count(NO_ROOM)
