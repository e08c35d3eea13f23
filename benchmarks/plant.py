"""What there is to do rounds with, and how many a second each part of it can take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil

from benchmarks.bill import Bill


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """What is not measured here but stated: each may be replaced by what a site measures on its own servers."""

    prefill_a_second: float = 6000.0
    """Prompt tokens that one model server reads a second. Assumed for a 27B model in FP8 on one 80 GB card."""
    decode_a_second: float = 600.0
    """Tokens that one model server writes a second, all its sequences together. Assumed for the same."""
    sequences: int = 16
    """Sequences that one model server writes at once."""
    answer_tokens: float = 500.0
    """Tokens of an answer, about what a draft of the page's limits takes."""
    fhir_reply_seconds: float = 0.15
    """From a FHIR request to its answer. Assumed; a hospital's server is slower than our sandbox."""
    side_by_side: int = 6
    """FHIR requests of one round under way at once."""
    write_seconds: float = 0.004
    """How long one transaction holds the store's only write lock until it is on disk. Assumed for PostgreSQL nearby."""
    review_seconds: float = 60.0
    """A clinician's time for one item. Nobody's measurement: the queue's quality page tells a site its own."""
    review_hours_a_year: float = 1600.0
    """Working hours of one person."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plant:
    """A deployment."""

    name: str
    """What it is called."""
    workers: int
    """Worker processes, one core each."""
    at_once: int
    """Rounds that one worker has under way."""
    model_servers: int
    """Model servers; none for the offline reasoner."""
    fhir_slots: int
    """Requests that the FHIR server answers at once."""


STATIONS = ("worker cores", "rounds at once", "FHIR server", "model reading", "model writing", "database writer")
"""What a round may have to wait for."""


def reading_seconds(bill: Bill, given: Given) -> float:
    """How long the model servers read for a round, alone."""
    return bill.new_tokens / given.prefill_a_second


def writing_seconds(bill: Bill, given: Given) -> float:
    """How long a round holds a sequence of a model server: its answers at a full batch's pace."""
    return bill.calls * given.answer_tokens / (given.decode_a_second / given.sequences)


def alone_seconds(bill: Bill, plant: Plant, given: Given) -> float:
    """How long a round takes that waits for nobody."""
    waves = ceil(bill.requests / given.side_by_side)
    model = reading_seconds(bill, given) + writing_seconds(bill, given) if plant.model_servers else 0.0
    cpu = bill.core_seconds + bill.node_seconds
    return cpu + waves * given.fhir_reply_seconds + model + bill.writes * given.write_seconds


def limits(bill: Bill, plant: Plant, given: Given) -> Mapping[str, float]:
    """Rounds a second that each station can take at the most; what breaks first is the least of them."""
    found = {
        "worker cores": plant.workers / (bill.core_seconds + bill.node_seconds),
        "rounds at once": plant.workers * plant.at_once / alone_seconds(bill, plant, given),
        "FHIR server": plant.fhir_slots / (bill.requests * given.fhir_reply_seconds),
        "database writer": 1 / (bill.writes * given.write_seconds),
    }
    if plant.model_servers:
        found["model reading"] = plant.model_servers / reading_seconds(bill, given)
        found["model writing"] = plant.model_servers * given.sequences / writing_seconds(bill, given)
    return {name: found[name] for name in STATIONS if name in found}


def first_to_break(bill: Bill, plant: Plant, given: Given) -> tuple[str, float]:
    """The station that is full first, and the rounds a second at which it is."""
    found = limits(bill, plant, given)
    name = min(found, key=lambda n: found[n])
    return name, found[name]


def needed(bill: Bill, a_second: float, given: Given, *, model: bool, filled: float = 0.7) -> Plant:
    """The smallest plant that takes so many rounds a second with no station filled beyond a share.

    Args:
        bill: the mean round.
        a_second: rounds a second.
        given: what is stated.
        model: whether a model words the rounds.
        filled: the share of each station's time that may be taken; the rest is for chance.
    """
    want = a_second / filled
    servers = ceil(want * max(reading_seconds(bill, given), writing_seconds(bill, given) / given.sequences))
    plant = Plant(
        name=f"{a_second:.3g} rounds/s",
        workers=max(1, ceil(want * (bill.core_seconds + bill.node_seconds))),
        at_once=1,
        model_servers=max(1, servers) if model else 0,
        fhir_slots=max(1, ceil(want * bill.requests * given.fhir_reply_seconds)),
    )
    together = want * alone_seconds(bill, plant, given)
    return replace(plant, at_once=max(1, ceil(together / plant.workers)))
