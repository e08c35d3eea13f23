"""docs/security-checks.md: what was switched off, who noticed, and on which day that was last tried."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from filelock import FileLock

from tests.security.check import Check, checks
from tests.unit.house.files import ROOT

DOCUMENT = ROOT / "docs" / "security-checks.md"
_HEAD = """# Each security check, switched off

Tests that pass say little about a check until it is gone. `python -m tests.security` copies the project, takes one
check out of its source, runs the tests that are named for it, and does so for each check below in turn: with the check
every one of these tests passes, without it every one fails. A failure because the program no longer runs does not
count. `make deep` tries a few of them, others as the code changes.

A row is written when its check was tried, with the day. Threats are those of the [threat model](threat-model.md); paths
of tests are under `tests/`. Where two checks stand behind each other, as compare-and-swap behind the lock of
a transaction, taking one out lets nothing through: the test named is of that one alone. T27 has no row, since each
line of `requirements/*.txt` is its control.

| threat | check | in | without it | noticed by | tried |
|---|---|---|---|---|---|
"""
_ROW = re.compile(r"^\| T\d+ \| (.+?) \| .* \| (\d{4}-\d\d-\d\d) \|$", re.MULTILINE)


def note(check: Check, *, day: date) -> None:
    """Write down that every test of a check noticed."""
    with FileLock(Path(tempfile.gettempdir()) / "preround-security-checks.lock"):
        days = {**days_noted(), check.name: day.isoformat()}
        DOCUMENT.write_text(document(days), encoding="utf-8")


def document(days: Mapping[str, str]) -> str:
    """The whole page.

    Args:
        days: when each check was tried, by its name; one that was not has no row.
    """
    return _HEAD + "".join(f"{row(check)} {days[check.name]} |\n" for check in checks() if check.name in days)


def days_noted() -> Mapping[str, str]:
    """When each check was tried, as the page says."""
    text = DOCUMENT.read_text(encoding="utf-8") if DOCUMENT.exists() else ""
    return dict(_ROW.findall(text))


def row(check: Check) -> str:
    """One check as a line of the table, without its day."""
    noticed = ", ".join(f"`{test}`" for test in check.tests)
    return f"| {check.threat} | {check.name} | `{check.where}` | {check.off} | {noticed} |"
