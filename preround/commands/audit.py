"""`preround audit`: whether the chain of what was done holds, and its copy on the FHIR server."""

from __future__ import annotations

import os
from dataclasses import asdict, replace
from typing import Annotated

import typer
from rich.progress import Progress

from preround.door import Fhir, Json, enter, err, leave, out, settings_with, write_json
from preround.failure import REFUSED, Declined
from preround.home import open_database
from preround.reporting.audit import Compared, compare_audit, send_audit
from preround.wiring import House
from store import audit_copies
from store.audit import ChainReport, rows, verify
from store.database import Database
from store.leases import LeaseHeld

audit = typer.Typer(help="What was done, by whom and when: a chain of rows that can't be changed unseen.")


@audit.callback()
def _group() -> None:
    """A group."""


@audit.command("verify")
def verify_chain(
    noted: Annotated[
        str | None, typer.Option("--head", metavar="HASH", help="A head that was noted before; it must still be there.")
    ] = None,
    sent: Annotated[
        bool, typer.Option("--sent", help="Also look for each row that was sent to the FHIR server, and compare it.")
    ] = False,
    fhir: Fhir = None,
    json: Json = None,
) -> None:
    """Check that no row of the audit chain was changed, taken out, put in, cut off or computed anew.

    Its end is held to the heads that this machine noted (audit.heads in PREROUND_HOME), to the seal under
    PREROUND_STATE_KEY where there is one, and to the items and decisions that it must tell of. When it holds, the
    newest 1000 of those heads stay: each stands for every act before it. Against who can change all of these, note the
    head that it prints elsewhere and give it back with --head later. With --sent the AuditEvents of `preround audit
    send` are that other place.

    Exit codes: 0 the chain and its copy hold · 4 they don't · 5 the FHIR server could not be asked.
    """

    def work() -> int:
        db = open_database(settings_with())
        try:
            found, heads = _checked(db, noted)
            if found.problem is None:
                db.cut_heads(heads, sync=os.fsync)
        finally:
            db.close()
        return _told(found, None, json)

    async def compare(house: House) -> int:
        found, heads = _checked(house.services.db, noted)
        if found.problem is not None:
            return _told(found, None, json)
        with Progress(console=err, transient=True) as progress:
            bar = progress.add_task("comparing", total=None)
            async with house.reporting() as reporter:
                copy = await compare_audit(
                    house.services, reporter, told=lambda seq, until: progress.update(bar, completed=seq, total=until)
                )
        found = replace(found, problem=_copy_problem(copy))
        if found.problem is None:
            house.services.db.cut_heads(heads, sync=os.fsync)
        return _told(found, copy, json)

    if sent:
        enter(compare, fhir=fhir, json=json)
    leave(work, json=json)


@audit.command("send")
def send(fhir: Fhir = None, json: Json = None) -> None:
    """Send the rows of the audit chain that the FHIR server does not have, as AuditEvents, in order and each once.

    Call it as often as you like: it goes on where the server's copy ends, whatever stopped it. With PREROUND_FHIR_AUDIT
    `preround serve` and `preround worker` do so all the time, and each command that moves a round or an item before it
    ends. Each AuditEvent carries its row's hash; `preround audit verify --sent` compares. Exit codes: 0 all is there ·
    4 the chain does not hold, the server refused, or another process is at it · 5 the server could not be reached.
    """

    async def work(house: House) -> int:
        services = house.services
        try:
            with services.leases.acquire("reporting"):
                sent = await _sent(house)
        except LeaseHeld:
            raise Declined(
                "Another process is telling the FHIR server just now; see with `preround audit verify --sent` "
                "when all is there"
            ) from None
        with services.db.read() as connection:
            copied = audit_copies.copied(connection, services.client.base_url)
        if json is not None:
            write_json({"sent": sent, "copied": copied.seq, "head": copied.hash}, json)
        if json != "-":
            out.print(f"{sent} acts sent; the FHIR server has all {copied.seq}.", markup=False)
            out.print("Next: preround audit verify --sent")
        return 0

    enter(work, fhir=fhir, json=json)


async def _sent(house: House) -> int:
    """How many acts went out now, with a line of progress."""
    with Progress(console=err, transient=True) as progress:
        bar = progress.add_task("sending", total=None)
        async with house.reporting() as reporter:
            done = await send_audit(
                house.services, reporter, told=lambda seq, head: progress.update(bar, completed=seq, total=head)
            )
    return done.done


def _checked(db: Database, noted: str | None) -> tuple[ChainReport, frozenset[tuple[int, str]]]:
    """The check, and the heads of this machine that the chain was held to."""
    heads = db.heads  # before the chain is read: what others add meanwhile is then in it
    with db.read() as connection:
        found = verify(connection, heads)
        known = noted is None or any(row.hash == noted for row in rows(connection))
    if found.problem is None and not known:
        found = replace(found, problem="The head that was noted is not in the chain: it was rewritten.")
    return found, heads


def _copy_problem(copy: Compared) -> str | None:
    if not copy.missing and not copy.different:
        return None
    first = min((*copy.missing, *copy.different))
    return (
        f"The FHIR server's copy lacks {len(copy.missing)} acts and says something else of {len(copy.different)}; the "
        f"first is act {first}. Find out who can change AuditEvents there."
    )


def _told(found: ChainReport, copy: Compared | None, json: str | None) -> int:
    if json is not None:
        write_json({**asdict(found), "holds": found.problem is None, "copy": asdict(copy) if copy else None}, json)
    if json != "-":
        holds = found.problem is None or (copy is not None and found.broken_at is None)
        out.print(f"{found.rows} acts, the chain {'holds' if holds else 'is broken'}.", markup=False)
        if copy is not None and found.problem is None:
            out.print(f"The FHIR server has {copy.rows} of them as they are.", markup=False)
        out.print(found.problem or f"Head: {found.head}", style="bold red" if found.problem else None, markup=False)
    return 0 if found.problem is None else REFUSED
