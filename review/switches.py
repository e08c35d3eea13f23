"""Switches as the gate and the round ask for them: what stops an entry, and who said so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from claims.author import Author
from review.entry import Draft, Entry
from review.errors import Refused, WrongUse
from review.item import Item
from store import runs, switches
from store.database import Database, Transaction
from store.runs import Run
from store.switches import Mode, Scope, Switch, SwitchesUnreadable

__all__ = ["Mode", "Scope", "Switch", "SwitchesUnreadable"]

_TAKES_BACK = frozenset({"undo", "restore"})


class SwitchedOff(Refused):
    """Somebody has switched it off, or to silent."""

    def __init__(self, what: str, switch: Switch) -> None:
        self.how = f"{said(switch)}: ask {switch.person}, or switch it on with `preround switch on`."
        """The sentence without what it is about."""
        super().__init__(f"{what} {self.how}")


class SwitchUnusable(WrongUse):
    """What should be switched is not named as it must be."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"Say what to switch, such as --task summary: {problem}.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Where:
    """Where something comes from, as switches name it."""

    site: str | None
    """The round's site; None where it is not known, which every switch of a site stops."""
    makers: frozenset[str]
    """The reasoner and the model, each by its names."""


def said(switch: Switch) -> str:
    """A switch in words, as `is switched off: task summary, by Ada Nowak on 2021-08-01 07:00 UTC (too long)`."""
    how = "is switched off" if switch.mode == "off" else "is in silent mode"
    return f"{how}: {switch.scope}, by {switch.person} on {switch.at:%Y-%m-%d %H:%M} UTC ({switch.reason})"


def standing(db: Database) -> tuple[Switch, ...]:
    """What is off or silent now.

    Raises:
        SwitchesUnreadable: when it can't be known.
    """
    with db.read() as connection:
        return switches.in_force(connection)


def where(run: Run, author: Author | None = None) -> Where:
    """Where a round's entries come from; by its author too, where that is not the round's reasoner."""
    models = [(run.model_name, run.model_revision)]
    found = makers(run.site, run.reasoner, models)
    if author is None:
        return found
    more = makers(run.site, author.reasoner, [(author.model_name, author.model_revision)])
    return Where(site=run.site, makers=found.makers | more.makers)


def makers(site: str | None, reasoner: str, models: Iterable[tuple[str | None, str | None]]) -> Where:
    """A site with every name under which a switch may name who drafts there."""
    names = {reasoner}
    for name, revision in models:
        if name is not None:
            names |= {name, name.rpartition("/")[2], f"{name}@{revision}"}
    return Where(site=site, makers=frozenset(names))


def stopping(
    found: Iterable[Switch],
    at: Where,
    *,
    task: str,
    guidelines: Sequence[str] = (),
    modes: tuple[Mode, ...] = ("off",),
) -> Switch | None:
    """The switch that stops a task's entry, or None.

    Args:
        found: what is in force.
        at: where it comes from.
        task: its task.
        guidelines: canonical addresses of the recommendations that it stands on.
        modes: which switches count.
    """
    known = {name for canonical in guidelines for name in names_of(canonical)}
    for one in found:
        scope = one.scope
        if (
            one.mode in modes
            and scope.task in (None, task)
            and (scope.site is None or at.site in (None, scope.site))
            and (scope.model is None or scope.model in at.makers)
            and (scope.guideline is None or scope.guideline in known)
        ):
            return one
    return None


def stopping_entry(
    found: Iterable[Switch], at: Where, entry: Entry | Draft, *, modes: tuple[Mode, ...] = ("off", "silent")
) -> Switch | None:
    """The switch that stops one entry, or None.

    What takes a write back is stopped by a switch of its site alone: whoever switches a model or a recommendation off
    because of harm must be able to undo it.
    """
    if _TAKES_BACK & set(entry.labels):
        found = [one for one in found if one.mode == "off" and one.scope == Scope(site=one.scope.site)]
    return stopping(found, at, task=entry.task, guidelines=guidelines_of(entry), modes=modes)


def guidelines_of(entry: Entry | Draft) -> tuple[str, ...]:
    """Canonical addresses of the recommendations that an entry stands on, of what it stands for too."""
    bodies = [entry.resource, entry.stands_for or {}]
    return tuple(str(c) for body in bodies for c in body.get("instantiatesCanonical", ()))


def names_of(canonical: str) -> frozenset[str]:
    """By which names a recommendation may be switched: its address with and without a version, and its id."""
    address = canonical.partition("|")[0]
    return frozenset({canonical, address, address.rpartition("/")[2].rpartition(":")[2]})


def check_entries(
    connection: Transaction, item: Item, entries: Sequence[Entry], author: Author, *, act: str = "read but not signed"
) -> None:
    """Refuse entries that are off or silent, in the transaction of what would be done with them.

    Args:
        connection: the transaction.
        item: their item.
        entries: which of its entries.
        author: what drafted them.
        act: what of them can be done, and what not.

    Raises:
        SwitchedOff: one of the entries is.
        SwitchesUnreadable: that can't be known.
    """
    found = switches.in_force(connection)
    if not found:
        return
    run = runs.get(connection, item.run_id)
    at = where(run, author) if run is not None else Where(site=None, makers=frozenset())
    for entry in entries:
        stopped = stopping_entry(found, at, entry)
        if stopped is not None:
            raise SwitchedOff(f"Entry {entry.n} can be {act}; it", stopped)


def switch(db: Database, scope: Scope, mode: Mode, *, reason: str, person: str, now: datetime) -> Switch:
    """Switch something off, to silent, or on again; it counts at once, in every process.

    Raises:
        SwitchUnusable: nothing is named, no reason or person is given, a recommendation or model is to be silent, or
            what is to be switched on is not off.
    """
    given = {name: value.strip() for name, value in asdict(scope).items() if value is not None}
    if not given or not all(given.values()):
        raise SwitchUnusable("a task, a site, a model or a guideline must be named")
    if not reason.strip() or not person.strip():
        raise SwitchUnusable("it needs a reason and a name")
    if mode == "silent" and given.keys() - {"task", "site"}:
        raise SwitchUnusable("only a task, a site, or a task at a site can be silent")
    wanted = Scope(**given)
    with db.write() as connection:
        before = {one.scope: one for one in switches.in_force(connection)}.get(wanted)
        if mode == "on" and before is None:
            raise SwitchUnusable(f"{wanted} is neither off nor silent; see `preround switch list`")
        return switches.throw(connection, wanted, mode, reason=reason.strip(), person=" ".join(person.split()), now=now)
