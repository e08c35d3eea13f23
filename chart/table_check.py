"""Whether a site's rows look as they must, and name what there is: a typing error is an error, not a silent rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from chart.site_tables import Table, TableName, TableUnusable
from chart.table_shapes import CHANGE, KEYED, LISTED, SECTIONS, Shape


def check(tables: Mapping[TableName, Table], theirs: frozenset[TableName]) -> None:
    """Look at every table to which a site added, and at what rows of it name in the others.

    Raises:
        TableUnusable: the first row that cannot be used.
    """
    for name in theirs:
        file = f"{name}.toml"
        for place, row, shape in _rows(file, name, tables[name]):
            if wrong := _misshaped(row, shape) or _upside_down(row):
                raise TableUnusable(file, f"{place}: {wrong}")
    for name, place, wrong in (*_dangling(tables), *_twice(tables)):
        raise TableUnusable(f"{name}.toml", f"{place}: {wrong}")


def _rows(file: str, name: TableName, table: Table) -> Iterator[tuple[str, Any, Shape]]:
    sections = SECTIONS.get(name, {})
    for key, value in table.items():
        if key in sections and (wrong := _mistyped(sections[key], _without_source(value))):
            raise TableUnusable(file, f"[{key}]: {wrong}")
        if key == "source" or key in sections:
            continue
        if key in LISTED and isinstance(value, list):
            yield from ((f"{key}, row {n}", row, LISTED[key]) for n, row in enumerate(value, start=1))
        elif name in KEYED and isinstance(value, dict):
            yield f"[{key}]", value, KEYED[name]
        else:
            raise TableUnusable(file, f"it has nothing called `{key}`")


def _without_source(section: Any) -> Any:  # noqa: ANN401 - whatever a site wrote
    return {k: v for k, v in section.items() if k != "source"} if isinstance(section, dict) else section


def _misshaped(row: Table, shape: Shape) -> str:
    """What is wrong with the fields of a row; empty when nothing is."""
    fields = {**shape.may, **shape.needs}
    for key in shape.needs:
        if key not in row:
            return f"`{key}` is missing"
    if shape.one_of and not shape.one_of & set(row):
        return f"one of {', '.join(f'`{k}`' for k in sorted(shape.one_of))} is missing"
    for key, value in row.items():
        if key not in fields:
            return f"it has no field `{key}`; there are {', '.join(sorted(fields))}"
        if wrong := _mistyped(fields[key], value):
            return f"`{key}` is {value!r}: {wrong}"
    return _mischanged(row.get("change", {}))


def _mischanged(change: Table) -> str:
    """What is wrong with the fields of a rule of change."""
    for key, value in change.items():
        if key not in CHANGE:
            return f"`change` has no field `{key}`; there are {', '.join(sorted(CHANGE))}"
        if wrong := _mistyped(CHANGE[key], value):
            return f"`{key}` of `change` is {value!r}: {wrong}"
    return ""


def _mistyped(kind: Any, value: object) -> str:  # noqa: ANN401 - any type that pydantic can check
    try:
        _checker(kind)(value)
    except ValidationError as error:
        return error.errors()[0]["msg"].removeprefix("Value error, ")
    return ""


@lru_cache(maxsize=128)
def _made(kind: str, found: Any) -> TypeAdapter[Any]:  # noqa: ANN401
    return TypeAdapter(found)


def _checker(kind: Any) -> Callable[[object], object]:  # noqa: ANN401
    adapter = _made(repr(kind), kind)
    return lambda value: adapter.validate_python(value, strict=True)


def _upside_down(row: Table) -> str:
    """Two limits of which the lower is the higher, in any of a row's pairs."""
    pairs = [(row.get("low"), row.get("high")), (row.get("from"), row.get("to"))]
    pairs += [tuple(row[k]) for k in ("limits", "once", "day", "decimals") if k in row]
    wrong = next(((low, high) for low, high in pairs if low is not None and high is not None and low > high), None)
    return f"{wrong[0]} is more than {wrong[1]}" if wrong else ""


def _dangling(tables: Mapping[TableName, Table]) -> Iterator[tuple[TableName, str, str]]:
    """Rows that name a class, an ingredient, a measurement or a problem which no table has."""
    classes = tables["medications"]["classes"]
    known = {
        "class": frozenset(classes),
        "ingredient": frozenset(m for members in classes.values() for m in members),
        "measurement": frozenset(tables["measurements"]) - {"source"},
        "problem": frozenset(tables["problems"]) - {"source"},
    }
    for name in ("rules", "reference_ranges", "problems"):
        for key, value in tables[name].items():
            for number, row in enumerate(value if isinstance(value, list) else [value], start=1):
                place = f"{key}, row {number}" if isinstance(value, list) else f"[{key}]"
                for what, named in _naming(row if isinstance(row, dict) else {}):
                    if named not in known[what]:
                        yield name, place, f"no table has the {what} `{named}`"
    for ingredient in tables["child_doses"]:
        if ingredient != "source" and ingredient not in known["ingredient"]:
            yield "child_doses", f"[{ingredient}]", "the medication table does not have this ingredient"
    for high in tables["medications"]["high_risk"]["classes"]:
        if high not in classes:
            yield "medications", "[high_risk]", f"no table has the class `{high}`"


_NAMED = {
    "class": "class",
    "classes": "class",
    "one": "class",
    "other": "class",
    "ingredient": "ingredient",
    "one_ingredient": "ingredient",
    "other_ingredient": "ingredient",
    "measurement": "measurement",
    "needs": "measurement",
    "or": "measurement",
    "shows": "measurement",
    "problem": "problem",
    "superseded_by": "problem",
    "folded_by": "problem",
}


def _naming(row: Table) -> Iterator[tuple[str, str]]:
    for field, what in _NAMED.items():
        value = row.get(field)
        for named in value if isinstance(value, list) else [value] if isinstance(value, str) else []:
            yield what, str(named)


def _twice(tables: Mapping[TableName, Table]) -> Iterator[tuple[TableName, str, str]]:
    """A code under two measurements: which one is meant is for the site to say."""
    seen: dict[str, str] = {}
    for key, row in tables["measurements"].items():
        for code in row.get("loinc", ()) if key != "source" else ():
            if seen.setdefault(code, key) != key:
                yield "measurements", f"[{key}]", f"LOINC {code} stands under {seen[code]} already"
