"""What an agent can ask about the patient of its session; of these only `propose` leads towards a write."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

from mcp.server.mcpserver import Context
from pydantic import Field

from chart.addressed import reads_like_instruction
from chart.fact import FactKind
from chart.manifest import manifest, manifest_json
from preround.doing.literature_search import found_json, search
from preround.failure import Missing
from preround.literature import RemoteName
from preround.model_context import proposal
from preround.model_context.held import NOTICE, HeldPatient
from preround.model_context.rows import (
    fact_row,
    is_coded,
    newest_first,
    outcome_row,
    series_row,
    whole_fact,
    whole_series,
)
from tools.guidelines.outcome import Why

Words = Annotated[str, Field(min_length=1, max_length=2_000)]
_UNASKED: frozenset[Why] = frozenset({"not_applicable", "not_in_force"})
"""Outcomes that are counted and listed only where asked for."""


class PatientTools:
    """The tools of one session; the docstring of each is what an agent reads of it.

    Args:
        held: the patient, whom no tool can change.
    """

    def __init__(self, held: HeldPatient) -> None:
        self._held = held

    async def chart_manifest(self) -> dict[str, Any]:
        """What the chart holds: each thing with its kind, code, count, first and last date, and last value."""
        known = await self._held.known()
        return known.answer(**manifest_json(manifest(known.reading.chart)))

    async def facts(
        self,
        ids: Annotated[list[Words] | None, Field(max_length=50)] = None,
        kind: FactKind | None = None,
        code: Words | None = None,
        words: Words | None = None,
        most: Annotated[int, Field(ge=1, le=200)] = 50,
        start: Annotated[int, Field(ge=0)] = 0,
    ) -> dict[str, Any]:
        """Facts of the chart, newest first; or some by id, with every literal and the text of a note.

        Narrow them by kind, by code (`system|code` or the code alone) and by words of their name. `next_start` says
        where the next ones begin. Ids hold within one `read_at`; `source` names a resource and version for good.
        """
        known = await self._held.known()
        chart = known.reading.chart
        if ids is not None:
            if any(one not in chart.by_id for one in ids):
                raise Missing("One of these ids is no fact of this chart; take ids from a call of facts without ids")
            return known.answer(facts=[whole_fact(chart, chart.by_id[one]) for one in ids])
        found = newest_first(
            fact
            for fact in chart.by_id.values()
            if (kind is None or fact.kind == kind)
            and (code is None or is_coded(fact, code))
            and (words is None or words.lower() in fact.name.lower())
        )
        end = start + most
        return known.answer(
            facts=[fact_row(fact) for fact in found[start:end]],
            total=len(found),
            next_start=end if end < len(found) else None,
        )

    async def trends(self, measurement: Words | None = None) -> dict[str, Any]:
        """What was measured over time, a line each; with a `measurement` of such a line all its values, oldest first.

        One series holds all codes and units of a measurement, converted. Values marked do_not_rely_on are doubtful.
        """
        known = await self._held.known()
        series, ranges = known.appraisal.series, known.appraisal.ranges
        if measurement is None:
            return known.answer(series=[series_row(one, ranges.get(key)) for key, one in sorted(series.items())])
        if measurement not in series:
            raise Missing("There is no such measurement in this chart; call trends without one for their list")
        return known.answer(**whole_series(series[measurement], ranges.get(measurement)))

    async def guidelines(self, recommendation: Words | None = None, why: Why | None = None) -> dict[str, Any]:
        """What came of each recommendation for this patient and why: due, done, excluded, could_not_check and so on.

        Those that do not apply or are not in force are counted and listed only with that `why`. With the id of a
        `recommendation`, that one with the clauses that decided.
        """
        known, outcomes = await self._held.outcomes()
        if recommendation is not None:
            found = [one for one in outcomes if one.recommendation.id == recommendation]
            if not found:
                raise Missing("There is no such recommendation; call guidelines without one for their list")
            return known.answer(outcomes=[outcome_row(one, whole=True) for one in found])
        shown = [one for one in outcomes if (one.why not in _UNASKED if why is None else one.why == why)]
        return known.answer(
            counts=dict(Counter(one.why for one in outcomes)),
            outcomes=[outcome_row(one, whole=False) for one in shown],
        )

    async def literature_search(
        self,
        query: Words,
        source: RemoteName | None = None,
        most: Annotated[int, Field(ge=1, le=50)] = 5,
    ) -> dict[str, Any]:
        """Passages of papers and guidelines to cite, from the local index.

        A `source` over the network must be allowed by the site, and is asked only about problems and medicines that
        the query names. Ask about the matter, not about the person.
        """
        house = self._held.house
        now = house.services.clock.now()
        found = found_json(await search(house.settings, query, source=source, limit=most, now=now))
        for passage in found["passages"]:
            text = " ".join([passage["title"], *(one["text"] for one in passage["sentences"])])
            passage["reads_like_instruction"] = reads_like_instruction(text)
        return {"notice": NOTICE, **found}

    async def propose(
        self,
        title: Words,
        resource: dict[str, Any],
        why: Words,
        context: Context[Any, Any],
        sources: Annotated[list[Words] | None, Field(max_length=40)] = None,
    ) -> dict[str, Any]:
        """Put one FHIR R4 draft into the review queue; nothing is written before a person has signed it.

        The resource is a draft (such as a ServiceRequest with status draft and intent proposal) about this patient,
        without id, meta and narrative; its subject is filled in. `sources` are ids or sources of the facts that it
        stands on. The same proposal again gives the item that it has.
        """
        return await proposal.propose(
            self._held, title=title, resource=resource, why=why, sources=sources or (), client=_name_of(context)
        )


def _name_of(context: Context[Any, Any]) -> str:
    said = context.session.client_params
    return f"{said.client_info.name} {said.client_info.version}" if said else "nothing"
