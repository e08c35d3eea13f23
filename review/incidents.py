"""Incidents: what reviewers reported as harm or near harm, what is done about it, and what such a report pauses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from review.errors import NotAllowed, NotThere, Refused, WordsNeeded
from review.item import Item
from review.opening import known_item, load_proposal
from review.policy import Policy
from review.reasons import Reason, reasons
from store import decisions, incident_acts, items, seeded
from store.database import Database, Transaction
from store.decisions import DecisionRow
from store.incident_acts import Act, IncidentAct

__all__ = ["Act"]


class IncidentUnknown(NotThere):
    """No incident was opened by this item."""

    def __init__(self, item_id: str) -> None:
        super().__init__(f"Item {item_id} opened no incident: take an item from `preround incidents list`.")


class IncidentOver(Refused):
    """It is closed, or it is not."""

    def __init__(self, item_id: str, state: str) -> None:
        then = "reopen it first" if state == "closed" else "only what is closed is reopened"
        super().__init__(f"The incident of item {item_id} is {state}: {then}.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Incident:
    """One rejection whose reason opens an incident."""

    item_id: str
    """The item that was rejected."""
    decision_id: str
    """The rejection."""
    run_id: str
    """The round that drafted it."""
    code: str
    """The reason."""
    words: str | None
    """The reviewer's own words."""
    person: str
    """Who reported it."""
    at: datetime
    """When."""
    recommendations: tuple[str, ...]
    """Canonical addresses with version of the recommendations among its entries."""
    pauses: bool
    """Whether those recommendations are paused while it is open."""
    acts: tuple[IncidentAct, ...] = ()
    """What was done about it, oldest first."""

    @property
    def owner(self) -> str | None:
        """Who took it last; None while nobody has."""
        return next((one.person for one in reversed(self.acts) if one.act == "taken"), None)

    @property
    def closed(self) -> IncidentAct | None:
        """How it was closed; None while it is open."""
        last = next((one for one in reversed(self.acts) if one.act in ("closed", "reopened")), None)
        return last if last is not None and last.act == "closed" else None


def incidents(db: Database) -> tuple[Incident, ...]:
    """Every incident, newest first.

    Raises:
        ProposalDamaged: when a rejected proposal is not what was stored.
    """
    with db.read() as connection:
        found = []
        known = seeded.rounds(connection)
        done: dict[str, list[IncidentAct]] = {}
        for act in incident_acts.every(connection):
            done.setdefault(act.decision_id, []).append(act)
        for decision in decisions.with_codes(connection, _opening()):
            item = known_item(connection, decision.item_id)
            if item.run_id in known:  # the error was ours
                continue
            found.append(_incident(connection, decision, item, done.get(decision.decision_id, ())))
    return tuple(found)


def paused(db: Database) -> frozenset[str]:
    """Canonical addresses, without version, of the recommendations that an open report pauses.

    Each round asks: what is closed is not read.

    Raises:
        ProposalDamaged: when the proposal of an open report is not what was stored.
    """
    pausing = [code for code, reason in _opening().items() if reason.pauses]
    with db.read() as connection:
        open_ = [known_item(connection, item_id) for item_id in incident_acts.unclosed(connection, pausing)]
        return frozenset(c.partition("|")[0] for item in open_ for c in _recommendations(connection, item))


def act_on(
    db: Database, item_id: str, act: Act, *, person: str, words: str | None, policy: Policy, now: datetime
) -> Incident:
    """Take an incident, note what was found, close it with what was done, or open it again.

    Raises:
        IncidentUnknown: this item opened none.
        NotAllowed: the policy knows the person neither as a reviewer nor as an informaticist.
        WordsNeeded: to note, close or reopen without saying what or why.
        IncidentOver: it is closed already, or is not.
    """
    grant = policy.grant(person)
    if not (policy.reviews(grant) or "informaticist" in grant.roles):
        raise NotAllowed("a reviewer or an informaticist known to the policy must look into an incident")
    if act != "taken" and not (words or "").strip():
        raise WordsNeeded({"noted": "a note", "closed": "closing", "reopened": "opening it again"}[act])
    before = _of(db, item_id)
    with db.write() as connection:
        acts = incident_acts.of_decision(connection, before.decision_id)
        if (replace(before, acts=acts).closed is not None) != (act == "reopened"):
            raise IncidentOver(item_id, "open" if act == "reopened" else "closed")
        incident_acts.append(
            connection,
            decision_id=before.decision_id,
            item_id=item_id,
            act=act,
            person=" ".join(person.split()),
            words=(words or "").strip() or None,
            now=now,
        )
    return _of(db, item_id)


def _of(db: Database, item_id: str) -> Incident:
    """The incident that the last rejection of an item opened."""
    with db.read() as connection:
        item = items.get(connection, item_id)
        if item is None or seeded.of_run(connection, item.run_id) is not None:
            raise IncidentUnknown(item_id)
        for decision in reversed(decisions.of_item(connection, item_id)):
            if decision.verb == "reject" and decision.code in _opening():
                acts = incident_acts.of_decision(connection, decision.decision_id)
                return _incident(connection, decision, item, acts)
    raise IncidentUnknown(item_id)


def _opening() -> Mapping[str, Reason]:
    """The reasons that open an incident, by code."""
    return {r.code: r for r in reasons() if r.incident or r.pauses}


def _incident(connection: Transaction, decision: DecisionRow, item: Item, acts: Sequence[IncidentAct]) -> Incident:
    return Incident(
        item_id=item.item_id,
        decision_id=decision.decision_id,
        run_id=item.run_id,
        code=str(decision.code),
        words=decision.words,
        person=decision.person,
        at=decision.at,
        recommendations=_recommendations(connection, item),
        pauses=_opening()[str(decision.code)].pauses,
        acts=tuple(acts),
    )


def _recommendations(connection: Transaction, item: Item) -> tuple[str, ...]:
    entries = load_proposal(connection, item).entries
    return tuple(canonical for entry in entries for canonical in entry.resource.get("instantiatesCanonical", ()))
