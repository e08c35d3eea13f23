"""A check that is switched off is noticed: `TEST_SWITCHED_OFF=N` tries more, `python -m tests.security` all of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.depth import depth
from tests.security.check import Check, checks
from tests.security.table import DOCUMENT, days_noted, document
from tests.security.trial import Copy, copied
from tests.unit.house.files import ROOT
from tests.unit.house.test_traced import names_in, rows

TRIED = depth("SWITCHED_OFF", 2, ci=4)
UNTRIED = {"T27": "each line of requirements/*.txt is the control, and a line is not a check of the program"}
"""Threats that nothing is switched off for."""
ENDPOINT = "unit/models/test_endpoint.py::test_refused"


@pytest.fixture(scope="module")
def copy() -> Iterator[Copy]:
    with copied() as made:
        yield made


def the_next(number: int) -> tuple[Check, ...]:
    """Some checks; which of them changes with the text that holds them."""

    def place(check: Check) -> str:
        return hashlib.sha256(f"{check.name}{check.switched_off()}".encode()).hexdigest()

    return tuple(sorted(checks(), key=place)[:number])


def test_each_check_stands_in_the_program_and_can_be_switched_off() -> None:
    assert len({check.name for check in checks()}) == len(checks())
    for check in checks():
        without = check.switched_off()
        if check.where.endswith(".py"):
            compile(without, check.where, "exec")


def test_each_check_names_tests_that_exist() -> None:
    named = {test.partition("::")[::2] for check in checks() for test in check.tests}
    assert [f"{path}::{name}" for path, name in sorted(named) if name not in names_in(path)] == []
    assert all(check.tests for check in checks())


def test_each_threat_has_a_check_that_was_switched_off() -> None:
    known = {row[0].strip("| ").strip() for row in rows("threat-model.md")}
    assert {check.threat for check in checks()} | UNTRIED.keys() == known


def test_the_document_tells_of_each_check_as_it_is() -> None:
    days = days_noted()
    assert [check.name for check in checks() if check.name not in days] == [], "run `python -m tests.security`"
    assert DOCUMENT.read_text(encoding="utf-8") == document(days)


def test_without_a_check_its_tests_fail_and_with_it_they_pass(copy: Copy) -> None:
    chosen = the_next(TRIED)
    tests = [test for check in chosen for test in check.tests]
    before = copy.run(tests)
    assert before.all_passed(tests), (before.failed, before.odd)
    for check in chosen:
        with copy.without(check):
            found = copy.run(check.tests)
        assert found.unnoticed(check.tests) == (), (check.name, found.odd)
        assert (copy.folder / check.where).read_text(encoding="utf-8") == (ROOT / check.where).read_text(
            encoding="utf-8"
        )


@pytest.mark.parametrize(
    ("new", "odd"), [("host = parts.hostname or None", False), ("host = a_name_that_is_nowhere", True)]
)
def test_what_harms_nothing_or_no_longer_runs_is_not_taken_for_noticed(copy: Copy, new: str, odd: bool) -> None:
    check = next(check for check in checks() if ENDPOINT in check.tests)
    with copy.without(replace(check, old="host = parts.hostname\n", new=f"{new}\n")):
        found = copy.run((ENDPOINT,))
    assert found.unnoticed((ENDPOINT,)) == (ENDPOINT,)
    assert bool(found.odd) is odd
