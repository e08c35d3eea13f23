"""The verifier: each number, date, unit, name and negation of a claim is traced to what it cites, or it falls."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from chart.appraisal import Appraisal
from chart.fact import Fact
from chart.fhirpath import resolve
from chart.measurement import round_to
from chart.moment import Moment, parse_moment
from chart.reference import bare
from chart.units import shown
from claims.absence import is_absent, looked_for, named_in
from claims.claim import Claim
from claims.compute import NotComputable, compute
from claims.lexicon import backing, measurements_in, medicines_in, problems_in
from claims.mention import Mentions, mentions
from claims.negation import negations
from claims.numbers import same_date, unbacked
from claims.planted import planted
from claims.printed import Printed, broken_passages, own_words, unprinted

_RISE = re.compile(r"\b(rose|rising|up|higher|increased?|gained)\b")
_FALL = re.compile(r"\b(fell|falling|fallen|down|lower|decreased?|lost|dropped)\b")
_REFERENCE = re.compile(
    r"\b(?:Patient|Person|Observation|Condition|AllergyIntolerance|Medication[A-Z][a-z]+|Encounter|Procedure|"
    r"DiagnosticReport|DocumentReference|Immunization|ServiceRequest|CarePlan|Device|RelatedPerson)/[A-Za-z0-9.-]{1,64}"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """What the verifier needs to know of one coverage line."""

    query: str
    """The search as asked."""
    truncated: bool
    """Whether it was cut."""
    error: str | None
    """Why it failed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """Whether a claim stands."""

    claim: Claim
    """The claim."""
    reasons: tuple[str, ...]
    """Why it does not; empty when it does."""

    @property
    def stands(self) -> bool:
        """Whether every part of the sentence is backed."""
        return not self.reasons


def verify(
    claim: Claim,
    appraisal: Appraisal,
    coverage: Mapping[str, Look],
    titles: Mapping[str, str] | None = None,
    printed: Mapping[str, Printed] | None = None,
) -> Verdict:
    """Check one claim against the raw resources.

    Args:
        claim: the sentence with its citations.
        appraisal: the chart it speaks of; its resources are as read from the server.
        coverage: coverage lines by id.
        titles: titles of the recommendations that were evaluated, by ``id|version``; only these may be repeated.
        printed: the passages of literature that were found, by id; only these may be quoted.
    """
    broken = [*_citations(claim, appraisal), *broken_passages(claim, printed or {})]
    said = own_words(claim)
    if claim.guideline is not None:
        title = (titles or {}).get(claim.guideline)
        if title is None or title not in said:
            broken = [f"it does not say what {claim.guideline.partition('|')[0]} recommends"]
        else:
            said = said.replace(title, " ", 1)
    if broken:
        return Verdict(claim=claim, reasons=tuple(broken))
    found = mentions(said)
    facts = [appraisal.chart.by_id[f] for f in claim.facts]
    reasons = [
        *_computations(claim, appraisal),
        *_absences(claim, appraisal, coverage),
        *_dates(found, claim, facts, appraisal),
        *_times(found, claim),
        *unbacked(found, claim, facts, appraisal),
        *_directions(found, claim),
        *_names(found, claim, appraisal),
        *negations(found, claim, facts),
        *_foreign(claim, appraisal),
        *planted(claim, appraisal),
        *unprinted(said, claim),
    ]
    return Verdict(claim=claim, reasons=tuple(dict.fromkeys(reasons)))


def _citations(claim: Claim, appraisal: Appraisal) -> list[str]:
    """Each citation must be a literal of a resource of this chart, and belong to the fact it names."""
    chart = appraisal.chart
    for fact_id in claim.facts:
        if fact_id not in chart.by_id:
            return [f"it cites {fact_id}, which is not in this chart"]
    for citation in claim.citations:
        fact = chart.by_id[citation.fact]
        cell = next(
            (
                c
                for c in fact.cells.values()
                if c.path == citation.path and (c.source or fact.citation) == citation.reference
            ),
            None,
        )
        if cell is None:
            return [f"{citation.fact} does not stand on the place it cites"]
        resource = chart.resources.get(bare(citation.reference))
        if resource is None or resolve(resource, citation.path) != citation.value:
            return [f"the place that {citation.fact} cites does not say that"]
    for quote in claim.quotes:
        note = next((n for n in chart.notes if n.fact.id == quote.fact), None)
        if note is None or note.path != quote.path or note.fact.citation != quote.reference:
            return [f"{quote.fact} is not a note that can be read"]
        if quote.text not in " ".join(note.text.split()):
            return [f"{quote.fact} does not say “{quote.text}”"]
    if not (claim.citations or claim.quotes or claim.computations or claim.passages) and claim.kind != "absence":
        return ["it cites nothing"]
    return []


