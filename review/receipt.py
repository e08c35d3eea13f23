"""Receipts: what the server stored of what was signed."""

from dataclasses import dataclass

from review.errors import ProposalPurged, ReceiptNotFound
from review.opening import known_item, load_proposal
from store import outbox
from store.database import Database, Transaction


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
    over: str | None
    """The version that it was written over; None where it was new."""
    undone_by: str | None
    """The receipt of the write that took it back, where one did."""
    stands_for: str | None
    """The type that was meant, where the server does not take it."""
    kept: tuple[str, ...]
    """The parts of its group that the server does not take, and that are kept here: `device`, `provenance`."""


def receipts(db: Database, item_id: str) -> tuple[Receipt, ...]:
    """The receipts of an item's entries, in order; their Devices and Provenances are in the outbox beside them."""
    with db.read() as connection:
        found = [_receipt(connection, row) for row in outbox.of_item(connection, item_id)]
    return tuple(one for one in found if one is not None)


def receipt(db: Database, receipt_id: str) -> tuple[Receipt, str]:
    """The receipt of this id, and the item that it belongs to.

    Raises:
        ReceiptNotFound: when there is none, or the server has not stored it.
    """
    with db.read() as connection:
        row = outbox.get(connection, receipt_id)
        found = None if row is None else _receipt(connection, row)
    if row is None or found is None:
        raise ReceiptNotFound(receipt_id)
    return found, row.item_id


def _receipt(connection: Transaction, row: outbox.OutboxRow) -> Receipt | None:
    if row.part != "target" or row.state != "done" or row.stored_version is None or row.stored_sha256 is None:
        return None
    later = outbox.written_over(connection, row) if row.stored_version else None
    item = known_item(connection, row.item_id)
    try:
        meant = load_proposal(connection, item).entries[row.entry - 1].stands_for
    except ProposalPurged:
        meant = None
    beside = (one for one in outbox.of_item(connection, row.item_id) if one.entry == row.entry)
    return Receipt(
        receipt=row.outbox_id,
        entry=row.entry,
        reference=f"{row.resource_type}/{row.stored_id}",
        version=row.stored_version,
        sha256=row.stored_sha256,
        sealed_sha256=row.sha256,
        over=row.if_match,
        undone_by=None if later is None else later.outbox_id,
        stands_for=None if meant is None else str(meant["resourceType"]),
        kept=tuple(one.part for one in beside if one.state == "kept"),
    )
