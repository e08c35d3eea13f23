"""What is generated from the program is what the program says today."""

from __future__ import annotations

import re
from typing import get_args

from pydantic import BaseModel

from agents.models.registry import registry
from agents.models.source import GROUPS
from preround.cli import COMMANDS
from preround.reference.pages import pages
from preround.reference.schema_page import holds
from preround.reference.settings_page import variables
from preround.reference.writing import table
from preround.settings import Settings
from preround.shown.schemas import MODELS
from review.decision import Verb
from tests.unit.house.files import ROOT

DOCS = ROOT / "docs"


async def test_every_page_is_up_to_date_and_nothing_else_lies_there() -> None:
    found = await pages()
    stale = [name for name, text in found.items() if not (DOCS / name).exists() or _text(name) != text]
    assert stale == [], "run `make reference`, look at what changed and commit it"
    lying = {
        p.relative_to(DOCS).as_posix() for folder in ("reference", "model-cards") for p in (DOCS / folder).iterdir()
    }
    assert lying == set(found)


def test_every_command_has_its_help() -> None:
    titles = re.findall(r"^## preround ([a-z]+)$", _text("reference/cli.md"), re.MULTILINE)
    assert titles == list(COMMANDS)
    assert "/home/" not in _text("reference/cli.md")


def test_every_setting_is_explained() -> None:
    rows = re.findall(
        r"^\| `(PREROUND_\w+)` \| (.+?) \| (.+?) \| (.+) \|$", _text("reference/settings.md"), re.MULTILINE
    )
    assert [row[0] for row in rows] == [name for name, _ in variables()]
    tables = {n: f.annotation for n, f in Settings.model_fields.items() if isinstance(f.default, BaseModel)}
    assert {"imaging", "hooks"} <= set(tables)
    wanted = {f"PREROUND_{name.upper()}" for name in Settings.model_fields if name not in tables}
    for name, kind in tables.items():
        assert isinstance(kind, type)
        assert issubclass(kind, BaseModel)
        wanted |= {f"PREROUND_{name.upper()}__{part.upper()}" for part in kind.model_fields}
    assert wanted <= {row[0] for row in rows}
    assert [row for row in rows if len(row[3]) < 10 or "typing" in row[1] or "<class" in row[1]] == []


def test_every_schema_and_verb_is_there() -> None:
    text = _text("reference/schemas.md")
    assert set(re.findall(r"^## `([a-z-]+)`$", text, re.MULTILINE)) == set(MODELS) - {"settings"}
    linked = set(re.findall(r"\]\(#([a-z]+)\)", text))
    assert linked <= {title.lower() for title in re.findall(r"^### (\w+)$", text, re.MULTILINE)}
    assert all(f"`{verb}`" in _text("reference/http.md") for verb in get_args(Verb))


def test_every_model_has_a_card_with_every_attribute() -> None:
    titles = {title for group in registry().values() for _, rows in group.source.grouped() for title, _ in rows}
    assert sum(len(keys) for keys in GROUPS.values()) == 31 == len(titles)
    for name in registry():
        text = _text(f"model-cards/{name}.md")
        assert [title for title in titles if f"| {title} |" not in text] == []


def test_a_cell_cannot_break_its_table() -> None:
    assert table(("a", "b"), [("x | y", "one\ntwo")]).splitlines()[-1] == "| x \\| y | one two |"
    assert holds({"anyOf": [{"type": "null"}, {"type": "array", "items": {"$ref": "#/$defs/Fact"}}]}) == (
        "list of [Fact](#fact)"
    )


def _text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")
