"""What a site wants of the recommendations: off, silent, shown although experimental, or snoozed."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

from tools.guidelines.unusable import GuidelineUnusable

FILE = "site.toml"
"""The file of a guideline folder that holds them."""

Mode = Literal["on", "silent", "off"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """A site's own wishes, by the id of a recommendation or the name of a measure."""

    off: frozenset[str] = frozenset()
    """Not evaluated at all."""
    silent: frozenset[str] = frozenset()
    """Computed and counted, not shown."""
    shown: frozenset[str] = frozenset()
    """Shown although the encoding is experimental."""
    snoozed: Mapping[str, date] = field(default_factory=dict)
    """Not shown before that day."""

    def mode(self, name: str, *, experimental: bool) -> Mode:
        """How a recommendation is treated; an experimental one is silent unless the site shows it."""
        if name in self.off:
            return "off"
        return "silent" if name in self.silent or (experimental and name not in self.shown) else "on"

    def asleep(self, name: str, day: date) -> date | None:
        """The day on which a snoozed recommendation wakes; none where it is awake."""
        until = self.snoozed.get(name)
        return until if until and day < until else None


def read_rules(folders: Iterable[Path]) -> Rules:
    """The wishes in the `site.toml` files of some folders, a later one added to the earlier.

    Raises:
        GuidelineUnusable: a file is not TOML, or a value is not of its kind.
    """
    rules = Rules()
    for path in (folder / FILE for folder in folders):
        if path.exists():
            rules = _added(rules, path)
    return rules


def _added(rules: Rules, path: Path) -> Rules:
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise GuidelineUnusable(f"correct {path.name} of {path.parent.name}: it is not TOML") from problem
    unknown = sorted(set(read) - {"off", "silent", "shown", "snooze"})
    if unknown:
        raise GuidelineUnusable(f"take {', '.join(unknown)} out of {path.name}: it knows off, silent, shown and snooze")
    snoozed = read.get("snooze", {})
    if not isinstance(snoozed, dict) or not all(isinstance(day, date) for day in snoozed.values()):
        raise GuidelineUnusable(f"write the days under [snooze] of {path.name} as dates, e.g. 2030-01-31")
    return Rules(
        off=rules.off | _names(read, "off", path),
        silent=rules.silent | _names(read, "silent", path),
        shown=rules.shown | _names(read, "shown", path),
        snoozed={**rules.snoozed, **snoozed},
    )


def _names(read: Mapping[str, object], key: str, path: Path) -> frozenset[str]:
    names = read.get(key, [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise GuidelineUnusable(f"write {key} of {path.name} as a list of ids in quotes")
    return frozenset(names)
