"""A security check of the program, what it reads when that check is switched off, and the tests that must notice."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.unit.house.files import ROOT

FOLDER = Path(__file__).parent / "checks"
"""Where they lie: `[[check]]` in TOML, a file for each part of the program."""


class CheckUnusable(ValueError):
    """A check can't be switched off as its file says: correct it, or the file."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One check."""

    name: str
    """What holds while it is on."""
    threat: str
    """The row of docs/threat-model.md whose control it is, as `T2`."""
    where: str
    """The file that it stands in, from the project's root."""
    off: str
    """What is so without it."""
    old: str
    """The text that is the check; it stands there once."""
    new: str
    """What stands there instead."""
    tests: tuple[str, ...]
    """`file::test` under `tests/`; each of them fails without the check."""

    def switched_off(self) -> str:
        """The text of its file without it.

        Raises:
            CheckUnusable: what is to be replaced does not stand there, or not once.
        """
        text = (ROOT / self.where).read_text(encoding="utf-8")
        if text.count(self.old) != 1 or self.old == self.new:
            raise CheckUnusable(f"“{self.name}”: its text stands {text.count(self.old)} times in {self.where}")
        return text.replace(self.old, self.new)


@cache
def checks() -> tuple[Check, ...]:
    """All of them, by threat."""
    rows = [row for file in sorted(FOLDER.glob("*.toml")) for row in tomllib.loads(file.read_text())["check"]]
    found = [Check(**{**row, "tests": tuple(row["tests"])}) for row in rows]
    return tuple(sorted(found, key=lambda check: int(check.threat[1:])))
