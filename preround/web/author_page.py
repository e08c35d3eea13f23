"""The page about who drafted an item: rules, or a model with its source attributes."""

from __future__ import annotations

from dataclasses import dataclass

from agents.models.registry import ModelRow, registry
from graphs.node import run_of
from preround.reasoners import model_row
from preround.web.readings import Readings
from preround.web.wording import author_words
from preround.wiring import House
from review.queue import show


@dataclass(frozen=True, kw_only=True, slots=True)
class AuthorView:
    """Everything on that page."""

    item_id: str
    """The item that it was opened from."""
    author: str
    """Who wrote the drafts, in words."""
    prepared: bool
    """Whether it was prepared outside a round."""
    model: str | None
    """The model's name on its server; ``None`` for the rules."""
    revision: str | None
    """Its revision, where the site pins one."""
    row: ModelRow | None
    """The registry's row; ``None`` for the rules, and for a model that the registry no longer has."""


def author_of(house: House, readings: Readings, item_id: str) -> AuthorView:
    """Who drafted an item.

    Raises:
        review.errors.ItemNotFound, ProposalDamaged: as `review.queue.show` does.
        RegistryUnusable: the site's model file cannot be used.
    """
    result = readings.result(run_of(house.services, show(house.services.db, item_id).item.run_id))
    model = result.get("model") or {}
    name = model.get("name")
    return AuthorView(
        item_id=item_id,
        author=author_words(result),
        prepared=bool(result.get("prepared")) and name is None,
        model=name,
        revision=model.get("revision"),
        row=_row(house, name) if name is not None else None,
    )


def _row(house: House, served: str) -> ModelRow | None:
    chosen = model_row(house.settings)
    rows = (chosen, *registry(house.settings.models).values())
    return next((row for row in rows if row.served_name == served), None)
