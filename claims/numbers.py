"""What backs each number of a sentence: a cited value, a computation, or words of the record that hold it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from chart.appraisal import Appraisal
from chart.fact import Fact
from chart.measurement import round_to
from chart.moment import Moment, parse_moment
from chart.units import same_unit, shown, ucum
from claims.claim import Citation, Claim, Computed
from claims.lexicon import measurements_in, medicines_in
from claims.mention import DateMention, Mentions, NumberMention

_DAY_WORDS = {
    "d": ("day", "days"),
    "mo": ("month", "months"),
    "a": ("year", "years", "y"),
    "wk": ("weeks",),
    "": ("readings", "results", "notes", "visits", "draws", "days"),
}


def same_date(mention: DateMention, moment: Moment) -> bool:
    """Whether a date as written is this moment, as far as it is written."""
    return (
        mention.year in (None, moment.year)
        and mention.month in (None, moment.month)
        and mention.day in (None, moment.day)
    )


def unbacked(found: Mentions, claim: Claim, facts: Sequence[Fact], appraisal: Appraisal) -> list[str]:
    """Why the numbers of a sentence do not stand: one reason for each that nothing backs.

    Args:
        found: what the sentence mentions.
        claim: the sentence with what it cites.
        facts: the facts it cites or computes from.
        appraisal: the chart.
    """
    reasons = []
    cited = {c.fact for c in claim.citations if _is_number(c.value)}
    valued = [f for f in facts if f.id in cited and isinstance(f.value, Decimal)]
    backing: list[frozenset[str]] = []
    for number in found.numbers:
        computed = [str(i) for i, c in enumerate(claim.computations) if _matches_computed(number, c)]
        matching = [
            f
            for f in valued
            if _matches_fact(number, f, appraisal) and _measures_what_is_named(f, number, found, appraisal)
        ]
        if not computed and _in_name(number, found, claim):
            matching = []  # "stage 1 (2019)": that some value rounds to 1 as well makes it none
        backing.append(frozenset([*computed, *(f.id for f in matching)]))
        if computed:
            continue
        if not matching:
            if not _in_words(number, found, claim, appraisal) and not _in_looked_for(number, found, claim, appraisal):
                unit = f" {number.unit}" if number.unit else ""
                reasons.append(f"the number {number.text}{unit} is in nothing it cites")
        elif number.dated and not any(f.when and same_date(number.dated, f.when) for f in matching):
            reasons.append(f"{number.text} was not measured on {number.dated.text}")
    return [*reasons, *_one_for_another(found, backing, {f.id for f in valued}, claim)]


def _one_for_another(
    found: Mentions, backing: Sequence[frozenset[str]], cited: set[str], claim: Claim
) -> Iterator[str]:
    """A number said twice while another that is cited or computed is never said: one stands in the other's place."""
    unsaid = (cited | {str(i) for i in range(len(claim.computations))}) - frozenset().union(*backing)
    if not unsaid:
        return
    seen: dict[frozenset[str], int] = {}
    for number, grounds in zip(found.numbers, backing, strict=True):
        if grounds:
            seen[grounds] = seen.get(grounds, 0) + 1
            if seen[grounds] > len(grounds):
                yield f"{number.text} is said again where another value is cited"


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", text) is not None


def _matches_computed(number: NumberMention, one: Computed) -> bool:
    stated = Decimal(one.value)
    if not (number.value == stated or (not number.signed and number.value == abs(stated))):
        return False
    if not number.unit:
        return one.unit not in ("d", "mo", "wk")  # a span of time is always said with its unit
    words = _DAY_WORDS.get(one.unit)
    return number.unit in words if words else number.unit == shown(one.unit) or same_unit(number.unit, one.unit)


def _matches_fact(number: NumberMention, fact: Fact, appraisal: Appraisal) -> bool:
    measurement = appraisal.table.measured_by(fact)
    candidates = [(fact.value, fact.unit or "")]
    if measurement and (converted := measurement.value_of(fact)) is not None:
        candidates.append((converted, measurement.unit))
    return any(isinstance(v, Decimal) and _close(number, v) and _unit_fits(number.unit, u) for v, u in candidates)


def _close(number: NumberMention, value: Decimal) -> bool:
    """Equal, or the value rounded to the decimals shown with at most 1.5 % lost."""
    stated = -number.value if not number.signed and value < 0 else number.value
    places = len(number.text.partition(".")[2])
    return stated == value or (round_to(value, places) == stated and abs(stated - value) * 1000 <= abs(value) * 15)


def _unit_fits(written: str, unit: str) -> bool:
    return not written or written == shown(unit) or same_unit(ucum(written), unit)


