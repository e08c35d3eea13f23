"""Artifacts: bytes kept once under the SHA-256 of their content, compressed, and encrypted where the site has a key.

Evidence, drafts, proposals, results, people's words. Each is linked to the rounds that use it, and is removed with the
last of them.
"""

import hashlib
import json
import zlib
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import select, update
from sqlalchemy.engine import Connection

from store.database import insert_if_absent
from store.tables import artifacts, uses
from store.vault import SealBroken, Vault, vault_of


class ArtifactMissing(Exception):
    """A stored artifact cannot be found: restore the database from its backup, or run the round again."""

    def __init__(self) -> None:
        super().__init__(str(self.__doc__))


class ArtifactDamaged(Exception):
    """A stored artifact is not what its hash says: restore the database from its backup, or run the round again."""

    def __init__(self) -> None:
        super().__init__(str(self.__doc__))


class ArtifactPurged(Exception):
    """What this round read and drafted was removed when its time was over; decisions, receipts and hashes remain."""

    def __init__(self) -> None:
        super().__init__(str(self.__doc__))


def put_bytes(connection: Connection, body: bytes, *, kind: str, run_id: str | None, now: datetime) -> str:
    """Keep `body` for a round and return its SHA-256 in hex.

    The same bytes are kept once, under the kind they first came with.

    Args:
        connection: the transaction.
        body: what to keep.
        kind: what it is, in one word.
        run_id: the round that uses it; None where the caller links it later: until then its age alone keeps it.
        now: wall time.
    """
    sha256 = hashlib.sha256(body).hexdigest()
    stored = sealed(vault_of(connection), zlib.compress(body), sha256)
    if not insert_if_absent(
        connection, artifacts, {"sha256": sha256, "kind": kind, "size": len(body), "created": now, **stored}
    ):
        mine = artifacts.c.sha256 == sha256
        connection.execute(update(artifacts).where(mine).values(created=now))
        again = update(artifacts).where(mine, artifacts.c.purged.is_not(None))
        connection.execute(again.values(purged=None, **stored))
    if run_id is not None:
        link(connection, run_id, sha256)
    return sha256


def link(connection: Connection, run_id: str, sha256: str) -> None:
    """Say that a round uses an artifact, which stays as long as the round does."""
    insert_if_absent(connection, uses, {"run_id": run_id, "sha256": sha256})


def get_bytes(connection: Connection, sha256: str) -> bytes:
    """The bytes kept under `sha256`.

    Raises:
        ArtifactMissing: when there are none.
        ArtifactPurged: when they were removed when their time was over.
        ArtifactDamaged: when they are not the bytes that were kept.
        store.vault.KeyMissing: when they are encrypted under a key that is not here.
    """
    a = artifacts.c
    row = connection.execute(select(a.body, a.size, a.key_id, a.purged).where(a.sha256 == sha256)).first()
    if row is None:
        raise ArtifactMissing
    if row.purged is not None:
        raise ArtifactPurged
    try:
        body = zlib.decompress(opened(vault_of(connection), row.body, sha256, row.key_id))
    except (zlib.error, SealBroken):
        raise ArtifactDamaged from None
    if len(body) != row.size or hashlib.sha256(body).hexdigest() != sha256:
        raise ArtifactDamaged
    return body


def sealed(vault: Vault, packed: bytes, sha256: str) -> dict[str, Any]:
    """The columns `body` and `key_id` of an artifact.

    Args:
        vault: what seals, where it has a key.
        packed: the compressed bytes.
        sha256: its address, which it opens under and under no other.
    """
    if vault.head is None:
        return {"body": packed, "key_id": None}
    return {"body": vault.seal(packed, f"artifact {sha256}"), "key_id": vault.head}


def opened(vault: Vault, body: bytes, sha256: str, key_id: str | None) -> bytes:
    """The compressed bytes of what `sealed` made.

    Raises:
        KeyMissing, SealBroken: when it can't be opened.
    """
    return body if key_id is None else vault.open(body, f"artifact {sha256}", key_id)


def put_json(connection: Connection, value: Any, *, kind: str, run_id: str | None, now: datetime) -> str:  # noqa: ANN401 (any JSON value)
    """`put_bytes` of a JSON value, as text with sorted keys; a `Decimal` is the number it is, digit for digit.

    Raises:
        TypeError: when the value is not JSON, or a Decimal is not finite.
    """
    body = orjson.dumps(value, default=_number, option=orjson.OPT_SORT_KEYS)
    return put_bytes(connection, body, kind=kind, run_id=run_id, now=now)


def get_json(connection: Connection, sha256: str, *, exact: bool = False) -> Any:  # noqa: ANN401 (any JSON value)
    """The JSON value kept under `sha256`; with `exact`, numbers with a point or exponent come as `Decimal`."""
    body = get_bytes(connection, sha256)
    return json.loads(body, parse_float=Decimal) if exact else json.loads(body)


def _number(value: object) -> orjson.Fragment:
    if isinstance(value, Decimal) and value.is_finite():
        return orjson.Fragment(str(value))
    raise TypeError(f"A {type(value).__name__} is not JSON.")
