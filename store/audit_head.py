"""The head of the audit chain: its last row, and the seal that only who has the site's key can put on it."""

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.engine import Connection

from store.tables import audit_head
from store.vault import KeyMissing, SealBroken, open_text, place, seal_text, sealed_under, vault_of

_ABOUT = place("audit_head", "seal", "1")


def seal_head(connection: Connection) -> None:
    """Seal the head under the newest key; for when a site gets its first key, or another."""
    head = head_of(connection)
    if head is not None:
        connection.execute(update(audit_head).values(seal=seal_of(connection, head.seq, head.hash)))


def head_holds(connection: Connection) -> bool:
    """Whether the head is the one that was sealed; without a key there is none to hold it to."""
    return holds(connection, head_of(connection))


def head_of(connection: Connection) -> Any:  # noqa: ANN401 (a row, or None before the first act)
    """Number, hash and seal of the last row; None before the first act."""
    return connection.execute(select(audit_head.c.seq, audit_head.c.hash, audit_head.c.seal)).first()


def seal_of(connection: Connection, seq: int, head: str) -> str | None:
    """What only who has the site's key can write; None without one."""
    return seal_text(connection, f"{seq} {head}", _ABOUT) if vault_of(connection).keys else None


def holds(connection: Connection, head: Any) -> bool:  # noqa: ANN401 (a row, or None before the first act)
    """Whether a head that was read is the one that was sealed; so is none, before the first act."""
    try:
        return head is None or sealed(connection, head)
    except KeyMissing:  # every key that this site has used is here, so this one is somebody else's
        return False


def sealed(connection: Connection, head: Any) -> bool:  # noqa: ANN401 (a row)
    """Whether a head stands under its seal; without a key there is none that it could break.

    Raises:
        KeyMissing: it is sealed under a key that is not here.
    """
    if not vault_of(connection).keys:
        return True
    if head.seal is None or sealed_under(head.seal) is None:
        return False
    try:
        return open_text(connection, head.seal, _ABOUT) == f"{head.seq} {head.hash}"
    except SealBroken:
        return False
