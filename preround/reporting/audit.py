"""The audit chain as AuditEvents on the FHIR server: in order, each once, and the copy held against the chain."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from graphs.services import Services
from preround.reporting.reported import AWAY, Reported
from review.audit_event import event_of
from review.wellformed import faults
from store import audit_copies
from store.audit import GENESIS, ChainBroken
from store.audit_copies import Due
from tools.fhir.errors import FhirError, WriteRefused
from tools.fhir.report import Reporter
from tools.fhir.stored import WriteEntry, holds

TOGETHER = 25
"""So many rows go in one transaction, where the server has transactions."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """The server's copy against the chain."""

    rows: int
    """Rows that were looked for: those that were copied."""
    missing: tuple[int, ...]
    """Numbers of rows that the server does not have."""
    different: tuple[int, ...]
    """Numbers of rows whose AuditEvent says something else."""


async def send_audit(
    services: Services,
    reporter: Reporter,
    *,
    most: int | None = None,
    told: Callable[[int, int], None] = lambda seq, head: None,
) -> Reported:
    """Send the rows that the server does not have, in order; a row is sent when all before it are there.

    Args:
        services: of the house.
        reporter: writes AuditEvents.
        most: so many groups of rows; all without it.
        told: how far the copy goes, and how far the chain, after each group.

    Raises:
        ChainBroken: at a row that does not follow the one before it; nothing from there on is sent.
        FhirError: the server would not have the next row; what was sent stays sent, and the next call goes on there.
    """
    server, done, groups = services.client.base_url, 0, 0
    while most is None or groups < most:
        group = _next(services, server)
        if not group:
            return Reported(done=done)
        try:
            await reporter.write_once([_entry(due) for due in group])
        except FhirError as error:
            with services.db.write() as connection:
                audit_copies.stopped(connection, server, error=str(error), now=services.clock.now())
            raise
        with services.db.write() as connection:
            audit_copies.advance(connection, server, group[-1].link, now=services.clock.now())
            told(group[-1].link.row.seq, audit_copies.copied(connection, server).head)
        done, groups = done + len(group), groups + 1
    return Reported(done=done, more=True)


async def compare_audit(
    services: Services, reporter: Reporter, *, told: Callable[[int, int], None] = lambda seq, head: None
) -> Compared:
    """Look for each row that was copied, and whether the server still has it as it was sent.

    Args:
        services: of the house.
        reporter: only looks.
        told: how many rows were looked for, and how many there are, after each group.

    Raises:
        ChainBroken: when the chain itself does not hold.
        FhirError: when the server could not be asked.
    """
    missing: list[int] = []
    different: list[int] = []
    with services.db.read() as connection:
        until = audit_copies.copied(connection, services.client.base_url).seq
    seq, previous = 0, GENESIS
    while seq < until:
        with services.db.read() as connection:
            group = audit_copies.following(connection, seq=seq, previous=previous, most=min(TOGETHER, until - seq))
        if not group:
            raise ChainBroken(f"Row {seq + 1} is missing.")
        found = await asyncio.gather(*(_as_sent(reporter, due) for due in group))
        missing += [due.link.row.seq for due, there in zip(group, found, strict=True) if there is None]
        different += [due.link.row.seq for due, there in zip(group, found, strict=True) if there is False]
        seq, previous = group[-1].link.row.seq, group[-1].link.row.hash
        told(seq, until)
    return Compared(rows=until, missing=tuple(missing), different=tuple(different))


def _next(services: Services, server: str) -> tuple[Due, ...]:
    with services.db.read() as connection:
        so_far = audit_copies.copied(connection, server)
        return audit_copies.following(connection, seq=so_far.seq, previous=so_far.hash, most=TOGETHER)


async def _as_sent(reporter: Reporter, due: Due) -> bool | None:
    """Whether the server has a row as it was sent; None when it does not have it."""
    entry = _entry(due)
    try:
        current = await reporter.current(entry)
    except AWAY:
        raise
    except WriteRefused:  # removed there
        return None
    return None if current is None else holds(current, {**entry.resource, "id": current["id"]})


def _entry(due: Due) -> WriteEntry:
    resource = event_of(due)
    wrong = faults(resource)
    if wrong:
        msg = f"An audit event would be no FHIR R4 ({wrong[0]})."
        raise WriteRefused(msg)
    return WriteEntry(resource=resource, key=due.link.row.hash)
