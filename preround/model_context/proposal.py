"""What an agent proposes becomes a prepared round: tainted, under the policy, and a person's to decide."""

from __future__ import annotations

import itertools
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from chart.reference import bare
from chart.sensitive import in_text, sensitive_classes
from claims.author import Author
from claims.canonical import exact_bytes
from graphs.prepared import Prepared, PreparedEntry
from graphs.proposing import medication_class_of
from preround import VERSION
from preround.doing import rounds
from preround.failure import Declined, Missing, Unusable
from preround.model_context.held import HeldPatient, Known
from review.policy import Label
from store import runs

TASK = "agent"
_LARGEST = 100_000
_NOT_OURS = ("id", "meta", "text", "contained", "implicitRules")
_NAMED_PATIENT = frozenset({"AllergyIntolerance", "DetectedIssue", "Immunization"})
"""Types whose subject is in `patient`."""
_SUBJECTS = frozenset({"subject", "patient", "for"})
_AGAIN: frozenset[runs.RunStatus] = frozenset({"stale", "expired", "failed", "cancelled"})
"""After these the same proposal may be made again; what a person decided about it stands."""


async def propose(
    held: HeldPatient, *, title: str, resource: Mapping[str, Any], why: str, sources: Sequence[str], client: str
) -> dict[str, Any]:
    """Put one resource up for review; the same proposal again gives the item that it already has.

    Args:
        held: the patient.
        title: one line for the queue.
        resource: a FHIR draft about this patient, without id and meta.
        why: the agent's reason, shown as its words.
        sources: facts that it stands on, by id or versioned reference.
        client: what the other program calls itself.

    Raises:
        Unusable: something about the resource cannot be proposed.
        Missing: a source is not in this patient's chart.
        Declined: it refers to what is not in this patient's chart, or the round did not get to its review.
        GateError: the policy forbids it.
        FhirUnreachable: no server.
    """
    known = await held.known()
    body = _body(held, known, resource)
    cited = tuple(dict.fromkeys(_citation(known, one) for one in sources))
    prepared = Prepared(
        patient=held.reference,
        task=TASK,
        prepared_by=f"another program over MCP, which calls itself “{_line(client, 60)}”",
        author=Author(device_name="Preround", version=VERSION, reasoner="mcp", model_kind=None),
        entries=(
            PreparedEntry(
                title=_said(title, 200, "title"),
                resource=body,
                sources=cited,
                based_on=tuple(one for one in cited if "/_history/" in one),
                labels=_labels(held, known, body, cited, why),
                medication_class=medication_class_of(body.get("medicationCodeableConcept"), known.appraisal),
            ),
        ),
        tainted=True,
        page=(
            "Another program prepared this: nothing in it was checked against the chart.",
            f"Its reason, in its own words: “{_said(why, 2_000, 'why')}”",
            f"It says that it stands on: {', '.join(cited) or 'nothing in the chart'}.",
        ),
        watch="chart",
    )
    run_id = _run_id(held, prepared)
    run = await rounds.open_prepared(held.house, prepared, run_id=run_id, as_of=known.reading.chart.as_of)
    found = rounds.result(held.house, run.run_id)
    if found["review_item"] is None:
        raise Declined(run.status_detail or f"The round {run.run_id} is {run.status}; look at it and propose again")
    return {
        "item": found["review_item"],
        "round": run.run_id,
        "status": run.status,
        "tier": found["tier"],
        "expires_at": found["expires_at"],
        "next": f"Nothing was written: a person decides, with `preround show {found['review_item']}`.",
    }


def _body(held: HeldPatient, known: Known, resource: Mapping[str, Any]) -> dict[str, Any]:
    text = json.dumps(resource)
    if len(text) > _LARGEST:
        raise Unusable(f"The resource is larger than {_LARGEST} characters; propose less at once")
    body: dict[str, Any] = json.loads(text, parse_float=Decimal)
    if not isinstance(body.get("resourceType"), str):
        raise Unusable("The resource has no resourceType; name it, such as ServiceRequest")
    if extra := [name for name in _NOT_OURS if name in body]:
        raise Unusable(f"Leave {', '.join(extra)} out of the resource; Preround sets what is needed")
    if not _SUBJECTS & body.keys():
        body["patient" if body["resourceType"] in _NAMED_PATIENT else "subject"] = {"reference": held.reference}
    for name, value in _members(body):
        _within(held, known, name, value)
    return body


def _members(value: object, depth: int = 0) -> Iterator[tuple[str, object]]:
    """Every member of every object, those of the resource itself under a name with a leading dot."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield (name if depth else f".{name}"), inner
            yield from _members(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _members(inner, depth + 1)


def _within(held: HeldPatient, known: Known, name: str, value: object) -> None:
    if name.lstrip(".") == "modifierExtension":
        raise Unusable("Leave modifierExtension out of the resource; a reviewer could not see what it changes")
    if name == "identifier" and isinstance(value, dict):
        raise Declined("A reference by identifier can't be held to this patient; refer to a resource of this chart")
    if name != "reference" or not isinstance(value, str):
        return
    if value != held.reference and bare(value) not in known.reading.chart.resources:
        raise Declined(
            "The resource refers to something that is not in this patient's chart; refer only to sources of facts"
        )


def _citation(known: Known, source: str) -> str:
    chart = known.reading.chart
    if source in chart.by_id:
        return chart.by_id[source].citation
    reference, _, version = source.partition("/_history/")
    if reference not in chart.resources or (version and chart.versions.get(reference) != version):
        raise Missing("A source is not in this patient's chart as it is now; take ids or sources from `facts` again")
    held = chart.versions.get(reference)
    return f"{reference}/_history/{held}" if held else reference


def _labels(
    held: HeldPatient, known: Known, body: Mapping[str, Any], cited: Sequence[str], why: str
) -> tuple[Label, ...]:
    chart = known.reading.chart
    classes = sensitive_classes(held.house.services.site_tables)
    found: list[Label] = []
    if in_text(f"{exact_bytes(body).decode()} {why}", classes, age=chart.age):
        found.append("sensitive")
    if set(map(bare, cited)) & known.appraisal.doubtful:
        found.append("doubtful-source")
    if known.reading.not_read:
        found.append("incomplete-checks")
    return tuple(found)


def _run_id(held: HeldPatient, prepared: Prepared) -> str:
    """The round of this very proposal: the one that it has, or the next after one that came to nothing."""
    what = exact_bytes(prepared.model_dump(mode="python", include={"patient", "entries", "page"})).decode()
    for attempt in itertools.count(1):
        run_id = uuid.uuid5(uuid.NAMESPACE_OID, f"mcp:{attempt}:{what}").hex[:16]
        with held.house.services.db.read() as connection:
            before = runs.get(connection, run_id)
        if before is None or before.status not in _AGAIN:
            return run_id
    raise AssertionError("counting has no end")


def _said(text: str, most: int, name: str) -> str:
    words = " ".join(text.split())
    if not words or len(words) > most:
        raise Unusable(f"Give {name} in one to {most} characters")
    return words


def _line(text: str, most: int) -> str:
    words = " ".join(text.split())
    return words if len(words) <= most else f"{words[: most - 1]}…"
