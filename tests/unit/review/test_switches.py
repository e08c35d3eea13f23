"""Switches: what is off or silent is neither signed nor written; what of it cannot be read stops everything."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text, update

from claims.author import Author
from review.gate import decide, open_item
from review.item import Item
from review.policy import Policy
from review.switches import (
    Mode,
    Scope,
    SwitchedOff,
    SwitchUnusable,
    names_of,
    standing,
    stopping,
    stopping_entry,
    switch,
    where,
)
from store import audit, runs, switches
from store.database import Database
from store.rollout_tables import switches as rows
from store.switches import SwitchesUnreadable
from tests.unit.review.conftest import NOW, SOON, a_proposal, a_run, lab, summary

CANONICAL = "https://example.org/PlanDefinition/screening|2.1"
MEDGEMMA = Author(
    device_name="Preround", version="0.1.0", reasoner="vllm", model_name="google/medgemma", model_revision="abc"
)


def opened(db: Database, policy: Policy, *, run_id: str = "run-2", site: str | None = "north") -> Item:
    with db.write() as connection:
        runs.create_if_absent(connection, replace(a_run(run_id), site=site))
    guided = replace(lab(), resource={**lab().resource, "instantiatesCanonical": [CANONICAL]})
    return open_item(db, a_proposal(summary(), guided, policy=policy, run_id=run_id), policy=policy, now=NOW)


def throw(db: Database, mode: Mode, scope: Scope) -> None:
    switch(db, scope, mode, reason="wrong ages", person="Ada Nowak", now=NOW)


@pytest.mark.parametrize(
    ("scope", "stops"),
    [
        (Scope(task="summary"), {1}),
        (Scope(task="suggestions"), {2}),
        (Scope(task="comparison"), set()),
        (Scope(site="north"), {1, 2}),
        (Scope(site="south"), set()),
        (Scope(task="summary", site="north"), {1}),
        (Scope(task="summary", site="south"), set()),
        (Scope(model="offline"), {1, 2}),
        (Scope(model="medgemma"), set()),
        (Scope(guideline="screening"), {2}),
        (Scope(guideline=CANONICAL), {2}),
        (Scope(guideline=CANONICAL.replace("2.1", "2.0")), set()),
    ],
)
def test_what_a_switch_stops_can_be_read_and_not_signed(
    db: Database, policy: Policy, scope: Scope, stops: set[int]
) -> None:
    item = opened(db, policy)
    throw(db, "off", scope)
    for n in (1, 2):
        call = {"item_id": item.item_id, "person": "Dr Test", "verb": "approve", "policy": policy, "now": SOON}
        if n in stops:
            with pytest.raises(SwitchedOff, match=rf"Entry {n} can be read but not signed.*Ada Nowak.*wrong ages"):
                decide(db, only=(n,), **call)  # type: ignore[arg-type]
    if stops:
        throw(db, "on", scope)
    done = decide(db, item_id=item.item_id, person="Dr Test", verb="approve", policy=policy, now=SOON)
    assert done.outcome == "approved"
    if stops:
        with db.read() as connection:
            acts = [row.act for row in audit.rows(connection) if row.act.startswith("switch.")]
            assert audit.verify(connection).problem is None
        assert acts == ["switch.off", "switch.on"]


def test_what_is_off_can_be_rejected_and_the_rest_signed(db: Database, policy: Policy) -> None:
    first, second = opened(db, policy), opened(db, policy, run_id="run-3")
    throw(db, "off", Scope(task="suggestions"))
    call = {"person": "Dr Test", "policy": policy, "now": SOON}
    assert decide(db, item_id=first.item_id, verb="reject", code="clutter", **call).outcome == "rejected"  # type: ignore[arg-type]
    assert decide(db, item_id=second.item_id, verb="approve", only=(1,), **call).outcome == "approved"  # type: ignore[arg-type]


def test_a_round_whose_site_is_not_known_is_stopped_by_every_site(db: Database, policy: Policy) -> None:
    item = opened(db, policy, site=None)
    throw(db, "silent", Scope(site="south"))
    with pytest.raises(SwitchedOff, match="in silent mode"):
        decide(db, item_id=item.item_id, person="Dr Test", verb="approve", policy=policy, now=SOON)


@pytest.mark.parametrize("breaking", ["mode", "scope", "table"])
def test_what_cannot_be_read_stops_everything(db: Database, policy: Policy, breaking: str) -> None:
    item = opened(db, policy)
    throw(db, "off", Scope(task="comparison"))
    with db.write() as connection:
        if breaking == "table":
            connection.execute(text("ALTER TABLE switches RENAME TO elsewhere"))
        else:
            values = {"mode": "dimmed"} if breaking == "mode" else {"task": None}
            connection.execute(update(rows).values(values))
    with pytest.raises(SwitchesUnreadable, match="nothing is drafted, signed or written"):
        decide(db, item_id=item.item_id, person="Dr Test", verb="approve", policy=policy, now=SOON)
    with pytest.raises(SwitchesUnreadable):
        standing(db)


def test_an_undo_is_stopped_by_its_site_alone(db: Database) -> None:
    undo = replace(lab(), labels=frozenset({"undo"}), resource={"instantiatesCanonical": [CANONICAL]})
    at = where(replace(a_run(), site="north"), MEDGEMMA)
    throw(db, "off", Scope(model="medgemma"))
    throw(db, "off", Scope(guideline="screening"))
    throw(db, "silent", Scope(site="north"))
    assert stopping_entry(standing(db), at, undo) is None
    assert stopping_entry(standing(db), at, replace(undo, labels=frozenset())) is not None
    throw(db, "off", Scope(site="north"))
    assert stopping_entry(standing(db), at, undo) is not None


@pytest.mark.parametrize("name", ["vllm", "google/medgemma", "medgemma", "google/medgemma@abc"])
def test_a_model_is_known_by_each_of_its_names(db: Database, name: str) -> None:
    throw(db, "off", Scope(model=name))
    assert stopping(standing(db), where(a_run(), MEDGEMMA), task="summary") is not None
    assert stopping(standing(db), where(a_run()), task="summary") is None


def test_the_last_word_about_the_same_counts(db: Database) -> None:
    for n, mode in enumerate(("off", "silent", "on", "off")):
        switch(db, Scope(task="summary"), mode, reason="r", person="A", now=NOW + timedelta(minutes=n))  # type: ignore[arg-type]
    throw(db, "off", Scope(task="summary", site="north"))
    with db.read() as connection:
        assert [(str(one.scope), one.mode) for one in switches.in_force(connection)] == [
            ("task summary", "off"),
            ("task summary at site north", "off"),
        ]
        assert len(switches.every(connection)) == 5


@pytest.mark.parametrize(
    ("scope", "mode", "reason"),
    [
        (Scope(), "off", "why"),
        (Scope(task=" "), "off", "why"),
        (Scope(task="summary"), "off", " "),
        (Scope(task="summary"), "on", "why"),
        (Scope(model="medgemma"), "silent", "why"),
    ],
)
def test_what_means_nothing_is_refused(db: Database, scope: Scope, mode: Mode, reason: str) -> None:
    with pytest.raises(SwitchUnusable, match="Say what to switch"):
        switch(db, scope, mode, reason=reason, person="Ada Nowak", now=NOW)
    assert standing(db) == ()


def test_names_of_a_recommendation() -> None:
    assert names_of("urn:preround:plan:statin|1") == {
        "urn:preround:plan:statin|1",
        "urn:preround:plan:statin",
        "statin",
    }
