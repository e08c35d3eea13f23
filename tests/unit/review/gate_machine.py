"""The gate and what must always hold of it, whatever is tried, in whatever order."""

import json
from collections import Counter
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from review.asking import Wish, ask, party_of
from review.errors import GateError
from review.gate import cancel, decide, expire, mark_stale, open_item
from review.item import Item
from review.policy import Policy
from review.queue import Shown, show
from store import audit, items, outbox, runs, switches
from store.database import Database
from tests.unit.review.conftest import NOW, a_proposal, a_run, lab, medication, summary

# Who may sign what, written out here by hand, so that the policy's own arithmetic is not its own witness.
ROLES = {
    "Ada Prescriber": {"clinician", "prescriber"},
    "Eve Prescriber": {"clinician", "prescriber"},
    "Ben Pharmacist": {"pharmacist"},
    "Cyd Attending": {"prescriber", "attending"},
    "Dan Clinician": {"clinician"},
}
PEOPLE = [*ROLES, " ada  PRESCRIBER ", "Stranger", ""]
HOURS = {1: 72, 2: 24, 3: 8, 4: 4}
DRAFTS = {1: summary(), 2: lab(), 4: medication("Insulin glargine")}


# What a sequence begins with: chance alone comes to some refusals too rarely to say that they were tried.
APPROVALS: dict[str, tuple[tuple[str, tuple[int, ...] | None], ...]] = {
    "all sign": (("Ada Prescriber", None), ("Cyd Attending", None), ("Eve Prescriber", None)),
    "some sign": (("Ada Prescriber", None), ("Cyd Attending", (1,))),
    "none there": (("Ada Prescriber", (9,)),),
    "a stranger": (("Stranger", None),),
    "too late": (("Ada Prescriber", None),),
    "switched off": (("Ada Prescriber", None),),
}
OPENINGS = (*APPROVALS, "nothing", "rejected", "corrected", "asked")


def enough(tier: int, people: list[str]) -> bool:
    roles = [ROLES[name] for name in people]
    if tier == 1:
        return any(some & {"clinician", "prescriber", "attending"} for some in roles)
    prescribers = {"prescriber", "attending"}
    if tier in (2, 3):
        return any(some & prescribers for some in roles)
    second = {"pharmacist", "attending"}
    return any(
        (one & prescribers and two & second) or (two & prescribers and one & second)
        for one, two in combinations(roles, 2)
    )


