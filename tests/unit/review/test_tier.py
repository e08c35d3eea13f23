"""The tier table, case by case, and the policy that holds it."""

from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml

from review.errors import PolicyUnusable
from review.policy import Policy, has_words, load_policy, person_key
from review.tier import tier_of

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("tiers.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"].replace(" ", "-"))
def test_the_tier_of(case: dict[str, Any], policy: Policy) -> None:
    tiering = tier_of(
        case["resource"],
        labels=frozenset(case.get("labels", ())),
        medication_class=case.get("class"),
        policy=policy,
    )
    assert (tiering.tier or "never") == case["tier"], tiering.reasons
    assert tiering.reasons
    assert all(tiering.reasons)


def test_labels_never_lower_a_tier(policy: Policy) -> None:
    for case in CASES:
        known = frozenset(case.get("labels", ()))
        plain = tier_of(case["resource"], labels=known, medication_class=case.get("class"), policy=policy)
        more = tier_of(
            case["resource"],
            labels=known | {"tainted", "incomplete-checks", "sensitive"},
            medication_class=case.get("class"),
            policy=policy,
        )
        assert (plain.tier is None) == (more.tier is None), case["case"]
        assert more.tier is None or plain.tier is None or more.tier >= plain.tier, case["case"]


def test_lifetimes_are_those_of_the_table(policy: Policy) -> None:
    assert [policy.lifetime(tier) for tier in (1, 2, 3, 4)] == [timedelta(hours=hours) for hours in (72, 24, 8, 4)]


@pytest.mark.parametrize(
    ("tier", "signers", "missing"),
    [
        (1, [["clinician"]], 0),
        (1, [["pharmacist"]], 1),
        (2, [["clinician"]], 1),
        (2, [["prescriber"]], 0),
        (4, [["prescriber"]], 1),
        (4, [["pharmacist"]], 1),
        (4, [["prescriber"], ["prescriber"]], 1),
        (4, [["pharmacist"], ["pharmacist"]], 1),
        (4, [["prescriber"], ["pharmacist"]], 0),
        (4, [["pharmacist"], ["prescriber"]], 0),
        (4, [["attending"], ["prescriber"]], 0),
        (4, [["prescriber"], ["attending"]], 0),
        (4, [["prescriber", "attending"], ["prescriber"]], 0),
        (4, [["clinician"], ["pharmacist"]], 1),
    ],
)
def test_signatures_fill_slots_each_person_one(
    tier: Any, signers: list[list[str]], missing: int, policy: Policy
) -> None:
    found = policy.assign(tier, [(f"person {n}", roles) for n, roles in enumerate(signers)])
    assert len(found.missing) == missing
    assert len(found.roles) == len(policy.tier(tier).signatures) - missing


def test_anybody_with_a_name_may_sign_here_and_nobody_without(policy: Policy) -> None:
    assert set(policy.grant("Anybody").roles) >= {"prescriber", "attending"}
    assert policy.grant("  ").roles == ()
    assert not policy.may_review("")


def test_a_site_knows_its_people_and_no_others(site: Policy) -> None:
    assert site.grant(" ada  PRESCRIBER ").roles == ("clinician", "prescriber")
    assert site.grant("Anybody").roles == ()
    assert not site.may_review("Anybody")
    assert site.lacking(3, site.grant("Flo Prescriber"), frozenset()) == ("evidence_opened", "signed_in_again")
    assert site.lacking(3, site.grant("Flo Prescriber"), frozenset({"evidence_opened", "signed_in_again"})) == ()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace("tier = 4\nexpires_hours", "tier = 3\nexpires_hours"),
        lambda text: text.replace("expires_hours = 72", "expires_hours = 0"),
        lambda text: text.replace('roles = ["prescriber", "attending"]', 'roles = ["wizard"]', 1),
        lambda text: text.replace('labels = ["undo"]', 'label = ["undo"]', 1),
        lambda text: "name = ",
        lambda text: "",
    ],
    ids=["a tier twice", "no time", "unknown role", "misspelt condition", "not TOML", "empty"],
)
def test_a_policy_that_does_not_fit_is_refused(spoil: Any, tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(
        spoil(resources.files("review").joinpath("policy.toml").read_text(encoding="utf-8")), encoding="utf-8"
    )
    with pytest.raises(PolicyUnusable, match="Correct the policy file"):
        load_policy(path)


def test_a_missing_policy_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyUnusable):
        load_policy(tmp_path / "none.toml")


def test_a_policy_is_known_by_its_bytes(site: Policy, policy: Policy) -> None:
    assert len(policy.sha256) == 64
    assert load_policy().sha256 == policy.sha256 != site.sha256


def test_names_are_one_person_whatever_their_case_and_spacing() -> None:
    assert person_key(" Ada  Nowak") == person_key("ADA NOWAK\n") == person_key("\uff21da Nowak")
    assert person_key("Ada Nowak") != person_key("Ada Novak")


@pytest.mark.parametrize(
    ("text", "word", "there"),
    [
        ("Insulin glargine", "insulin", True),
        ("insulinoma", "insulin", False),
        ("Enoxaparin sodium", "*parin", True),
        ("vincristine 1 mg", "vin*stine", True),
        ("c++ (x)", "(x)", False),
        ("a.b", "a.b", True),
        ("axb", "a.b", False),
    ],
)
def test_words_are_whole_words(text: str, word: str, there: bool) -> None:
    assert has_words(text, [word]) is there
