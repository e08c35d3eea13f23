"""The gate under random sequences. `TEST_SEQUENCES` in the environment sets how many."""

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from review.policy import Policy
from review.queue import queue
from store import audit
from store.database import Database
from tests.depth import depth
from tests.stores import Store
from tests.unit.review.gate_machine import Gate


@pytest.fixture
def shared(store_url: str) -> Iterator[Database]:
    database = Database(store_url)
    yield database
    database.close()


SEQUENCES = depth("SEQUENCES", 300, ci=1000)


# Counting lines makes ten thousand steps four times as slow, and other tests walk the same lines.
@pytest.mark.no_cover
def test_random_sequences(shared: Database, site: Policy, which_store: Store) -> None:
    # The gate is the same code on both stores; what differs is how they keep others out, which a third will show.
    sequences = SEQUENCES if which_store == "sqlite" else SEQUENCES // 3
    Gate.db, Gate.policy, Gate.seen = shared, site, Counter()
    run_state_machine_as_test(
        Gate,
        settings=settings(
            max_examples=sequences,
            stateful_step_count=10,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
    if sequences == SEQUENCES:
        # Every way out was taken, or the sequences prove nothing.
        for outcome in ("approved", "signed", "rejected", "revised", "superseded", "swept", "taken back", "asked"):
            assert Gate.seen[outcome] >= SEQUENCES // 50, Gate.seen
        for error in (
            "NotAllowed",
            "AlreadyDecided",
            "ItemExpired",
            "DifferentEntries",
            "EntriesUnusable",
            "SwitchedOff",
        ):
            assert Gate.seen[f"approve refused: {error}"] >= SEQUENCES // 200, Gate.seen
    with shared.read() as connection:
        assert audit.verify(connection).broken_at is None
    assert len(queue(shared)) >= sequences
