"""Tokens of clients that were used: each opens the door once, on every machine."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.engine import Connection

from store.database import insert_if_absent
from store.hook_tables import hook_tokens


def use(connection: Connection, *, issuer: str, jti: str, expires: datetime) -> bool:
    """Note a token as used; returns whether it was not before."""
    return insert_if_absent(connection, hook_tokens, {"issuer": issuer, "jti": jti, "expires": expires})


def forget(connection: Connection, *, before: datetime) -> None:
    """Let go of tokens that have expired: they open nothing any more."""
    connection.execute(delete(hook_tokens).where(hook_tokens.c.expires < before))
