"""Whose an item is: by rules of policy, handed to the cover in time, escalated once when nobody decided."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from chart.identity import Identity
from chart.service import services_of
from review.card import About
from review.duty import Duties, Duty, DutyRule, Party
from review.errors import AlreadyDecided, ItemExpired, NotAllowed
from review.gate import decide, expire, open_item
from review.item import Item
from review.policy import Policy
from review.queue import claim, release, show
from review.standing import standing
from review.worklist import Me, Wanted, Whose, concerning, narrowed
from store import audit
from store.database import Database
from tests.unit.review.conftest import NOW, SOON, a_proposal, lab, medication, summary

ADA = Me(name="Ada Prescriber", key="ada prescriber", keys=("person:ada prescriber", "role:prescriber"))
CYD = Me(name="Cyd Attending", key="cyd attending", keys=("person:cyd attending", "role:attending"))
NIGHT = {
    "why": "cardiology at night",
    "services": ["cardiology"],
    "hours": "18:00-08:00",
    "owner": {"name": "Flo Prescriber"},
    "cover": {"roles": ["pharmacist"]},
    "escalate": {"name": "Cyd Attending"},
}


def acts(db: Database, item: Item) -> list[tuple[str, dict[str, Any]]]:
    with db.read() as connection:
        return [(row.act, row.detail) for row in audit.rows(connection, subject=item.item_id)]


def found(db: Database, whose: Whose, me: Me | None, *, state: Any = "open") -> list[str]:
    return [one.item_id for one in narrowed(db, Wanted(state=state, claimed=whose), me=me)]


def test_every_item_has_an_owner_a_cover_and_somebody_to_tell_and_the_audit_says_so(db: Database, site: Policy) -> None:
    item = open_item(db, a_proposal(lab(), policy=site), policy=site, now=NOW)
    duty = standing(db, item, policy=site).duty
    assert duty is not None
    assert (duty.owner, duty.cover, duty.escalate) == ("a clinician or prescriber", "an attending", "an attending")
    assert duty.cover_from == NOW + timedelta(hours=12)
    ((act, detail),) = acts(db, item)
    assert act == "item.opened"
    assert {detail["owner"], detail["cover"], detail["escalate"]} == {duty.owner, duty.cover}


def test_a_policy_without_rules_of_duty_leaves_it_to_who_may_sign(site: Policy) -> None:
    bare = site.model_copy(update={"duty": Duties()})
    duty = bare.duty_of(tier=4, tasks=["summary"], services=(), at=NOW)
    assert str(duty.owner) == "a prescriber or attending"
    assert str(duty.cover) == "a prescriber or attending or pharmacist"


@pytest.mark.parametrize(
    ("services", "hour", "owner"),
    [
        (("IMP", "Cardiology"), 20, "Flo Prescriber"),
        (("IMP", "Cardiology"), 3, "Flo Prescriber"),
        (("IMP", "Cardiology"), 8, "a clinician or prescriber"),
        (("IMP", "Surgery"), 20, "a clinician or prescriber"),
        ((), 20, "a clinician or prescriber"),
    ],
)
def test_rules_go_by_service_and_time_of_day(
    db: Database, site: Policy, services: tuple[str, ...], hour: int, owner: str
) -> None:
    rules = (DutyRule.model_validate(NIGHT), *site.duty.rules)
    policy = site.model_copy(update={"duty": Duties(rules=rules)})
    about = About(identity=Identity(name="P", born=None, sex=None, number=None), services=services)
    at = NOW.replace(hour=hour)
    item = open_item(db, a_proposal(lab(), policy=policy), policy=policy, now=at, about=about)
    duty = standing(db, item, policy=policy).duty
    assert duty is not None
    assert duty.owner == owner


def test_hours_are_of_the_sites_own_time_zone() -> None:
    noon = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    assert str(Duties(timezone="Europe/Paris").time(noon)) == "00:30:00"
    for wrong in ({"timezone": "Nowhere/At-all"}, {"rules": [{**NIGHT, "hours": "late"}]}):
        with pytest.raises(ValidationError, match=r"write it as"):
            Duties.model_validate(wrong)
    for party in ({}, {"name": "A", "roles": ["attending"]}, {"name": " "}):
        with pytest.raises(ValidationError, match="one of the two"):
            Party.model_validate(party)


def test_the_last_encounter_says_the_service() -> None:
    def encounter(start: str, **more: Any) -> dict[str, Any]:
        return {"resourceType": "Encounter", "period": {"start": start}, **more}

    surgery = {"coding": [{"code": "394609007", "display": "General surgery"}], "text": "Surgery"}
    chart = [
        encounter("2021-01-02", **{"class": {"code": "AMB"}}),
        encounter("2021-07-30", serviceType=surgery, **{"class": {"code": "IMP"}}),
        encounter("gibberish"),
        {"resourceType": "Encounter", "period": "odd"},
        {"resourceType": "Patient"},
    ]
    assert services_of(chart) == ("IMP", "394609007", "General surgery", "Surgery")
    assert services_of(chart[2:]) == ()


def test_mine_and_what_i_cover_follow_the_duty_and_the_claim(db: Database, site: Policy) -> None:
    routine = open_item(db, a_proposal(lab(), policy=site), policy=site, now=NOW)
    risky = open_item(db, a_proposal(medication("Insulin"), policy=site, revision=2), policy=site, now=NOW)
    assert found(db, "mine", ADA) == [risky.item_id, routine.item_id]
    assert found(db, "cover", CYD) == [risky.item_id, routine.item_id]
    assert found(db, "mine", CYD) == [risky.item_id]
    claim(db, item_id=routine.item_id, person="Cyd Attending", policy=site, now=SOON)
    assert found(db, "mine", ADA) == [risky.item_id]
    assert routine.item_id in found(db, "mine", CYD)
    assert found(db, "cover", CYD) == [risky.item_id]
    assert found(db, "mine", None) == found(db, "asked", ADA) == []
    assert concerning(db, CYD) == {"mine": 2, "cover": 1, "asked": 0, "escalated": 0}


def test_an_item_that_nobody_decided_is_escalated_once_and_taken_up_by_one(db: Database, site: Policy) -> None:
    item = open_item(db, a_proposal(lab(), policy=site), policy=site, now=NOW)
    claim(db, item_id=item.item_id, person="Ada Prescriber", policy=site, now=SOON)
    late = NOW + timedelta(hours=25)
    assert len(expire(db, now=late)) == 1
    for again in (expire, expire):
        assert again(db, now=late) == ()
    with pytest.raises(ItemExpired):
        decide(db, item_id=item.item_id, person="Ada Prescriber", verb="approve", policy=site, now=late)
    told = [detail for act, detail in acts(db, item) if act == "item.escalated"]
    assert [(one["to"], one["claimed_by"]) for one in told] == [("an attending", "Ada Prescriber")]
    # Whose it was has not seen to it: it is nobody's until somebody takes it up.
    assert show(db, item.item_id).item.claimed_by is None
    assert found(db, "escalated", CYD, state="expired") == [item.item_id]
    assert found(db, "escalated", ADA, state="expired") == []
    claim(db, item_id=item.item_id, person="Cyd Attending", policy=site, now=late)
    assert found(db, "escalated", CYD, state="expired") == []
    with pytest.raises(NotAllowed, match="Cyd Attending's review"):
        claim(db, item_id=item.item_id, person="Ada Prescriber", policy=site, now=late)
    release(db, item_id=item.item_id, person="Cyd Attending", policy=site, now=late)
    assert found(db, "escalated", CYD, state="expired") == [item.item_id]


def test_the_decision_that_comes_too_late_escalates_too(db: Database, site: Policy) -> None:
    item = open_item(db, a_proposal(lab(), policy=site), policy=site, now=NOW)
    with pytest.raises(ItemExpired):
        decide(
            db,
            item_id=item.item_id,
            person="Ada Prescriber",
            verb="approve",
            policy=site,
            now=NOW + timedelta(hours=24),
        )
    assert [act for act, _ in acts(db, item)] == ["item.opened", "item.expired", "item.escalated"]


def test_what_was_decided_or_replaced_is_never_escalated(db: Database, site: Policy) -> None:
    item = open_item(db, a_proposal(summary(), policy=site), policy=site, now=NOW)
    decide(db, item_id=item.item_id, person="Dan Clinician", verb="reject", code="clutter", policy=site, now=SOON)
    assert expire(db, now=NOW + timedelta(days=30)) == ()
    assert "item.escalated" not in [act for act, _ in acts(db, item)]
    with pytest.raises(AlreadyDecided):
        claim(db, item_id=item.item_id, person="Dan Clinician", policy=site, now=SOON)


def test_an_item_of_an_earlier_release_gets_its_owner_from_the_sweep(db: Database, site: Policy) -> None:
    item = open_item(db, a_proposal(lab(), policy=site), policy=site, now=NOW)
    with db.write() as connection:
        connection.exec_driver_sql("DELETE FROM duties")
    assert standing(db, item, policy=site).duty is None
    assert expire(db, now=SOON, policy=site) == ()
    duty = standing(db, item, policy=site).duty
    assert duty is not None
    assert duty.owner == "a clinician or prescriber"
    assert [act for act, _ in acts(db, item)] == ["item.opened", "item.assigned"]
    assert expire(db, now=SOON, policy=site) == ()
    assert len(acts(db, item)) == 2


def test_a_duty_is_from_the_first_rule_that_matches() -> None:
    one = Duty.model_validate({k: v for k, v in NIGHT.items() if k not in ("services", "hours")})
    assert one.handover == timedelta(hours=2)
    assert one.owner.keys == ("person:flo prescriber",)
