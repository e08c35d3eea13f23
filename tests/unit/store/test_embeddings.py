"""Embeddings of pictures: kept once, compared only within a patient and a revision, and only with earlier ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from store import embeddings
from store.database import Database
from store.embeddings import Embedded

NOW = datetime(2026, 11, 1, tzinfo=UTC)
ONE = Embedded(
    patient="Patient/a",
    picture="1" * 64,
    frame=1,
    model="m",
    revision="r",
    study="1.2",
    day="2026-03-30",
    vector=(0.6, 0.8),
)


def test_what_looks_alike_is_found_among_the_patients_own_earlier_pictures(db: Database) -> None:
    near = replace(ONE, picture="2" * 64, study="1.1", day="2026-03-02", vector=(0.8, 0.6))
    far = replace(ONE, picture="3" * 64, study="1.0", day="2026-01-02", vector=(-0.6, -0.8))
    others = [
        replace(near, patient="Patient/b"),
        replace(near, revision="s", picture="5" * 64),
        replace(near, model="n", picture="6" * 64),
        replace(near, picture="7" * 64, study="1.2"),
        replace(near, picture="8" * 64, study="1.9", day="2026-04-01"),
        replace(near, picture="9" * 64, study="1.8", day=""),
    ]
    with db.write() as connection:
        for one in (ONE, near, near, far, *others):
            embeddings.keep(connection, one, now=NOW)
        found = embeddings.alike(connection, ONE)
    assert [(one.study, one.day) for one in found] == [("1.1", "2026-03-02"), ("1.0", "2026-01-02")]
    assert [one.likeness for one in found] == pytest.approx([0.96, -1.0], abs=1e-6)
