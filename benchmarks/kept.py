"""What each table of a SQLite file takes on the disk, its indexes with it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

_SIZES = (
    "SELECT coalesce(m.tbl_name, s.name), sum(s.pgsize) FROM dbstat s LEFT JOIN sqlite_master m USING (name) GROUP BY 1"
)


def bytes_of(path: Path) -> dict[str, int]:
    """Bytes by table.

    Args:
        path: a SQLite file that nobody writes to at the moment.

    Raises:
        sqlite3.OperationalError: when this SQLite was built without `dbstat`.
    """
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return {str(table): int(size) for table, size in connection.execute(_SIZES)}
