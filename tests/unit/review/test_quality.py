"""What became of drafts: by entry, by what they have in common, and never of single patients."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chart.identity import Identity
from review.asking import Wish, party_of
from review.card import About
from review.gate import decide
from review.opening import known_item, load_proposal, open_item
from review.outcomes import Outcome, age_group, outcomes
from review.policy import Policy
from review.quality import FEW, quick, share, shares
from review.quality_csv import COLUMNS, rows, table
from review.queue import claim
from review.reading import readable, seconds_to_read
from store import runs
from store.database import Database
from tests.unit.review.conftest import NOW, SOON, a_proposal, a_run, lab, summary

WHO = Identity(name="INVENTED, Iris", born="1950-04-02", sex="female", number="42", language="es")
LONG = {"text": {"status": "generated", "div": f"<div>{'word ' * 4000}</div>"}}
CANONICAL = "https://example.org/PlanDefinition/screening|2.1"


def opened(db: Database, policy: Policy, run_id: str, *, long: bool = False) -> tuple[str, str]:
    with db.write() as connection:
        runs.create_if_absent(
            connection, replace(a_run(run_id), model_name="medgemma", model_revision="0123456789abcdef")
        )
    first, second = summary(), lab()
    second = replace(second, resource={**second.resource, "instantiatesCanonical": [CANONICAL]})
    if long:
        first = replace(first, resource={**first.resource, **LONG})
    proposal = a_proposal(first, second, policy=policy, run_id=run_id)
    item = open_item(db, proposal, policy=policy, now=NOW, about=About(identity=WHO))
    return item.item_id, proposal.proposal_sha256


def one(verdict: str = "signed", **changes: object) -> Outcome:
    found = Outcome(
        item_id="i",
        entry=1,
        task="summary",
        kind="Composition",
        tier=1,
        author="offline",
        guidelines=(),
        verdict=verdict,  # type: ignore[arg-type]
        code=None,
        at=NOW,
        seconds=40.0,
        hurried=False,
        changed=0.0,
        age="40 to 64",
        sex="female",
        language="en",
    )
    return replace(found, **changes)  # type: ignore[arg-type]


def test_an_approval_of_some_entries_signs_these_and_leaves_the_others_out(db: Database, policy: Policy) -> None:
    item, sha256 = opened(db, policy, "run-some")
    decide(db, item_id=item, person="Ada", verb="approve", only=(2,), proposal_sha256=sha256, policy=policy, now=SOON)
    first, second = outcomes(db)
    assert (first.verdict, second.verdict) == ("left out", "signed")
    assert (first.task, second.task) == ("summary", "suggestions")
    assert second.guidelines == ("https://example.org/PlanDefinition/screening",)
    assert second.author == "offline: medgemma at 0123456789ab"
    assert (second.age, second.sex, second.language) == ("65 to 79", "female", "es")
    assert second.seconds == 300


def test_a_rejection_and_a_sending_back_are_counted_with_their_reason(db: Database, policy: Policy) -> None:
    no, sha256 = opened(db, policy, "run-no")
    decide(db, item_id=no, person="Ada", verb="reject", code="clutter", proposal_sha256=sha256, policy=policy, now=SOON)
    back, sha256 = opened(db, policy, "run-back")
    decide(
        db, item_id=back, person="Ada", verb="revise", words="Say why.", proposal_sha256=sha256, policy=policy, now=SOON
    )
    found = outcomes(db)
    assert [o.verdict for o in found].count("rejected") == 2
    assert [o.verdict for o in found].count("sent back") == 2
    (reason,) = shares(found, "reason")
    assert (reason.key, reason.decided, reason.accepted) == ("clutter", 2, 0.0)


def test_an_edit_counts_what_it_replaced_and_not_what_it_carried_along(db: Database, policy: Policy) -> None:
    item, sha256 = opened(db, policy, "run-edit")
    with db.read() as connection:
        first = load_proposal(connection, known_item(connection, item)).entries[0]
    resource = {**first.resource, "title": "Summary, shorter"}
    edited = decide(
        db,
        item_id=item,
        person="Ada",
        verb="edit",
        edited={1: resource},
        proposal_sha256=sha256,
        policy=policy,
        now=SOON,
    )
    (only,) = outcomes(db)
    assert (only.entry, only.verdict) == (1, "edited")
    assert 0.3 < only.changed < 0.6, "a word was added to one"
    assert edited.next_item is not None


def test_what_is_signed_before_it_can_be_read_is_told(db: Database, policy: Policy) -> None:
    for run_id, seconds in (("run-fast", 30), ("run-slow", 900)):
        item, sha256 = opened(db, policy, run_id, long=True)
        late = NOW + timedelta(hours=1)
        claim(db, item_id=item, person="Ada", policy=policy, now=late)
        now = late + timedelta(seconds=seconds)
        decide(db, item_id=item, person="Ada", verb="approve", proposal_sha256=sha256, policy=policy, now=now)
    found = outcomes(db)
    assert {(o.seconds, o.hurried) for o in found} == {(30.0, True), (900.0, False)}
    (fast,) = quick(found)
    assert (fast.person, fast.seconds, fast.words) == ("Ada", 30.0, 4000 + 1 + 3)
    assert fast.least == 60 * fast.words / 400
    assert {(o.seconds, o.hurried) for o in outcomes(db, words_a_minute=100)} == {(30.0, True), (900.0, True)}
    assert quick(outcomes(db, words_a_minute=10_000)) == ()


def test_of_two_signatures_each_has_its_own_pace(db: Database, policy: Policy) -> None:
    item, sha256 = opened(db, policy, "run-two", long=True)
    call: dict[str, Any] = {"item_id": item, "verb": "approve", "proposal_sha256": sha256, "policy": policy}
    wish = Wish(party=party_of("Ben"), words="Look too.")
    decide(db, person="Ada", now=NOW + timedelta(seconds=20), wish=wish, **call)
    decide(db, person="Ben", now=NOW + timedelta(hours=1), **call)
    found = outcomes(db)
    assert [(pace.person, pace.hurried) for pace in found[0].paces] == [("Ada", True), ("Ben", False)]
    assert all(one.hurried for one in found)
    assert [pace.person for pace in quick(found)] == ["Ada"], "once, however many entries it signed"
    assert {row[COLUMNS.index("seconds_to_read")] for row in rows(found)} == {round(found[0].least)}


def test_what_was_decided_before_a_moment_is_left_out(db: Database, policy: Policy) -> None:
    item, sha256 = opened(db, policy, "run-old")
    decide(db, item_id=item, person="Ada", verb="approve", proposal_sha256=sha256, policy=policy, now=SOON)
    assert len(outcomes(db, since=SOON)) == 2
    assert outcomes(db, since=SOON + timedelta(seconds=1)) == ()


def test_small_groups_of_patients_are_told_together_and_tasks_are_not() -> None:
    found = [one() for _ in range(6)] + [one(language="so"), one("rejected", language="fa", task="comparison")]
    found += [one(language="es") for _ in range(7)]
    # Two alone could be had by subtracting the others from the whole, so the next larger group goes with them.
    assert [(s.key, s.decided) for s in shares(found, "language")] == [("es", 7), (FEW, 8)]
    assert [(s.key, s.decided) for s in shares(found, "task")] == [("summary", 14), ("comparison", 1)]


def test_many_entries_of_few_patients_are_a_small_group() -> None:
    few = [one(language="so", patient=f"Patient/{n % 4}") for n in range(40)]
    many = [one(language="en", patient=f"Patient/en{n}") for n in range(9)]
    assert [(s.key, s.decided) for s in shares(few + many, "language")] == [(FEW, 49)]
    assert [s.key for s in shares([*few, one(language="so", patient="Patient/5"), *many], "language")] == ["so", "en"]


def test_figures_of_some_entries() -> None:
    whole = share(
        "all", [one(), one("edited", changed=0.25, seconds=90), one("rejected", seconds=100), one("left out")]
    )
    assert (whole.decided, whole.accepted, whole.changed, whole.seconds) == (4, 0.5, 0.25, 65.0)
    assert {**whole.verdicts} == {"signed": 1, "left out": 1, "edited": 1, "sent back": 0, "rejected": 1}


@pytest.mark.parametrize(
    ("born", "group"),
    [
        ("2003-08-01", "18 to 39"),
        ("2003-08-02", "under 18"),
        ("1941-08", "80 and over"),
        ("1956", "65 to 79"),
        (None, "not recorded"),
        ("unknown", "not recorded"),
        ("2030-01-01", "not recorded"),
    ],
)
def test_age_groups_by_completed_years(born: str | None, group: str) -> None:
    assert age_group(born, datetime(2021, 8, 1, tzinfo=UTC).date()) == group


def test_the_table_says_nothing_of_a_patient() -> None:
    header, line = csv.reader(io.StringIO(table([one(code="clutter")])))
    assert tuple(header) == COLUMNS
    assert not {"age", "sex", "language", "patient"} & {*header}
    assert "female" not in line
    assert line[:4] == ["i", "1", "summary", "Composition"]


def test_what_there_is_to_read_is_text_without_markup() -> None:
    resource = {
        "resourceType": "Composition",
        "title": "Summary",
        "section": [{"title": "Changed", "text": {"div": "<div><b>Sodium</b> 131</div>"}}],
        "note": [{"text": "Ask."}],
    }
    assert readable(resource).split() == ["Summary", "Changed", "Sodium", "131", "Ask."]
    assert seconds_to_read(400) == 60
