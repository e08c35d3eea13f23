"""Model cards: one page for each row of the registry, with the 31 source attributes of ONC HTI-1."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from agents.models.registry import ModelRow, registry
from agents.models.source import UNKNOWN
from preround.reference.writing import code, heading, table

_INDEX = """One page for each model of the registry (`agents/models/registry.toml`), with the 31 source attributes
that 45 CFR 170.315(b)(11)(iv)(B) lists. They are taken from what is published, named on each page; "unknown" says
that nobody has published it. `preround models NAME` prints the same, a site's own rows and figures included."""


def cards() -> Mapping[str, str]:
    """Path and text of the index and of each card."""
    rows = registry().values()
    return {"model-cards/README.md": _index(rows), **{f"model-cards/{row.name}.md": _card(row) for row in rows}}


def _index(rows: Iterable[ModelRow]) -> str:
    listed = (
        (f"[{row.name}]({row.name}.md)", ", ".join(row.roles), ", ".join(row.modalities), f"{row.source.known} of 31")
        for row in rows
    )
    return heading("Model cards", _INDEX) + "\n" + table(("model", "for", "takes", "attributes known"), listed)


def _card(row: ModelRow) -> str:
    words = f"From: {row.card}. {row.source.known} of the 31 attributes are known. [All models](README.md)"
    parts = [heading(row.name, words), "## The row\n", table(("", ""), _facts(row))]
    for group, attributes in row.source.grouped():
        parts += [f"## {group}\n", table(("attribute", "what is known"), attributes)]
    return "\n".join(parts)


def _facts(row: ModelRow) -> Iterable[tuple[str, str]]:
    yield "weights", code(row.repository)
    yield "revision", row.revision or "for the site to pin"
    yield "used for", ", ".join(row.roles)
    yield "takes", ", ".join(row.modalities)
    if row.served_context:
        yield "context as served", f"{row.served_context} tokens, {row.answer_tokens} of them for the answer"
    yield "size in bf16", f"about {row.gigabytes:g} GB" if row.gigabytes else UNKNOWN
    if row.base:
        yield ("an adapter on" if row.adapter else "laid out as"), row.base
    yield "licence", row.licence
