"""The two lists of reasons."""

import pytest

from review.errors import UnknownReason
from review.reasons import reason, reasons


def test_both_lists_are_whole() -> None:
    by_system: dict[str, list[str]] = {}
    for found in reasons():
        by_system.setdefault(found.system, []).append(found.code)
    assert {system: len(codes) for system, codes in by_system.items()} == {
        "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes": 16,
        "urn:preround:reject-reason": 19,
    }
    assert len({found.code for found in reasons()}) == 35


def test_what_opens_an_incident_and_what_pauses() -> None:
    assert {found.code for found in reasons() if found.incident} == {
        "wrong-patient",
        "unsafe",
        "omission-critical",
        "sensitive-disclosure",
        "injection-suspected",
    }
    assert {found.code for found in reasons() if found.pauses} == {"unsafe"}
    assert {found.code for found in reasons() if found.words} == {"other"}


@pytest.mark.parametrize("code", ["nonsense", "", None, "Unsafe"])
def test_an_unknown_code_is_refused(code: str | None) -> None:
    with pytest.raises(UnknownReason, match="take one of those"):
        reason(code)
