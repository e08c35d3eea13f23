"""Whether each word of a sentence is traced: then a model's sentence may be shown as fact, else as judgement."""

from __future__ import annotations

import re
from collections.abc import Sequence

from chart.appraisal import Appraisal
from chart.fact import Fact
from chart.moment import MONTHS
from claims.claim import Claim
from claims.lexicon import measurements_in, medicines_in, problems_in

_CONNECTING = frozenset(
    re.findall(
        r"\S+",
        """
        a an and are as at be been before by current currently dated during for from given had has have in is it its
        last latest list listed most name named no not of on or per previous previously recent record recorded result
        results since started still than that the then there this to until value values was were which with years year
        old male female patient patient's active measured now today first onset taken dose once twice daily day three
        times oral tablet mg
        """,
    )
)
_MOVING = frozenset({"rose", "fell", "rise", "fall", "up", "down", "change", "higher", "lower", "difference"})
_WORD = re.compile(r"[a-z][a-z'-]*")


def traced(claim: Claim, facts: Sequence[Fact], appraisal: Appraisal) -> bool:
    """Whether a sentence says nothing that the verifier cannot hold against the record.

    Numbers, dates, units, measurements, medicines and problems are the verifier's; here it is asked whether any other
    word is left that neither the cited literals hold nor merely connects.

    Args:
        claim: the sentence with what it cites.
        facts: the facts cited.
        appraisal: the chart.
    """
    said = claim.text.lower()
    names = [
        *measurements_in(said, appraisal.table),
        *medicines_in(said, appraisal.drug_table),
        *problems_in(said, appraisal.concepts),
    ]
    known = set(_CONNECTING) | {m.lower() for m in MONTHS}
    for text in (*(c.value for c in claim.citations), *(f.name for f in facts), *(f.status for f in facts)):
        known.update(_WORD.findall(text.lower()))
    for name in names:
        known.update(_WORD.findall(name.word))
    if any(c.op in ("difference", "percent_change") for c in claim.computations):
        known |= _MOVING
    rest = re.sub(r"\d\S*(?:\s?(?:%|[a-z]+/\S+|mg|g|kg|mmol|mcg|units))?", " ", said)
    return set(_WORD.findall(rest)) <= known
