"""What a model was trained to see: modality, body part and view by a table; all else is said and not answered."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tools.imaging.header import Header, View

Way = Literal["film", "volume", "photograph", "slide"]
"""How a model takes it: one picture, a stack of slices, a photograph, patches of a slide."""
Reason = Literal["model", "modality", "body part", "view", "not an original"]
"""What keeps a picture out."""


class Trained(BaseModel):
    """What a model was trained to see: one row of `tables/trained.toml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    """For people, such as `chest film`."""
    way: Way
    """How it is taken."""
    models: frozenset[str]
    """Rows of the model registry."""
    modalities: frozenset[str]
    """DICOM modalities."""
    body_parts: frozenset[str] = frozenset()
    """Names in `Table.body_parts`; empty for any, and then it need not be said."""
    views: frozenset[View] = frozenset()
    """Views; empty for any, and then it need not be said."""
    source: str = Field(min_length=1)
    """Where it is said that the model was trained for this."""


class Table(BaseModel):
    """`tables/trained.toml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    body_parts: dict[str, tuple[str, ...]]
    """Words and codes for each body part, as headers and charts write them."""
    trained: tuple[Trained, ...]
    """The rows; the first that fits counts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Admission:
    """Whether a model may be asked about a picture."""

    row: Trained | None
    """What it counts as; None where it is kept out."""
    reason: Reason | None = None
    """What kept it out."""
    words: str
    """One sentence for people."""

    @property
    def admitted(self) -> bool:
        """Whether it may be asked."""
        return self.row is not None


@cache
def table() -> Table:
    """The table that Preround ships."""
    text = (resources.files("tools.imaging") / "tables" / "trained.toml").read_text(encoding="utf-8")
    return Table.model_validate(tomllib.loads(text))


def region(words: str) -> str | None:
    """The body part that words name, such as `chest` for `THORAX`; None where they name none, or several."""
    named = regions(words)
    return next(iter(named)) if len(named) == 1 else None


def regions(words: str) -> frozenset[str]:
    """All body parts that words name."""
    plain = re.sub(r"[^a-z0-9]+", " ", words.lower()).strip()
    return frozenset(
        name
        for name, said in table().body_parts.items()
        if any(re.search(rf"(?<![a-z0-9]){re.escape(one)}(?![a-z0-9])", plain) for one in (name, *said))
    )


def admission(model: str, header: Header, *, rows: Iterable[Trained] | None = None) -> Admission:
    """Whether a model of the registry may be asked about a picture; what is not known to be in scope is out.

    Args:
        model: a row of the model registry.
        header: what the picture says; for a file without a header, what the chart says of it.
        rows: None for those that Preround ships.
    """
    mine = [row for row in (table().trained if rows is None else rows) if model in row.models]
    if not mine:
        return _out("model", f"{model} is not known to have been trained on pictures")
    if not header.modality:
        return _out("modality", "the picture does not say how it was made (modality)")
    made = [row for row in mine if header.modality in row.modalities]
    if not made:
        return _out("modality", f"{model} was not trained on pictures of modality {_short(header.modality)}")
    if header.kind and header.kind[0] == "DERIVED" and "SECONDARY" in header.kind[1:2]:
        return _out("not an original", "the picture is derived from others and no original")
    part = region(header.body_part)
    there = [row for row in made if not row.body_parts or part in row.body_parts]
    if not there:
        unsaid = "the body part is not said, so it is not known to be"
        said = f"{_short(header.body_part)} is not" if header.body_part else unsaid
        return _out("body part", f"{said} among what {model} was trained on for modality {_short(header.modality)}")
    for row in there:
        if not row.views or header.view in row.views:
            return Admission(row=row, words=f"Read as {row.name} ({row.source}).")
    said = f"the view {header.view}" if header.view else "a view that is not said"
    return _out("view", f"{model} was not trained on {said} of this body part")


def _out(reason: Reason, why: str) -> Admission:
    return Admission(row=None, reason=reason, words=f"Out of scope: {why}; no model was asked, read it in the archive.")


def _short(text: str) -> str:
    """A header's word, cut: it comes from outside and is shown."""
    return "".join(c for c in text if c.isprintable())[:32]
