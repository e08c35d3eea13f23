"""Keeping the index tables in step with the current versions."""

from collections import defaultdict
from collections.abc import Iterable
from functools import cache

from sqlalchemy import Connection, Table, insert
from sqlalchemy.dialects import sqlite

from preround.sandbox.document import Json
from preround.sandbox.parameters import Parameter, registry
from preround.sandbox.tables import INDEX_TABLES
from preround.sandbox.values import Row, identifier_number, identifier_rows, rows


class IndexRows:
    """Index rows gathered for many resources and written in one go."""

    def __init__(self, base: str) -> None:
        """Start with nothing.

        Args:
            base: this server's address, taken off absolute references.
        """
        self._base = base
        self._rows: dict[str, list[Row]] = defaultdict(list)

    def add(self, key: int, resource_type: str, resource: Json) -> None:
        """Gather the rows of one current resource.

        Args:
            key: its row in the resource table.
            resource_type: its type.
            resource: its parsed content.
        """
        for parameter in _indexed(resource_type):
            head = (key, parameter.number)
            found = rows(parameter, resource, self._base)
            if found:
                self._rows[parameter.kind].extend(head + row for row in found)
            if parameter.kind == "reference":
                head = (key, identifier_number(parameter))
                self._rows["token"].extend(head + row for row in identifier_rows(parameter, resource))

    def write(self, connection: Connection) -> None:
        """Insert what was gathered."""
        for kind, gathered in self._rows.items():
            if gathered:
                connection.exec_driver_sql(_insert(INDEX_TABLES[kind].name), gathered)
        self._rows.clear()


def forget(connection: Connection, keys: Iterable[int]) -> None:
    """Delete every index row of these resources."""
    gone = [(key,) for key in keys]
    if gone:
        for table in {table.name: table for table in INDEX_TABLES.values()}.values():
            connection.exec_driver_sql(str(table.delete().where(table.c.key == 0).compile(dialect=_DIALECT)), gone)


@cache
def _indexed(resource_type: str) -> tuple[Parameter, ...]:
    return registry().indexed(resource_type)


@cache
def _insert(name: str) -> str:
    table: Table = next(table for table in INDEX_TABLES.values() if table.name == name)
    return str(insert(table).compile(dialect=_DIALECT))


_DIALECT = sqlite.dialect()