class Gate(RuleBasedStateMachine):
    """One round at a time, its items, and a clock that only goes forward."""

    db: ClassVar[Database]
    policy: ClassVar[Policy]
    seen: ClassVar[Counter[str]] = Counter()
    rounds: ClassVar[int] = 0

    now: datetime
    states: dict[str, str]
    off: frozenset[str]

    def __init__(self) -> None:
        super().__init__()
        self.run, self.rows = "", dict[str, Item]()

    @initialize(opening=st.sampled_from(OPENINGS))
    def begin(self, opening: str) -> None:
        type(self).rounds += 1
        self.run = f"run-{self.rounds}"
        self.now, self.states, self.revision, self.off = NOW, {}, 0, frozenset()
        with self.db.read() as connection:
            left_off = switches.in_force(connection)
        for one in left_off:
            self.throw(str(one.scope.task), "on")
        with self.db.write() as connection:
            runs.create(connection, a_run(self.run))
        self.open((1, 2, 4))
        self.go_on(opening, *self.states)

    def go_on(self, opening: str, item_id: str) -> None:
        if opening == "too late":
            self.now = show(self.db, item_id).item.expires_at
        if opening == "switched off":
            self.throw_switch("summary", "off")
        for person, only in APPROVALS.get(opening, ()):
            self.approve_entries(item_id, person, only)
        if opening == "rejected":
            self.attempt("reject", item_id=item_id, person="Ada Prescriber", verb="reject", code="unsafe")
        if opening == "corrected":
            self.correct(item_id, "Ada Prescriber", "Corrected")
        if opening == "asked":
            self.ask_of(item_id, "Ada Prescriber", "attending")

    def open(self, tiers: tuple[int, ...], replaces: str | None = None) -> None:
        self.revision += 1
        proposal = a_proposal(
            *(DRAFTS[tier] for tier in tiers), policy=self.policy, run_id=self.run, revision=self.revision
        )
        item = open_item(self.db, proposal, policy=self.policy, now=self.now, replaces=replaces)
        assert item.expires_at == self.now + timedelta(hours=HOURS[max(tiers)])
        self.states[item.item_id] = "open"

    def attempt(self, what: str, **call: Any) -> None:
        try:
            done = decide(self.db, policy=self.policy, now=self.now, **call)
        except GateError as error:
            self.seen[f"{what} refused: {type(error).__name__}"] += 1
        else:
            self.seen[done.outcome] += 1
            if done.decision.verb == "approve":
                entries = show(self.db, done.item.item_id).proposal.entries
                assert not self.off & {entries[n - 1].task for n, _ in done.decision.entries}, "signed while off"

    @rule(
        task=st.sampled_from(["summary", "suggestions", "comparison"]),
        mode=st.sampled_from(["off", "silent", "on", "on"]),
    )
    def throw_switch(self, task: str, mode: switches.Mode) -> None:
        self.throw(task, mode)
        self.off = self.off - {task} if mode == "on" else self.off | {task}

    def throw(self, task: str, mode: switches.Mode) -> None:
        with self.db.write() as connection:
            switches.throw(connection, switches.Scope(task=task), mode, reason="why", person="Eve", now=self.now)

    def pick(self, data: st.DataObject) -> str:
        # In the order of opening: the ids differ from round to round, and a replay must draw the same.
        return data.draw(st.sampled_from(list(self.states)))

    @precondition(lambda self: self.revision < 4)
    @rule(tiers=st.sampled_from([(1,), (1, 2), (1, 2, 4), (4,)]))
    def another(self, tiers: tuple[int, ...]) -> None:
        self.open(tiers)

    @rule(
        data=st.data(),
        person=st.sampled_from(PEOPLE),
        only=st.none() | st.sampled_from([(1,), (2,), (1, 2), (1, 3), ()]),
    )
    def approve(self, data: st.DataObject, person: str, only: tuple[int, ...] | None) -> None:
        self.approve_entries(self.pick(data), person, only)

    def approve_entries(self, item_id: str, person: str, only: tuple[int, ...] | None = None) -> None:
        self.attempt("approve", item_id=item_id, person=person, verb="approve", only=only)

    @rule(data=st.data(), person=st.sampled_from(["Ben Pharmacist", "Cyd Attending"]))
    def sign_all(self, data: st.DataObject, person: str) -> None:
        item = show(self.db, self.pick(data)).item
        call = {"item_id": item.item_id, "person": person, "verb": "approve"}
        self.attempt("sign", **call, proposal_sha256=item.proposal_sha256)

    @rule(person=st.sampled_from(["Ben Pharmacist", "Cyd Attending"]))
    def sign_other_entries(self, person: str) -> None:
        """The second signer names other entries than the first one signed."""
        for item_id in self.states:
            first = show(self.db, item_id).decisions[:1]
            if self.states[item_id] == "open" and first and first[0].verb == "approve":
                only = (1,) if len(first[0].entries) > 1 or first[0].entries[0][0] != 1 else (1, 2)
                self.approve_entries(item_id, person, only)

    @rule(data=st.data(), person=st.sampled_from(PEOPLE), whom=st.sampled_from(["attending", "Ben Pharmacist"]))
    def ask(self, data: st.DataObject, person: str, whom: str) -> None:
        self.ask_of(self.pick(data), person, whom)

    def ask_of(self, item_id: str, person: str, whom: str) -> None:
        """From then on nobody's signature is enough alone."""
        wish = Wish(party=party_of(whom), words="Look at the dose.")
        try:
            ask(self.db, item_id=item_id, person=person, wish=wish, policy=self.policy, now=self.now)
        except GateError as error:
            self.seen[f"ask refused: {type(error).__name__}"] += 1
        else:
            self.seen["asked"] += 1

    @rule(data=st.data(), person=st.sampled_from(PEOPLE))
    def approve_another_hash(self, data: st.DataObject, person: str) -> None:
        before = self.seen["approved"] + self.seen["signed"]
        self.attempt("hash", item_id=self.pick(data), person=person, verb="approve", proposal_sha256="0" * 64)
        assert self.seen["approved"] + self.seen["signed"] == before

    @rule(data=st.data(), person=st.sampled_from(PEOPLE), code=st.sampled_from(["clutter", "unsafe", "nonsense"]))
    def reject(self, data: st.DataObject, person: str, code: str) -> None:
        self.attempt("reject", item_id=self.pick(data), person=person, verb="reject", code=code)

    @rule(data=st.data(), person=st.sampled_from(PEOPLE), answered=st.booleans())
    def revise(self, data: st.DataObject, person: str, answered: bool) -> None:
        item_id = self.pick(data)
        self.attempt("revise", item_id=item_id, person=person, verb="revise", words="Shorter.")
        if answered and show(self.db, item_id).item.state == "revised":
            self.states[item_id] = "revised"
            self.open((1, 2), replaces=item_id)
            self.states[item_id] = "superseded"

    @rule(data=st.data(), person=st.sampled_from(PEOPLE), title=st.sampled_from(["Summary", "Corrected"]))
    def edit(self, data: st.DataObject, person: str, title: str) -> None:
        self.correct(self.pick(data), person, title)

    def correct(self, item_id: str, person: str, title: str) -> None:
        shown = show(self.db, item_id)
        resource = shown.proposal.entries[0].resource
        words = {"title": title} if resource["resourceType"] == "Composition" else {"note": [{"text": title}]}
        self.attempt("edit", item_id=item_id, person=person, verb="edit", edited={1: {**resource, **words}})
        following = show(self.db, item_id).item.next_item
        if following is not None and following not in self.states:
            self.states[following] = "open"
            self.revision = max(self.revision, show(self.db, following).item.revision)

    @rule(hours=st.sampled_from([0, 1, 3, 5, 25]))
    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule()
    def sweep(self) -> None:
        for item in expire(self.db, now=self.now):
            assert item.expires_at <= self.now
            self.seen["swept"] += 1

    @rule(data=st.data(), stale=st.booleans())
    def take_back(self, data: st.DataObject, stale: bool) -> None:
        item_id = self.pick(data)
        try:
            if stale:
                mark_stale(self.db, item_id=item_id, now=self.now)
            else:
                cancel(self.db, item_id=item_id, person="Ada Prescriber", now=self.now)
        except GateError:
            return
        if self.states[item_id] == "approved":
            self.states[item_id] = "taken back"
        self.seen["taken back"] += 1

    @rule(data=st.data())
    def send(self, data: st.DataObject) -> None:
        rows = show(self.db, self.pick(data)).outbox
        if rows:
            with self.db.write() as connection:
                outbox.mark_sent(connection, rows[0].outbox_id, now=self.now)

    @invariant()
    def everything_holds(self) -> None:
        with self.db.read() as connection:
            rows = items.of_run(connection, self.run)
        for item in rows:
            if self.rows.get(item.item_id) != item:
                self.rows[item.item_id] = item
                self.check(show(self.db, item.item_id))

    def teardown(self) -> None:
        for item_id in self.rows:
            self.check(show(self.db, item_id))

    def check(self, shown: Shown) -> None:
        self.check_state(shown)
        self.check_writes(shown)

    def check_state(self, shown: Shown) -> None:
        item, before = shown.item, self.states[shown.item.item_id]
        if before == "taken back":
            assert item.state in ("stale", "cancelled")
            return
        assert before in ("open", item.state), f"{before} became {item.state}"
        self.states[item.item_id] = item.state
        ended = [decision.verb for decision in shown.decisions if decision.verb != "approve"]
        assert len(ended) + (item.state == "approved") <= 1, "two outcomes"
        assert len({decision.person_key for decision in shown.decisions}) == len(shown.decisions)
        assert all(item.opened <= decision.at < item.expires_at for decision in shown.decisions)
        names = {name.casefold() for name in ROLES}
        assert all(decision.person_key in names for decision in shown.decisions), "a stranger decided"
        if item.state == "open" and shown.decisions:
            (first,) = shown.decisions
            tiers = {shown.proposal.entries[n - 1].tier for n, _ in first.entries}
            assert 4 in tiers or self.asks(item.item_id), "one signature was enough"
            assert set(first.roles) & {"clinician", "prescriber", "pharmacist", "attending"}
            assert 4 not in tiers or set(first.roles) & {"prescriber", "pharmacist", "attending"}
        told = [act for act in self.acts(item.item_id) if act == "item.escalated"]
        assert len(told) == (item.state == "expired"), "escalated once when its time was over, and never otherwise"

    def asks(self, item_id: str) -> bool:
        return "item.asked" in self.acts(item_id)

    def acts(self, item_id: str) -> list[str]:
        with self.db.read() as connection:
            return [row.act for row in audit.rows(connection, subject=item_id)]

    def check_writes(self, shown: Shown) -> None:
        item, proposal = shown.item, shown.proposal
        if item.state != "approved":
            assert all(row.state == "refused" and row.attempts == 0 for row in shown.outbox)
            return
        written = tuple(sorted({row.entry for row in shown.outbox}))
        assert written == item.approved_entries
        entries = tuple((entry.n, entry.sha256) for entry in proposal.entries if entry.n in written)
        signers = [decision.person for decision in shown.decisions]
        assert entries
        assert all(decision.entries == entries and decision.verb == "approve" for decision in shown.decisions)
        tier = max(proposal.entries[n - 1].tier for n in written)
        names = {name.casefold(): name for name in ROLES}
        assert enough(tier, [names[signer.casefold()] for signer in signers])
        assert not self.asks(item.item_id) or len(set(signers)) > 1, "somebody was asked, and one signature was enough"
        for row in shown.outbox:
            if row.part == "target":
                draft = proposal.entries[row.entry - 1].resource
                sealed = json.loads(row.body)
                changed = {key for key in sealed if sealed[key] != draft.get(key)}
                assert changed <= {"status", "attester", "meta"}
                assert set(draft) <= set(sealed)
