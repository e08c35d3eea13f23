"""`docs/scale.md`: the capacity benchmark in words, from its JSON; the figures are never written by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

from benchmarks.plot import line

Found = Mapping[str, Any]

_STATED = {
    "prefill_a_second": "prompt tokens that a model server reads a second (assumed: 27B, FP8, one 80 GB card)",
    "decode_a_second": "tokens that it writes a second, all sequences together (assumed, the same)",
    "sequences": "sequences that it writes at once",
    "answer_tokens": "tokens of an answer",
    "fhir_reply_seconds": "seconds from a FHIR request to its answer (assumed)",
    "side_by_side": "FHIR requests of one round under way at once",
    "write_seconds": "seconds that a transaction holds the store's write lock (assumed)",
    "review_seconds": "seconds of a person for one item (assumed; the quality page tells a site its own)",
    "review_hours_a_year": "hours that a person reviews a year",
}
_COHORT = """
## A cohort, measured

`python -m tests.scale.cohort --patients $patients --workers $workers`: $rounds of $patients invented charts,
pre-rounded by $workers workers that share a PostgreSQL, with the offline reasoner and with the embedded FHIR server's
work in the same processes: **$rate rounds a CPU second**, $twice done twice.
"""


def page(found: Found, cohort: Found | None = None) -> str:
    """The Markdown.

    Args:
        found: the JSON of `benchmarks.capacity`.
        cohort: that of `tests.scale.cohort`, where it was run.
    """
    writer = found["limits"][-1]["full"]["database writer"]
    beside = found["beside_night"]
    own = Path(__file__).with_suffix(".template").read_text("utf-8")
    return Template(own).substitute(
        on=found["measured"]["on"],
        machine=found["measured"]["machine"],
        bills=_bills(found["bills"]),
        given=_rows(("stated", "value"), [(words, _plain(found["given"][key])) for key, words in _STATED.items()]),
        needs=_needs(found["needs"]),
        limits=_limits(found["limits"]),
        writer=f"{writer:.1f}",
        writer_night=f"{writer * 8 * 3600:,.0f}",
        waited=found["waited"],
        waits=_waits(found["waits"]),
        first=f"{beside['with priorities']:,.0f}",
        otherwise=f"{beside['without']:,.0f}",
        cohort=_cohort(cohort) if cohort else "",
    )


def plot(found: Found) -> str:
    """The 95 % wait as the load grows, as SVG."""
    waits = found["waits"]
    loads = ", ".join(f"{w['share']:.0%}" for w in waits)
    return line([w["most"] for w in waits], words=f"95 % of clinicians wait at most, at a load of {loads}", unit="s")


def _bills(bills: Sequence[Found]) -> str:
    head = ("chart", "entries", "CPU ms", "Node CPU ms", "FHIR requests", "kB read", "model calls", "prompt tokens")
    rows = [
        (
            b["name"],
            f"{b['entries']:,}",
            f"{1000 * b['core_seconds']:.0f}",
            f"{1000 * b['node_seconds']:.0f}",
            b["requests"],
            f"{b['read_bytes'] / 1000:,.0f}",
            b["calls"],
            f"{b['prompt_tokens']:,}",
            f"{b['new_tokens']:,}",
            b["writes"],
        )
        for b in bills
    ]
    return _rows((*head, "of these new", "writes"), rows)


def _needs(needs: Sequence[Found]) -> str:
    head = ("goal", "worded by", "rounds/s", "worker cores", "model servers", "FHIR requests/s", "MB/s read", "GB kept")
    rows = [
        (
            n["goal"],
            "a model" if n["model"] else "rules only",
            f"{n['rounds_a_second']:.2f}",
            n["plant"]["workers"],
            n["plant"]["model_servers"],
            f"{n['fhir_requests_a_second']:.0f}",
            f"{n['read_megabytes_a_second']:.2f}",
            f"{n['kept_gigabytes']:,.0f}",
            f"{n['reviewers']:,.0f}",
        )
        for n in needs
    ]
    return _rows((*head, "people who review"), rows)


def _limits(limits: Sequence[Found]) -> str:
    head = ("deployment", "worker processes", "breaks first", "at rounds/s", "charts a night", "records a year")
    rows = [
        (
            one["plant"]["name"],
            one["plant"]["workers"],
            one["breaks"],
            f"{one['rounds_a_second']:.2f}",
            f"{one['a_night']:,}",
            f"{one['a_year']:,}",
            f"{one['below']:.0%}",
            f"{one['above']:.0%}",
        )
        for one in limits
    ]
    return _rows((*head, "kept up at 90 %", "at 120 %"), rows)


def _waits(waits: Sequence[Found]) -> str:
    rows = [(f"{w['share']:.0%}", f"{w['median']:.0f} s", f"{w['most']:.0f} s") for w in waits]
    return _rows(("load", "half wait at most", "95 % wait at most"), rows)


def _cohort(cohort: Found) -> str:
    return Template(_COHORT).substitute(cohort, rate=f"{cohort['rounds_a_cpu_second']:.2f}")


def _plain(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:g}"


def _rows(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows)])
