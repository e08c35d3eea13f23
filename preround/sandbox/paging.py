"""Pages of keys in a fixed order, and the cursor of the next link.

A cursor holds the query, where the last page ended and the newest row there was when the first page was made: what is
written later does not appear in the walk, and nothing is shown twice or left out because of it.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, true

from preround.sandbox import tables
from preround.sandbox.exchange import Query
from preround.sandbox.outcome import FhirError

Condition = ColumnElement[bool]
Position = tuple[str | int | float | None, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Cursor:
    """Where a walk over the pages stands."""

    pairs: Query
    """The query of the walk."""
    mark: int
    """Largest key that belongs to the walk."""
    total: int
    """Matches in the whole walk."""
    position: Position
    """Sort values and key of the last match shown."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """One thing to sort by."""

    value: ColumnElement[Any]
    """The sort value, never null."""
    down: bool = False
    """Whether the largest comes first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """One page."""

    keys: tuple[int, ...]
    """Resource keys, in order."""
    total: int
    """Matches in the whole walk."""
    mark: int
    """Largest key that belongs to the walk."""
    position: Position | None
    """Where the next page starts; None on the last page."""


def encode_cursor(cursor: Cursor) -> str:
    """The cursor as text for an address."""
    content = orjson.dumps([cursor.pairs, cursor.mark, cursor.total, cursor.position])
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decode_cursor(text: str) -> Cursor:
    """The cursor that a caller brought back.

    Raises:
        FhirError: 400 when it is not one of ours.
    """
    try:
        pairs, mark, total, position = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return Cursor(
            pairs=tuple((str(name), str(value)) for name, value in pairs),
            mark=_whole(mark),
            total=_whole(total),
            position=tuple(_scalar(value) for value in position),
        )
    except (ValueError, TypeError, binascii.Error) as error:
        raise FhirError(400, "value", "The page address is not one of this server's; search again.") from error


_LARGEST = 2**63  # what SQLite's integers can hold


def _whole(value: object) -> int:
    if isinstance(value, int) and 0 <= value < _LARGEST:
        return value
    raise ValueError("not a count")


def _scalar(value: object) -> str | int | float | None:
    if value is None or isinstance(value, str | float):
        return value
    if isinstance(value, int) and abs(value) < _LARGEST:
        return value
    raise ValueError("not a sort value")


def page(
    connection: Connection, where: Sequence[Condition], orders: Sequence[Order], count: int, cursor: Cursor | None
) -> Page:
    """One page of what meets the conditions.

    Args:
        connection: where to read.
        where: conditions on the resource table.
        orders: what to sort by, before the key.
        count: matches on the page, 1 or more.
        cursor: where the last page ended; None for the first.
    """
    key = tables.resource.c.key
    mark = cursor.mark if cursor else connection.execute(select(func.coalesce(func.max(key), 0))).scalar_one()
    full = [*orders, Order(value=key)]
    query = select(key, *(order.value for order in orders)).where(*where, key <= mark).limit(count + 1)
    query = query.order_by(*(order.value.desc() if order.down else order.value for order in full))
    if cursor:
        query = query.where(_after(full, cursor.position))
    rows = connection.execute(query).all()
    shown = rows[:count]
    more = len(rows) > count
    position = (*shown[-1][1:], shown[-1][0]) if more else None
    total = cursor.total if cursor else len(rows) if not more else count_matches(connection, where)
    return Page(keys=tuple(row[0] for row in shown), total=total, mark=mark, position=position)


def count_matches(connection: Connection, where: Sequence[Condition]) -> int:
    """How many current resources meet the conditions."""
    return connection.execute(select(func.count()).select_from(tables.resource).where(*where)).scalar_one()


def _after(orders: Sequence[Order], position: Position) -> Condition:
    if len(position) != len(orders):
        raise FhirError(400, "value", "The page address is not one of this server's; search again.")
    alternatives: list[Condition] = []
    equal: Condition = true()
    for order, value in zip(orders, position, strict=True):
        beyond = order.value < value if order.down else order.value > value
        alternatives.append(and_(equal, beyond))
        equal = and_(equal, order.value == value)
    return or_(*alternatives)
