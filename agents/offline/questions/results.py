"""Answers about results: a value, the highest, the mean, how it changed, how often it was measured."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from agents.offline.questions.asked import Limit
from agents.offline.questions.readings import by_measurement, leading, name_of, number_of, numeric, places_of
from agents.offline.questions.writing import NotAnswered, Page, distinct, measured, say_result
from agents.offline.words import chunks, listing
from chart.fact import Fact
from chart.units import shown
from claims.claim import Operation
from claims.sentence import Sentence

_MOST = 48
"""So many things measured at most, where it asks for all results."""
_EXTREMES: dict[str, Operation] = {"highest": "maximum", "lowest": "minimum"}


def value(page: Page) -> None:
    """The value that is asked for: the last one unless it says otherwise."""
    which = page.asked.form.which
    facts = page.facts
    if not facts:
        page.absent()
        return
    if page.subject.whole:
        _latest_of_each(page, facts)
        return
    if which in _EXTREMES or which == "mean":
        for group in by_measurement(page, numeric(page, facts)):
            _statistic(page, group)
        return
    fact = leading(page, facts)[0 if which == "first" else -1]
    s = page.sentence("First " if which == "first" else "Last ")
    page.add(say_result(s, page, fact).say("."), salience=1)
    _doubted(page, fact)


def _latest_of_each(page: Page, facts: Sequence[Fact]) -> None:
    """The last value of each thing measured, the newest first."""
    last = {name_of(page, f): f for f in facts if f.value is not None}
    newest = sorted(last.values(), key=lambda f: f.when.start.timestamp() if f.when else 0.0, reverse=True)
    for part in chunks(newest[:_MOST], 6):
        s = page.sentence("Last values: ")
        page.add(listing(s, part, lambda f, s=s: say_result(s, page, f), last="; ", between="; ").say("."))  # type: ignore[misc]


def whether(page: Page) -> None:
    """Whether it was measured; or whether the last value lies above or below a number."""
    limit = page.asked.form.limit
    facts = page.facts
    if not facts:
        page.absent("No: ")
        return
    if limit is not None and page.asked.form.ever and page.asked.form.which is None:
        _ever_beyond(page, limit, facts)
        return
    fact = leading(page, facts)[0 if page.asked.form.which == "first" else -1]
    if limit is None:
        # A word as a value may say that it is not so: "never smoker".
        lead = "Last " if isinstance(fact.value, str) else "Yes: last "
        page.add(say_result(page.sentence(lead), page, fact).say("."), salience=1)
        return
    number = number_of(page, fact)
    if number is None:
        raise NotAnswered("The last value on record is no number that could be compared.")
    s = say_result(page.sentence("Yes: last " if _beyond(page, fact, limit) else "Last "), page, fact)
    side = "above" if number > limit.value else "below" if number < limit.value else "exactly"
    page.add(s.say(f": {side} that number."), salience=1)
    _doubted(page, fact)


def _ever_beyond(page: Page, limit: Limit, facts: Sequence[Fact]) -> None:
    compared = leading(page, numeric(page, facts))
    beyond = [f for f in compared if _beyond(page, f, limit)]
    if not compared:
        raise NotAnswered("No value on record is a number that could be compared.")
    if beyond:
        s = page.sentence("Yes: ").calculate("count", beyond).say(" results, last ")
        page.add(say_result(s, page, beyond[-1]).say("."), salience=1)
        return
    pick, lead = (max, "Highest ") if limit.side == "above" else (min, "Lowest ")
    nearest = pick(compared, key=lambda f: number_of(page, f) or Decimal(0))
    page.add(say_result(page.sentence(lead), page, nearest).say(": that number is beyond it."), salience=1)


def _beyond(page: Page, fact: Fact, limit: Limit) -> bool:
    number = number_of(page, fact)
    if number is None:
        return False
    return (number > limit.value if limit.side == "above" else number < limit.value) or (
        limit.included and number == limit.value
    )


def when(page: Page) -> None:
    """The day of the last result, or of the first or highest."""
    which = page.asked.form.which
    if not page.facts or which in _EXTREMES:
        value(page)
        return
    fact = leading(page, page.facts)[0 if which == "first" else -1]
    s = say_result(page.sentence("First: " if which == "first" else "Last: "), page, fact)
    if page.asked.form.wants == "ago":
        s.say(", ").calculate("days_since", [fact]).say(" days ago")
    page.add(s.say("."), salience=1)


def count(page: Page) -> None:
    """How many results there are."""
    facts = distinct(leading(page, page.facts))
    limit = page.asked.form.limit
    if not facts:
        page.absent()
        return
    if limit is not None:
        facts = [f for f in facts if _beyond(page, f, limit)]
        if not facts:
            _ever_beyond(page, limit, page.facts)
            return
    s = page.sentence().calculate("count", facts).say(" results: ").name(facts[-1], name_of(page, facts[-1]))
    page.add(_dates(s, facts), salience=1)


def change(page: Page) -> None:
    """First and last value of the time that is asked about, and the difference."""
    facts = numeric(page, page.facts)
    if not facts:
        value(page)
        return
    for group in by_measurement(page, facts):
        first, last = group[0], group[-1]
        if first is last:
            page.add(say_result(page.sentence("Only one value: "), page, last).say("."), salience=1)
            continue
        _moved(page, first, last)
        for fact in (first, last):
            _doubted(page, fact)


def _moved(page: Page, first: Fact, last: Fact) -> None:
    before, after = number_of(page, first), number_of(page, last)
    if before is None or after is None:
        return
    direction = "rose" if after > before else "fell" if after < before else "stayed as it was"
    s = page.sentence().name(last, name_of(page, last)).say(f" {direction}: ")
    _plain(s, page, first).say(" → ")
    _plain(s, page, last)
    if after != before:
        known, _ = measured(page, last)
        places = max(places_of(before), places_of(after), known.decimals[0] if known else 0)
        s.say(", change ").calculate("difference", [first, last], places=min(places, 4), signed=True)
    else:
        s.also("difference", [first, last])
    page.add(s.say("."), salience=1)


def _plain(s: Sentence, page: Page, fact: Fact) -> Sentence:
    known, point = measured(page, fact)
    if known is not None and point is not None:
        return s.number(point, known).say(" (").date(fact).say(")")
    unit = f" {shown(fact.unit)}" if fact.unit and not fact.unit.startswith("{") else ""
    s.say(f"{fact.cells['value'].text}{unit}").cite(fact, "value", "unit_code", "unit")
    return s.say(" (").date(fact).say(")")


def _statistic(page: Page, facts: Sequence[Fact]) -> None:
    which = page.asked.form.which or "highest"
    if which == "mean":
        known, _ = measured(page, facts[0])
        unit = known.unit if known else facts[0].unit or ""
        s = (
            page.sentence("Mean of ")
            .calculate("count", facts)
            .say(" values of ")
            .name(facts[-1], name_of(page, facts[-1]))
        )
        places = known.decimals[1] if known else 2
        s.say(": ").calculate("mean", facts, places=places).say(f" {shown(unit)}" if unit else "")
        page.add(_dates(s, facts), salience=1)
        return
    pick = max if which == "highest" else min
    best = pick(facts, key=lambda f: number_of(page, f) or Decimal(0))
    s = say_result(page.sentence(f"{which.capitalize()} "), page, best)
    page.add(s.also(_EXTREMES[which], facts).say("."), salience=1)
    relied = [f for f in facts if f.reference not in page.material.appraisal.doubtful]
    if best not in relied and relied:
        best = pick(relied, key=lambda f: number_of(page, f) or Decimal(0))
        s = say_result(page.sentence(f"That value cannot be relied on; the {which} that can: "), page, best)
        page.add(s.say("."))


def _dates(s: Sentence, facts: Sequence[Fact]) -> Sentence:
    dated = [f for f in facts if f.when]
    if not dated:
        return s.say(".")
    s.say(", ").date(dated[0])
    return (s.say(" to ").date(dated[-1]) if len(dated) > 1 else s).say(".")


def _doubted(page: Page, fact: Fact) -> None:
    """Where the value is not relied on, the last one that is."""
    known, point = measured(page, fact)
    if known is None or point is None or point.doubt is None:
        return
    latest = page.material.appraisal.series[known.key].latest
    if latest is not None:
        s = page.sentence("That value cannot be relied on; the last that can: ").measured(latest, known)
    else:
        s = page.sentence("That value cannot be relied on: ").name(fact, known.name).say(" (").date(fact).say(")")
    page.add(s.say("."))
