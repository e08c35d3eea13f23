"""Artifacts: bytes kept once under the SHA-256 of their content, compressed; evidence, drafts, proposals, results."""

import hashlib
import json
import zlib
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.engine import Connection

from store.database import insert_if_absent
from store.tables import artifacts


class ArtifactMissing(Exception):
    """A stored artifact cannot be found: restore the database from its backup, or run the round again."""

    def __init__(self) -> None:
        super().__init__(str(self.__doc__))


class ArtifactDamaged(Exception):
    """A stored artifact is not what its hash says: restore the database from its backup, or run the round again."""

    def __init__(self) -> None:
        super().__init__(str(self.__doc__))


def put_bytes(connection: Connection, body: bytes, *, kind: str, now: datetime) -> str:
    """Keep `body` and return its SHA-256 in hex; the same bytes are kept once, under the kind they first came with."""
    sha256 = hashlib.sha256(body).hexdigest()
    values = {"sha256": sha256, "kind": kind, "size": len(body), "body": zlib.compress(body), "created": now}
    insert_if_absent(connection, artifacts, values)
    return sha256


def get_bytes(connection: Connection, sha256: str) -> bytes:
    """The bytes kept under `sha256`.

    Raises:
        ArtifactMissing: when there are none.
        ArtifactDamaged: when they are not the bytes that were kept.
    """
    row = connection.execute(select(artifacts.c.body, artifacts.c.size).where(artifacts.c.sha256 == sha256)).first()
    if row is None:
        raise ArtifactMissing
    try:
        body = zlib.decompress(row.body)
    except zlib.error:
        raise ArtifactDamaged from None
    if len(body) != row.size or hashlib.sha256(body).hexdigest() != sha256:
        raise ArtifactDamaged
    return body


def put_json(connection: Connection, value: Any, *, kind: str, now: datetime) -> str:  # noqa: ANN401 (any JSON value)
    """Keep a JSON value as text with sorted keys; a `Decimal` is kept as the number it is, digit for digit.

    Raises:
        TypeError: when the value is not JSON, or a Decimal is not finite.
    """
    body = orjson.dumps(value, default=_number, option=orjson.OPT_SORT_KEYS)
    return put_bytes(connection, body, kind=kind, now=now)


def get_json(connection: Connection, sha256: str, *, exact: bool = False) -> Any:  # noqa: ANN401 (any JSON value)
    """The JSON value kept under `sha256`; with `exact`, numbers with a point or exponent come as `Decimal`."""
    body = get_bytes(connection, sha256)
    return json.loads(body, parse_float=Decimal) if exact else json.loads(body)


def _number(value: object) -> orjson.Fragment:
    if isinstance(value, Decimal) and value.is_finite():
        return orjson.Fragment(str(value))
    raise TypeError(f"A {type(value).__name__} is not JSON.")
