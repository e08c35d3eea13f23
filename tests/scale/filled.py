"""A store that many rounds were done in: the rows of real rounds once more, under other names and of other patients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import CTE, LargeBinary, Table, Text, cast, func, literal, select, true
from sqlalchemy.engine import Connection
from sqlalchemy.sql import ColumnElement

from store.duty_tables import duties
from store.tables import artifacts, audit, audit_head, decisions, items, outbox, runs, uses

TABLES = (artifacts, runs, uses, items, duties, decisions, outbox)
NAMED = frozenset(
    {"run_id", "patient", "sha256", "artifact_sha256", "result_sha256", "prepared_sha256"}
    | {"item_id", "next_item", "refreshes", "decision_id", "words_sha256", "outbox_id", "resource_id", "stored_id"}
)
"""Columns that name something of one round; a copy has a name of its own there, and shares its card with the first."""


def fill(connection: Connection, times: int) -> None:
    """Copy everything that is in the store so many times.

    Args:
        connection: of a `Database.write()`.
        times: how many copies each round gets; another number at each call.
    """
    # PostgreSQL and SQLite both count so.
    numbers = select(literal(1).label("n")).cte("numbers", recursive=True)
    numbers = numbers.union_all(select(numbers.c.n + 1).where(numbers.c.n < times))
    number = numbers.c.n
    for table in TABLES:
        named: Mapping[str, ColumnElement[Any]] = {c.name: _value(c, number, f"-{times}.") for c in table.c}
        _copy(connection, table, named, numbers)
    last = connection.execute(select(audit_head.c.seq)).scalar_one()
    _copy(connection, audit, {c.name: c for c in audit.c} | {"seq": audit.c.seq + number * literal(last)}, numbers)
    top = connection.execute(select(func.max(audit.c.seq))).scalar_one()
    connection.execute(audit_head.update().values(seq=top))


def _copy(connection: Connection, table: Table, values: Mapping[str, ColumnElement[Any]], numbers: CTE) -> None:
    query = select(*values.values()).select_from(table.join(numbers, true()))
    connection.execute(table.insert().from_select(list(values), query))


def _value(column: ColumnElement[Any], number: ColumnElement[int], mark: str) -> ColumnElement[Any]:
    if column.name in NAMED:
        return column.concat(mark).concat(cast(number, Text))
    return literal(b"", LargeBinary) if column.name == "body" and isinstance(column.type, LargeBinary) else column
