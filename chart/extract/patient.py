"""The patient: sex, birth, death."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chart.extract.statement import Origin, said, told
from chart.extract.when import when_of
from chart.fact import Cell, Fact
from chart.node import Node


def facts(resource: Mapping[str, Any], origin: Origin) -> list[Fact]:
    """One fact: born ``when``, died ``ended``; name parts, sex and death are cells."""
    root = Node.root(resource)
    names = root.items("name")
    official = next((n for n in names if n.text_of("use") == "official"), names[0] if names else Node(None, ""))
    death = when_of(root, "deceased")
    family, given = official.cell_of("family"), official.items("given")
    cells: dict[str, Cell | None] = {
        "family": family,
        "given": given[0].cell if given else None,
        "full_name": official.cell_of("text"),
        "sex": root.cell_of("gender"),
        "birth": root.cell_of("birthDate"),
        "deceased": death.start_cell or root.cell_of("deceasedBoolean"),
    }
    stated = said(
        "patient",
        official.cell_of("text") or family or Cell(path="Patient", text="Patient"),
        (),
        status=death.start_cell,
        says="deceased" if death.start or root.get("deceasedBoolean").value is True else "alive",
        cells=cells,
    )
    return told(origin, stated, when=replace(when_of(root, "birthDate"), end=death.start, end_cell=death.start_cell))
