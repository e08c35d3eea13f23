"""Receipts: what the server stored of what was signed."""

from dataclasses import dataclass

from store import outbox
from store.database import Database


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """One signed resource that stands on the server."""

    receipt: str
    """Its id, by which `undo` finds it."""
    entry: int
    """The entry's number in the proposal."""
    reference: str
    """Where it stands, `Type/id`."""
    version: str
    """The version that the server gave it."""
    sha256: str
    """SHA-256 of what was read back, in hex."""
    sealed_sha256: str
    """SHA-256 of what was signed, in hex."""


def receipts(db: Database, item_id: str) -> tuple[Receipt, ...]:
    """The receipts of an item's entries, in order; their Devices and Provenances are in the outbox beside them."""
    with db.read() as connection:
        rows = outbox.of_item(connection, item_id)
    return tuple(found for found in map(_receipt, rows) if found is not None)


def receipt(db: Database, receipt_id: str) -> Receipt | None:
    """The receipt of this id; None when there is none, or the server has not stored it yet."""
    with db.read() as connection:
        row = outbox.get(connection, receipt_id)
    return None if row is None else _receipt(row)


def _receipt(row: outbox.OutboxRow) -> Receipt | None:
    if row.part != "target" or row.stored_version is None or row.stored_sha256 is None:
        return None
    return Receipt(
        receipt=row.outbox_id,
        entry=row.entry,
        reference=f"{row.resource_type}/{row.resource_id}",
        version=row.stored_version,
        sha256=row.stored_sha256,
        sealed_sha256=row.sha256,
    )
