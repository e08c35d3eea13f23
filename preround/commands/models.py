"""`preround models`: the registry of models, and what the configured endpoint serves of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.table import Table

from agents.models.registry import ModelRow, ModelUnknown, registry
from agents.models.serving import Serving
from preround.door import Json, leave, out, settings_with, write_json
from preround.reaching import reached
from preround.reasoners import model_row


def models(
    name: Annotated[
        str | None, typer.Argument(help="One model: all that is known of it, its source attributes too.")
    ] = None,
    json: Json = None,
) -> None:
    """List the models that Preround knows, with role and pin, and whether each can be reached.

    With NAME: its row, what its server says of it, and its source attributes - who made it, from what, for whom, how
    it was tested - with "unknown" where nobody has said.
    """

    def work() -> int:
        settings = settings_with()
        rows = registry(settings.models)
        chosen = model_row(settings)
        rows = {**rows, chosen.name: chosen}
        if name is not None:
            if name not in rows:
                raise ModelUnknown(name)
            return _one(rows[name], reached([rows[name]], settings)[name], chosen, json)
        found = reached(rows.values(), settings)
        if json is not None:
            write_json([_as_json(row, found[row.name], chosen) for row in rows.values()], json)
        if json != "-":
            out.print(_table(list(rows.values()), found, chosen))
            out.print(f"* is what the reasoner vllm asks now: {found[chosen.name].detail}", markup=False)
        return 0

    leave(work, json=json)


def _one(row: ModelRow, found: Serving, chosen: ModelRow, json: str | None) -> int:
    if json is not None:
        write_json(_as_json(row, found, chosen), json)
    if json != "-":
        for line in _lines(row, found):
            out.print(line, markup=False, style="bold" if line.startswith("# ") else None)
    return 0


def _lines(row: ModelRow, found: Serving) -> list[str]:
    size = f"about {row.gigabytes:g} GB in bf16" if row.gigabytes else "size unknown"
    made = f", {'an adapter on' if row.adapter else 'laid out as'} {row.base}" if row.base else ""
    lines = [
        f"# {row.name}",
        f"weights: {row.repository} at {row.revision or 'no pinned revision'}, {size}{made}",
        f"for: {', '.join(row.roles)}; takes {', '.join(row.modalities)}",
        f"context: {row.served_context} tokens as served, {row.answer_tokens} of them for the answer",
        f"licence: {row.licence}",
        f"server: {found.detail}",
        f"source attributes: {row.source.known} of 31 known, from {row.card}",
    ]
    for group, attributes in row.source.grouped():
        lines += ["", f"# {group}", *(f"{title}: {value}" for title, value in attributes)]
    return lines


def _as_json(row: ModelRow, found: Serving, chosen: ModelRow) -> dict[str, Any]:
    state = {"state": found.state, "detail": found.detail, "context": found.context, "chosen": row.name == chosen.name}
    return {**row.model_dump(mode="json"), "served": row.served_name, "serving": state}


def _table(rows: list[ModelRow], found: Mapping[str, Serving], chosen: ModelRow) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("model", "roles", "takes", "context", "revision", "state"):
        table.add_column(title, no_wrap=title == "model")
    for row in rows:
        table.add_row(
            f"{'* ' if row.name == chosen.name else '  '}{row.name}",
            ", ".join(row.roles),
            ", ".join(row.modalities),
            str(row.served_context or "–"),
            row.revision or "not pinned",
            found[row.name].state,
        )
    return table