def _computations(claim: Claim, appraisal: Appraisal) -> list[str]:
    reasons = []
    for one in claim.computations:
        try:
            value, unit = compute(one.op, [appraisal.chart.by_id[f] for f in one.of], appraisal)
        except NotComputable as error:
            reasons.append(f"{one.op}: {error}")
            continue
        stated = Decimal(one.value)
        places = max(0, -int(stated.as_tuple().exponent))
        if round_to(value, places) != stated or unit != one.unit:
            reasons.append(
                f"the {one.op.replace('_', ' ')} works out at {round_to(value, places + 1)} {shown(unit)}".rstrip()
            )
    return reasons


def _absences(claim: Claim, appraisal: Appraisal, coverage: Mapping[str, Look]) -> list[str]:
    if claim.kind != "absence" and not claim.absent:
        return []
    if not claim.absent or claim.coverage is None:
        return ["an absence must say what was looked for and where"]
    look = coverage.get(claim.coverage)
    if look is None:
        return [f"it names coverage {claim.coverage}, which does not exist"]
    if look.error:
        return ["the record could not be read there, so nothing can be said to be absent"]
    if look.truncated:
        return ["the reading was cut, so nothing can be said to be absent"]
    return [
        f"the chart has {what.partition(':')[2]}" for what in claim.absent if not is_absent(what, appraisal, look.query)
    ]


def _moments(claim: Claim, facts: Sequence[Fact], appraisal: Appraisal) -> list[Moment]:
    found = [m for c in claim.citations if (m := parse_moment(c.value))]
    found.extend(m for f in facts for m in (f.when, f.ended) if m and _is_cited_through_computation(f, claim))
    return found


def _is_cited_through_computation(fact: Fact, claim: Claim) -> bool:
    return any(fact.id in c.of for c in claim.computations)


def _dates(found: Mentions, claim: Claim, facts: Sequence[Fact], appraisal: Appraisal) -> list[str]:
    today = appraisal.chart.today
    moments = _moments(claim, facts, appraisal)
    quoted = " ".join((*(c.value for c in claim.citations), *(q.text for q in claim.quotes)))
    return [
        f"the date {d.text} is in nothing it cites"
        for d in found.dates
        if not any(same_date(d, m) for m in moments)
        and not (d.year == today.year and d.month in (None, today.month) and d.day in (None, today.day))
        and d.text not in quoted
    ]


def _times(found: Mentions, claim: Claim) -> list[str]:
    """A time of day is one that a cited literal writes, in the record's own zone."""
    written = " ".join(c.value for c in claim.citations) + " ".join(q.text for q in claim.quotes)
    return [f"the time {t} is in nothing it cites" for t in found.times if t not in written]


def _directions(found: Mentions, claim: Claim) -> list[str]:
    changes = [Decimal(c.value) for c in claim.computations if c.op in ("difference", "percent_change")]
    if not changes:
        return []
    if _RISE.search(found.words) and not _FALL.search(found.words) and all(c < 0 for c in changes):
        return ["it says a rise where the values fell"]
    if _FALL.search(found.words) and not _RISE.search(found.words) and all(c > 0 for c in changes):
        return ["it says a fall where the values rose"]
    return []


def _names(found: Mentions, claim: Claim, appraisal: Appraisal) -> list[str]:
    backed = backing(appraisal, claim.facts).union(*(named_in(what) for what in claim.absent))
    if any(c.op == "quotient_percent" for c in claim.computations):
        backed.add(("measurement", "mchc"))
    quoted = " ".join(c.value for c in claim.citations).lower()
    # Words in quotation marks are the note's own; they are held to the note, not to what else is cited.
    words = found.words
    for quote in claim.quotes:
        words = words.replace(quote.text.lower(), " ")
    named = [
        *measurements_in(words, appraisal.table),
        *medicines_in(words, appraisal.drug_table),
        *problems_in(words, appraisal.concepts),
    ]
    return [
        f"nothing it cites is about {name.word}"
        for name in named
        if (name.kind, name.key) not in backed
        and not re.search(rf"\b{re.escape(name.word)}", quoted)
        and not any(looked_for(name.word, what) for what in claim.absent)
    ]


def _foreign(claim: Claim, appraisal: Appraisal) -> list[str]:
    """A resource that a sentence names outright must be one of this chart's: it may be another patient's."""
    named = dict.fromkeys(m[0] for m in _REFERENCE.finditer(claim.text))
    return [f"it names {one}, which is not in this chart" for one in named if one not in appraisal.chart.resources]
