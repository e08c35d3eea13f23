"""An undo: a proposal that takes one write back, made of the receipt and of what the server holds now.

What we made is marked as entered in error, by its type's own element; what we changed gets the version before it back,
word for word. Either goes over exactly the version that we wrote. Nothing is deleted, and an undo can be undone.
"""

from __future__ import annotations

from graphs.prepared import Prepared, PreparedEntry
from graphs.services import Services
from review.errors import CannotUndo
from review.policy import Label
from review.queue import show
from review.receipt import Receipt, receipt
from review.withdrawing import withdrawn
from tools.fhir.errors import FhirError, FhirGone, FhirNotFound, FhirUnreachable
from tools.fhir.stored import version_of
from tools.fhir.wire import Resource, unversioned

TASK = "undo"


async def undo_of(services: Services, receipt_id: str) -> Prepared:
    """The proposal that takes a write back.

    Raises:
        ReceiptNotFound: nothing was written under this receipt.
        CannotUndo: it was taken back already, somebody changed it since, or the server can't say.
        FhirUnreachable, FhirRefused, FhirGarbled: the server did not let us look.
    """
    found, item_id = receipt(services.db, receipt_id)
    shown = show(services.db, item_id)
    current = await _untouched(services, found)
    labels: tuple[Label, ...]
    if found.over is None:
        after, labels = withdrawn(_ours(current)), ("undo",)
        said = "It is marked as entered in error; nothing is deleted."
    else:
        after, labels = await _before(services, found), ("undo", "restore")
        said = f"Version {found.over}, which it was written over, comes back word for word."
    entry = shown.proposal.entries[found.entry - 1]
    signers = ", ".join(d.person for d in shown.decisions if d.verb == "approve")
    written = f"{found.reference}/_history/{found.version}"
    return Prepared(
        patient=shown.item.patient,
        task=TASK,
        prepared_by=f"an undo of receipt {found.receipt}",
        entries=(
            PreparedEntry(
                title=f"Take back: {entry.title}"[:200],
                resource=after,
                sources=(written,),
                based_on=(written,),
                labels=labels,
                base=current,
                restores=found.over,
            ),
        ),
        page=(f"Takes back {found.reference}, version {found.version}: {entry.title}. Signed by {signers}.", said),
    )


async def _untouched(services: Services, found: Receipt) -> Resource:
    """What the server holds, when that is still the version that we wrote."""
    if found.undone_by is not None:
        raise CannotUndo(f"it was taken back already; to put it back, undo receipt {found.undone_by}")
    if not found.version:
        raise CannotUndo("the server keeps no versions, so nobody can tell whether it changed; correct it there")
    kind, _, name = found.reference.partition("/")
    try:
        current = await services.client.read(kind, name)
    except FhirGone:
        raise CannotUndo("it was removed from the server already") from None
    except FhirNotFound:
        raise CannotUndo("the server no longer has it; look for it there") from None
    if version_of(current) != found.version:
        raise CannotUndo(
            f"{found.reference} was changed after we wrote version {found.version}; look at its history on the server"
        )
    return current


async def _before(services: Services, found: Receipt) -> Resource:
    """The version that ours was written over."""
    kind, _, name = found.reference.partition("/")
    try:
        return _ours(await services.client.vread(kind, name, str(found.over)))
    except FhirUnreachable:
        raise
    except FhirError:
        raise CannotUndo(f"the server does not give version {found.over} of it back; correct it there") from None


def _ours(resource: Resource) -> Resource:
    """The resource without what the server sets by itself, so that what is signed can be what is stored."""
    found = unversioned(resource)
    meta = {name: value for name, value in found.get("meta", {}).items() if name != "source"}
    rest = {name: value for name, value in found.items() if name != "meta"}
    return {**rest, "meta": meta} if meta else rest
