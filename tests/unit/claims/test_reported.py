"""A finding beside the radiologist's report: sentences as radiologists write them, one by one and together."""

from __future__ import annotations

import pytest

from claims.reported import compared, mentions, only_reported
from claims.seen import Seen, Side, State, Verdict

SENTENCES = [
    ("Small left pleural effusion.", "pleural effusion", "present"),
    ("No pleural effusion or pneumothorax.", "pneumothorax", "absent"),
    (
        "No focal consolidation, pulmonary edema, large pleural effusion, or pneumothorax is identified.",
        "pneumothorax",
        "absent",
    ),
    ("No significant change in the left effusion.", "pleural effusion", "present"),
    ("There is no interval increase of the effusion.", "pleural effusion", "present"),
    ("Without change of the known nodule.", "nodule or mass", "present"),
    ("The pneumothorax has resolved.", "pneumothorax", "absent"),
    ("Previously seen effusion is no longer seen.", "pleural effusion", "absent"),
    ("Previously noted effusion is unchanged.", "pleural effusion", "present"),
    ("Pneumothorax is not seen.", "pneumothorax", "absent"),
    ("A small pneumothorax cannot be excluded.", "pneumothorax", "uncertain"),
    ("Bibasilar opacities, likely atelectasis.", "atelectasis", "uncertain"),
    ("Heart size is normal.", "enlarged heart", "absent"),
    ("Heart size normal.", "enlarged heart", "absent"),
    ("The heart size is within normal limits.", "enlarged heart", "absent"),
    ("Stable cardiomegaly.", "enlarged heart", "present"),
    ("The lungs are clear.", "opacity", "absent"),
    ("Costophrenic angles are sharp.", "pleural effusion", "absent"),
    ("No pneumothorax, a small left effusion is seen.", "pleural effusion", "present"),
    ("No pneumothorax, but a moderate right effusion.", "pleural effusion", "present"),
    ("Right PICC with its tip in the superior vena cava.", "line or tube", "present"),
    ("Interval removal of the chest tube.", "line or tube", "absent"),
    ("Small pericardial effusion.", "pleural effusion", None),
    ("No new effusion.", "pleural effusion", None),
    ("INDICATION: rule out pneumothorax", "pneumothorax", None),
    ("COMPARISON: film with effusion.", "pleural effusion", None),
    ("History: pneumonia. FINDINGS: No infiltrate.", "opacity", "absent"),
]


@pytest.mark.parametrize(("text", "finding", "state"), SENTENCES)
def test_a_sentence_says(text: str, finding: str, state: str | None) -> None:
    found = [one.state for one in mentions(text) if one.finding == finding]
    assert found == ([state] if state else [])


def seen(finding: str, state: State = "present", side: Side = "none") -> Seen:
    return Seen(finding=finding, state=state, side=side, words="", picture=1)


@pytest.mark.parametrize(
    ("report", "given", "verdict"),
    [
        ("Small left pleural effusion.", seen("pleural effusion", side="left"), "agrees"),
        ("Small left pleural effusion.", seen("pleural effusion", side="right"), "contradicts"),
        ("Small left pleural effusion.", seen("pleural effusion", "absent", "right"), "not mentioned"),
        ("Small left effusion. No right effusion.", seen("pleural effusion", side="right"), "contradicts"),
        ("Small left effusion. No right effusion.", seen("pleural effusion", "absent", "right"), "agrees"),
        ("Bilateral effusions.", seen("pleural effusion", side="right"), "agrees"),
        ("No effusion.", seen("pleural effusion", side="left"), "contradicts"),
        ("No effusion.", seen("pleural effusion", "uncertain"), "partly"),
        ("Possible consolidation at the left base.", seen("consolidation", side="left"), "partly"),
        ("Consolidation of the left lower lobe.", seen("opacity", side="left"), "agrees"),
        ("No consolidation.", seen("opacity"), "not mentioned"),
        ("No infiltrate.", seen("consolidation"), "contradicts"),
        ("The heart is enlarged.", seen("fracture"), "not mentioned"),
        ("A 9 mm renal calculus on the left.", seen("renal calculus", side="left"), "agrees"),
        ("No renal calculus.", seen("renal calculus", side="left"), "contradicts"),
    ],
)
def test_a_finding_stands_to_the_report(report: str, given: Seen, verdict: Verdict) -> None:
    assert compared(given, mentions(report, [given.finding])).verdict == verdict


def test_a_contradiction_names_its_sentence_and_the_side() -> None:
    found = compared(seen("pleural effusion", side="right"), mentions("Lungs clear. Small left pleural effusion."))
    assert (found.sentence, found.why) == ("Small left pleural effusion.", "the report has it on the left")


def test_what_only_the_report_says_is_listed_once() -> None:
    said = mentions("Small left effusion. Fracture of the seventh rib. No pneumothorax. Possible nodule.")
    assert only_reported([seen("pleural effusion", side="left")], said) == ("Fracture of the seventh rib.",)
    absent = only_reported([seen("pleural effusion", "absent", "left"), seen("fracture")], said)
    assert absent == ("Small left effusion.",)
