"""The patient: sex, birth, death."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chart.extract.statement import statement, when_of
from chart.fact import Cell, Fact
from chart.node import Node


def facts(resource: Mapping[str, Any]) -> list[Fact]:
    """One fact: born ``when``, died ``ended``; name parts, sex and death are cells."""
    root = Node.root(resource)
    names = root.items("name")
    official = next((n for n in names if n.get("use").text == "official"), names[0] if names else Node(None, ""))
    sex = root.get("gender")
    death = when_of(root, "deceased")
    family, given = official.get("family").cell, official.items("given")
    cells: dict[str, Cell | None] = {
        "family": family,
        "given": given[0].cell if given else None,
        "full_name": official.get("text").cell,
        "sex": sex.cell,
        "birth": root.get("birthDate").cell,
        "deceased": death.start_cell or root.get("deceasedBoolean").cell,
    }
    fact = statement(
        resource,
        kind="patient",
        name=official.get("text").cell or family or Cell(path="Patient", text="Patient"),
        codes=(),
        when=replace(when_of(root, "birthDate"), end=death.start, end_cell=death.start_cell),
        status="deceased" if death.start or root.get("deceasedBoolean").value is True else "alive",
        status_cell=death.start_cell,
        cells=cells,
    )
    return [fact] if fact else []
