"""`_include` and `_revinclude`: what a page of matches points at, and what points at it."""

from collections.abc import Iterable, Sequence

import orjson
from sqlalchemy import ColumnElement, Connection, Select, and_, func, select

from preround.sandbox import tables
from preround.sandbox.parameters import registry
from preround.sandbox.terms import Include, Search


def included(connection: Connection, search: Search, matches: Sequence[int]) -> list[int]:
    """Keys of the resources that go with a page of matches, without the matches.

    Args:
        connection: where to read.
        search: what was asked.
        matches: keys on the page.
    """
    found: set[int] = set()
    for include in search.includes:
        found.update(connection.execute(_pointed_at(include, matches)).scalars())
    for include in search.revincludes:
        found.update(connection.execute(_pointing(search.type, include, matches)).scalars())
    return sorted(found.difference(matches))


def in_keys(column: ColumnElement[int], keys: Iterable[int]) -> ColumnElement[bool]:
    """The column is one of many keys, sent as one JSON parameter."""
    return column.in_(select(func.json_each(orjson.dumps(list(keys)).decode()).table_valued("value").c.value))


def _numbers(include: Include) -> list[int]:
    known = registry().parameters[include.source]
    if include.parameter == "*":
        return [parameter.number for parameter in known.values() if parameter.kind == "reference"]
    return [known[include.parameter].number]


def _pointed_at(include: Include, matches: Sequence[int]) -> Select[int]:
    ref, res = tables.reference.c, tables.resource.c
    query = (
        select(res.key)
        .join(tables.reference, and_(res.type == ref.target_type, res.id == ref.target_id))
        .where(in_keys(ref.key, matches), ref.param.in_(_numbers(include)), res.deleted == 0)
    )
    types = {include.target} if include.target else _targets(include)
    return query.where(res.type.in_(sorted(types))) if types else query


def _targets(include: Include) -> frozenset[str]:
    if include.parameter == "*":
        return frozenset()
    return registry().parameters[include.source][include.parameter].targets


def _pointing(searched: str, include: Include, matches: Sequence[int]) -> Select[int]:
    ref, res = tables.reference.c, tables.resource.c
    return (
        select(ref.key)
        .join(tables.resource, and_(res.type == ref.target_type, res.id == ref.target_id))
        .where(in_keys(res.key, matches), ref.param.in_(_numbers(include)), res.type == searched)
    )
