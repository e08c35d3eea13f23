"""What `preround doctor` says of reporting."""

from __future__ import annotations

from preround.failure import EXPECTED, sentence
from preround.home import open_database
from preround.settings import Settings
from preround.wiring import SANDBOX_URL
from store.audit_copies import copied
from store.item_tasks import behind


def reporting_checks(settings: Settings) -> list[tuple[str, bool, str]]:
    """How far the FHIR server knows the queue and the audit chain: what, whether it is well, and words for it."""
    if not settings.fhir_tasks and not settings.fhir_audit:
        return [("reporting", True, "off: the FHIR server is told of no item and no act")]
    try:
        db = open_database(settings)
    except EXPECTED as error:
        return [("reporting", False, sentence(error))]
    try:
        with db.read() as connection:
            queue = behind(connection) if settings.fhir_tasks else None
            chain = copied(connection, (settings.fhir or SANDBOX_URL).rstrip("/")) if settings.fhir_audit else None
    finally:
        db.close()
    found = []
    if queue is not None:
        link = "" if settings.public_url else "; without a link to the item (PREROUND_PUBLIC_URL)"
        why = " (`preround serve` and `preround worker` do it)" if queue.items else ""
        if queue.last_error:
            why = f": {queue.last_error}"
        words = f"{queue.shown} items shown, {queue.items} not as they stand{why}{link}"
        found.append(("tasks", not (queue.items and queue.last_error), words))
    if chain is not None:
        words = f"{chain.seq} of {chain.head} acts copied" + (f": {chain.last_error}" if chain.last_error else "")
        found.append(("audit copy", chain.last_error is None, words))
    return found
