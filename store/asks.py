"""Asks: who was asked, by whom and with which words, to sign an item beside the first."""

import hashlib
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from sqlalchemy import Row, Select, Text, select, type_coerce
from sqlalchemy.engine import Connection

from store import artifacts
from store.columns import instant_text, json_text
from store.database import insert_if_absent
from store.duty_tables import asks


@dataclass(frozen=True, kw_only=True, slots=True)
class AskRow:
    """One request for a second signature."""

    ask_id: str
    """Derived from the item and who is asked."""
    item_id: str
    """The item."""
    asked: str
    """Who is asked, in words."""
    asked_keys: tuple[str, ...]
    """What they are found by: `person:…` or `role:…`."""
    person: str
    """Who asks."""
    person_key: str
    """What tells them from others."""
    words: str | None
    """What they say; `None` once it was removed when its time was over."""
    proposal_sha256: str
    """The proposal that is to be signed."""
    at: datetime
    """Wall time."""
    words_sha256: str | None = None
    """Where the words are kept; `None` of what was not kept yet."""


def append(connection: Connection, ask: AskRow, *, run_id: str) -> AskRow | None:
    """Add an ask and return it as it is kept; `None`, and nothing added, when the same was asked of that item already.

    The words are an artifact, as those of decisions: they can name a patient, and go when the round's time is over.
    """
    value = {"ask": ask.ask_id, "words": ask.words}
    kept = replace(ask, words_sha256=artifacts.put_json(connection, value, kind="words", run_id=run_id, now=ask.at))
    values = asdict(kept)
    del values["words"]
    return kept if insert_if_absent(connection, asks, values) else None


def of_item(connection: Connection, item_id: str) -> tuple[AskRow, ...]:
    """The asks of one item, oldest first, without their words: whatever became of those, the asks can be held."""
    return tuple(_read(row) for row in connection.execute(_of([item_id])))


def of_items(connection: Connection, item_ids: Collection[str]) -> dict[str, tuple[AskRow, ...]]:
    """The asks of these items, by item, oldest first."""
    found: dict[str, tuple[AskRow, ...]] = {}
    for row in connection.execute(_of(item_ids)):
        found[row.item_id] = (*found.get(row.item_id, ()), _ask(connection, row))
    return found


def row_sha256(ask: AskRow) -> str:
    """SHA-256 over everything that is kept of an ask; of its words over their hash, because they go with the round."""
    kept = {**asdict(ask), "at": instant_text(ask.at), "asked_keys": json_text(ask.asked_keys)}
    return _sha256([kept[column.name] for column in asks.c])


def sums(connection: Connection) -> Iterator[tuple[str, str]]:
    """The item and the `row_sha256` of every ask, over the text that stands there, which may not be readable."""
    raw = [type_coerce(column, Text).label(column.name) for column in asks.c]
    return ((row.item_id, _sha256(list(row))) for row in connection.execute(select(*raw)))


def _sha256(kept: list[str]) -> str:
    return hashlib.sha256(json_text(kept).encode()).hexdigest()


def _ask(connection: Connection, row: Row[tuple[object, ...]]) -> AskRow:
    with suppress(artifacts.ArtifactPurged):
        return replace(_read(row), words=artifacts.get_json(connection, row.words_sha256)["words"])
    return _read(row)


def _read(row: Row[tuple[object, ...]]) -> AskRow:
    values = dict(row._mapping)
    return AskRow(**{**values, "asked_keys": tuple(values["asked_keys"]), "words": None})


def _of(item_ids: Collection[str]) -> Select[tuple[object, ...]]:
    return select(asks).where(asks.c.item_id.in_(sorted(item_ids))).order_by(asks.c.at, asks.c.ask_id)
