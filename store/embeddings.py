"""Embeddings of pictures: one for each patient, picture and revision of a model, to find what looks alike."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.engine import Connection

from store.database import Transaction, insert_if_absent
from store.tables import image_embeddings


@dataclass(frozen=True, kw_only=True, slots=True)
class Embedded:
    """One picture as a vector."""

    patient: str
    """Whose it is, `Patient/id`."""
    picture: str
    """SHA-256 of the file that it was made of, in hex."""
    frame: int
    """Which of that file's frames, from 1."""
    model: str
    """The model's name."""
    revision: str
    """Its revision; empty where none is pinned. Vectors of two revisions are never compared."""
    study: str
    """Study Instance UID; empty where there is none, and then it counts as a study of its own."""
    day: str
    """When it was taken, `2026-11-01`; empty where it does not say."""
    vector: tuple[float, ...]
    """Of length 1."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Alike:
    """A picture that looks like another."""

    study: str
    """Study Instance UID."""
    day: str
    """When it was taken."""
    likeness: float
    """Cosine, -1 to 1."""


def keep(connection: Transaction, one: Embedded, *, now: datetime) -> None:
    """Keep an embedding; the same picture by the same revision is kept once."""
    values = {
        "patient": one.patient,
        "picture": one.picture,
        "frame": one.frame,
        "model": one.model,
        "revision": one.revision,
        "study": one.study,
        "day": one.day,
        "vector": struct.pack(f"<{len(one.vector)}f", *one.vector),
        "created": now,
    }
    insert_if_absent(connection, image_embeddings, values)


def alike(connection: Connection, one: Embedded, *, most: int = 3) -> tuple[Alike, ...]:
    """Earlier pictures of other studies of the patient, by the same model and revision, the most alike first."""
    t = image_embeddings
    rows = connection.execute(
        select(t.c.study, t.c.day, t.c.vector).where(
            t.c.patient == one.patient,
            t.c.model == one.model,
            t.c.revision == one.revision,
            (t.c.study != one.study) | (t.c.study == ""),
            t.c.day < one.day,
            t.c.day != "",
        )
    )
    found = [Alike(study=r.study, day=r.day, likeness=_cosine(one.vector, _vector(r.vector))) for r in rows]
    return tuple(sorted(found, key=lambda each: (-each.likeness, each.day, each.study))[:most])


def _vector(body: bytes) -> tuple[float, ...]:
    return struct.unpack(f"<{len(body) // 4}f", body)


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    if len(one) != len(other):
        return 0.0
    length = math.sqrt(sum(v * v for v in one)) * math.sqrt(sum(v * v for v in other))
    dot = sum(a * b for a, b in zip(one, other, strict=True))
    return max(-1.0, min(1.0, dot / length)) if length else 0.0
