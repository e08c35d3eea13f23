"""The tables as files: the package's own, and a site's laid over them row by row."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal, get_args

Table = dict[str, Any]
TableName = Literal["measurements", "reference_ranges", "medications", "problems", "rules", "child_doses", "sensitive"]
TABLES: tuple[TableName, ...] = get_args(TableName)
"""The files, each ``NAME.toml``."""
_SELECTS: Mapping[str, tuple[str, ...]] = {
    "range": ("measurement", "sex", "from", "to", "trimester"),
    "critical": ("measurement",),
    "monitoring": ("class", "ingredient"),
    "after": ("problem", "name"),
    "contradicts": ("class", "ingredient", "measurement", "problem"),
    "avoid": ("class", "ingredient", "problem", "pregnant", "from"),
    "pair": ("one", "other", "one_ingredient", "other_ingredient"),
    "renal": ("class", "ingredient"),
    "repeat": ("measurement", "problem"),
    "rescue": ("ingredient",),
    "regular": ("class", "problem"),
    "reason": ("class",),
    "expected": ("problem", "name", "sex"),
}
"""By list of rows what a row is about: a site's row about the same takes the place of ours."""
_JOINED = frozenset({"loinc", "snomed", "icd10", "words", "labels"})
"""Lists to which a site's row adds; what it says of anything else takes the place of what we say."""
_LISTS = frozenset({"classes", "salts", "high_risk", "quiet", "same", "said"})
"""Sections that are no rows: a site adds to their lists, and changes their words, key by key."""


class TableUnusable(ValueError):
    """A site's table cannot be used; correct the row that is named, or take its file out of the folder."""

    def __init__(self, file: str, wrong: str) -> None:
        super().__init__(f"The table {file} of this site cannot be used: {wrong}; correct it or take it out.")


@dataclass(frozen=True, kw_only=True, slots=True)
class SiteRow:
    """One row of a site's own."""

    file: str
    """Its file."""
    place: str
    """Where in it, such as ``critical, row 2``."""
    does: Literal["adds", "changes", "turns off"]
    """What becomes of ours."""
    source: str
    """Who says so."""


@dataclass(frozen=True, kw_only=True)
class Tables:
    """All tables as they are in force."""

    by_name: Mapping[TableName, Table]
    """Each table with the site's rows laid over it."""
    site_rows: tuple[SiteRow, ...] = ()
    """What the site says of its own."""


def read_table(name: TableName, site: Path | None = None) -> Table:
    """A table as it is in force.

    Raises:
        TableUnusable: a file of the site's folder is no table, or a row in it cannot be used.
    """
    return tables(site).by_name[name]


@lru_cache(maxsize=4)
def tables(site: Path | None = None) -> Tables:
    """All tables; a site's are checked before any is used.

    Args:
        site: a folder with files of the same names; ``None`` for the package's tables alone.

    Raises:
        TableUnusable: a file of the site's folder is no table, or a row in it cannot be used.
    """
    ours = {name: _package(name) for name in TABLES}
    if site is None:
        return Tables(by_name=ours)
    from chart.table_check import check  # only a site's rows need checking while the program runs

    theirs = _folder(site)
    rows: list[SiteRow] = []
    for name, given in theirs.items():
        ours[name] = _laid_over(f"{name}.toml", ours[name], given, rows)
    check(ours, frozenset(theirs))
    return Tables(by_name=ours, site_rows=tuple(rows))


def rows_in(table: Table) -> int:
    """How many rows a table has: its lists' rows, its named rows, the members of its sections."""
    counted = 0
    for key, value in table.items():
        if key == "source":
            continue
        if isinstance(value, list):
            counted += len(value)
        elif key in _LISTS:
            counted += sum(len(v) if isinstance(v, list) else 1 for k, v in value.items() if k != "source")
        else:
            counted += 1
    return counted


def _package(name: str) -> Table:
    return tomllib.loads(resources.files("chart.tables").joinpath(f"{name}.toml").read_text(encoding="utf-8"))


def _folder(site: Path) -> dict[TableName, Table]:
    if not site.is_dir():
        raise TableUnusable(str(site), "there is no such folder")
    found: dict[TableName, Table] = {}
    for path in sorted(site.glob("*.toml")):
        name = next((n for n in TABLES if n == path.stem), None)
        if name is None:
            raise TableUnusable(path.name, f"there is no table of that name, only {', '.join(TABLES)}")
        try:
            found[name] = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            raise TableUnusable(path.name, f"it cannot be read as TOML ({error})") from error
    return found


def _laid_over(file: str, ours: Table, theirs: Table, rows: list[SiteRow]) -> Table:
    """A site's table over ours, with what each of its rows does noted in ``rows``."""
    own = theirs.get("source", {})
    source = str(own.get("name", "this site")) if isinstance(own, dict) else "this site"
    merged = dict(ours)
    for key, value in theirs.items():
        if key == "source":
            continue
        if isinstance(value, list) and key in ours:
            merged[key] = _listed(file, key, ours.get(key, []), value, source, rows)
        elif isinstance(value, dict):
            merged[key] = _keyed(file, key, ours.get(key), value, source, rows)
            if merged[key] is None:
                del merged[key]
        else:
            wrong = f"`{key}` is no list of rows" if key in ours else f"it has nothing called `{key}`"
            raise TableUnusable(file, wrong)
    return merged


def _listed(file: str, key: str, ours: list[Table], theirs: list[Any], source: str, rows: list[SiteRow]) -> list[Table]:
    """The site's rows first, then ours that it says nothing about."""
    kept = list(ours)
    own = []
    for number, row in enumerate(theirs, start=1):
        place = f"{key}, row {number}"
        if not isinstance(row, dict):
            raise TableUnusable(file, f"{place} is no row; write it as [[{key}]]")
        same = [one for one in kept if _about(key, one) == _about(key, row)]
        kept = [one for one in kept if one not in same]
        if row.get("off"):
            if not same:
                raise TableUnusable(file, f"{place} turns off a row that there is not; name all that the row is about")
            rows.append(SiteRow(file=file, place=place, does="turns off", source=source))
            continue
        own.append({"source": source, **{k: v for k, v in row.items() if k != "off"}})
        rows.append(SiteRow(file=file, place=place, does="changes" if same else "adds", source=own[-1]["source"]))
    return [*own, *kept]


def _about(key: str, row: Table) -> tuple[object, ...]:
    values = (row.get(k) for k in _SELECTS[key])
    return tuple(frozenset(map(str, v)) if isinstance(v, list) else v for v in values)


def _keyed(file: str, key: str, ours: Table | None, theirs: Table, source: str, rows: list[SiteRow]) -> Table | None:
    """The site's row of a name over ours; ``None`` when it turns ours off."""
    if theirs.get("off"):
        if ours is None:
            raise TableUnusable(file, f"[{key}] turns off a row that there is not")
        rows.append(SiteRow(file=file, place=key, does="turns off", source=source))
        return None
    merged = {} if ours is None else dict(ours)
    if key in _LISTS:
        for name, value in theirs.items():
            listed = isinstance(value, list) and isinstance(merged.get(name), list)
            merged[name] = [*merged[name], *value] if listed else value
    else:
        given = {"source": source, **{k: v for k, v in theirs.items() if k != "off"}}
        joined = {k: [*merged.get(k, []), *v] for k, v in given.items() if k in _JOINED and isinstance(v, list)}
        merged |= given | joined
    rows.append(SiteRow(file=file, place=key, does="adds" if ours is None else "changes", source=source))
    return merged