def _in_words(number: NumberMention, found: Mentions, claim: Claim, appraisal: Appraisal) -> bool:
    """A number from words (``amlodipine 2.5 mg``, ``type 2``) stands in them, with the unit that they give it."""
    named = _named_before(number, found, claim, appraisal)
    cells = [c for c in claim.citations if (not named or c.fact in named) and not parse_moment(c.value)]
    texts = [c.value.lower() for c in cells if not _is_measured(c) and not c.path.endswith((".unit", ".code"))]
    texts.extend(q.text.lower() for q in claim.quotes)
    digits = rf"(?<![a-z\d.]){re.escape(number.text)}(?!\.?\d)"
    if _in_strength(number, found, cells, appraisal):
        return True
    if not number.unit:
        return any(re.search(digits, text) for text in texts)
    unit = number.unit.lower()
    written = "|".join(re.escape(u) for u in {unit, _WORD_UNITS.get(unit, unit)})
    if any(re.search(rf"{digits}\s*(?:{written})", text) for text in texts):
        return True
    # A dose stands in two literals of one resource: the amount and its unit.
    amounts = {c.fact for c in cells if c.value == number.text and not _is_measured(c)}
    return any(c.fact in amounts and c.value.lower() == unit for c in cells)


def _in_name(number: NumberMention, found: Mentions, claim: Claim) -> bool:
    """Whether a bare number stands in a cited name behind the same word as in the sentence, as in ``stage 1``."""
    before = re.search(r"([a-z]+)[\s-]+$", found.words[: number.start])
    if before is None or number.unit:
        return False
    pattern = rf"\b{before[1]}[\s-]+{re.escape(number.text)}(?![\d.]*\d)"
    return any(re.search(pattern, c.value.lower()) for c in claim.citations if not _is_measured(c))


def _in_looked_for(number: NumberMention, found: Mentions, claim: Claim, appraisal: Appraisal) -> bool:
    """Whether a bare number ends the name of a problem that was looked for, as in ``COVID-19``."""
    before = re.search(r"[a-z]+-$", found.words[: number.start])
    if before is None or number.unit:
        return False
    keys = {what.partition("@")[0].rpartition(":")[2] for what in claim.absent}
    name = f"{before[0]}{number.text}"
    return any(name in c.short.lower().split() for c in appraisal.concepts if c.key in keys)


def _in_strength(number: NumberMention, found: Mentions, cells: Sequence[Citation], appraisal: Appraisal) -> bool:
    """Whether a cited medicine has this strength as it is said; of ``250/50 mcg`` only the last has the unit."""
    before_more = found.words[number.end : number.end + 1] == "/"
    facts = {c.fact: appraisal.chart.by_id[c.fact] for c in cells}
    said = [
        strength
        for fact in facts.values()
        if fact.kind in ("medication", "administration", "dispense")
        for strength in appraisal.drug_table.read(fact.name).strengths
    ]
    return any(n == number.text and (u == number.unit or (before_more and not number.unit)) for n, u in said)


def _is_measured(citation: Citation) -> bool:
    """A measured value backs a number as a value, in its unit and on its day, and not as a word."""
    return citation.path.startswith("Observation.") and _is_number(citation.value)


def _named_before(number: NumberMention, found: Mentions, claim: Claim, appraisal: Appraisal) -> set[str]:
    """The cited facts about the medicine that a strength stands behind; none where none is named."""
    if not number.unit:
        return set()
    names = [m for m in medicines_in(_part(number, found), appraisal.drug_table) if m.kind == "ingredient"]
    if not names:
        return set()
    cited = {c.fact: appraisal.chart.by_id[c.fact] for c in claim.citations}
    return {i for i, f in cited.items() if names[-1].key in appraisal.drug_table.read(f.name).substances}


def _part(number: NumberMention, found: Mentions) -> str:
    """The words before a number since the last comma or other stop."""
    return re.split(r"[,;:](?=\s)|\.\s", found.words[: number.start])[-1]


def _measures_what_is_named(fact: Fact, number: NumberMention, found: Mentions, appraisal: Appraisal) -> bool:
    """Whether a value is of the measurement that its part of the sentence names, where it names one."""
    part = _part(number, found)
    named = {name.key for name in measurements_in(part, appraisal.table)}
    if re.search(r"\bbp\b|\bblood pressure\b", part):
        named |= {"systolic", "diastolic"}
    measured = appraisal.table.measured_by(fact)
    return not named or measured is None or measured.key in named


_WORD_UNITS = {"units": "unt", "mcg": "ug", "mg/actuat": "mg/actuat", "mg/ml": "mg/ml"}
