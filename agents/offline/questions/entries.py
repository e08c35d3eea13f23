"""Answers about what a chart lists: how many entries, which, since when, how much."""

from __future__ import annotations

from collections.abc import Sequence

from agents.offline.questions.writing import NotAnswered, Page, called, distinct
from agents.offline.words import chunks, listing, say_dose
from chart.concept import plain_name
from chart.courses import Course, is_live
from chart.extract.condition import ACTIVE
from chart.fact import Fact
from claims.sentence import Sentence

QUIET = frozenset({"completed", "finished", "unknown", ""})
"""Statuses of a past order that say nothing of why it is past."""


_STATE = {"any": "", "current": "active", "past": "past"}


def count(page: Page) -> None:
    """How many entries there are, after the state that is asked about."""
    facts = in_state(page)
    if not facts:
        if page.facts and page.asked.form.state != "any":
            _none_in_state(page)
            return
        page.absent()
        return
    state = f"{_STATE[page.asked.form.state]} " if page.subject.kind in ("problem", "medication") else ""
    one = distinct(facts)
    s = page.sentence().calculate("count", one).say(f" {state}{called(page.subject, count=len(one))}")
    dated = [f for f in one if f.when]
    if len(dated) > 1:
        s.say(", ").date(dated[0]).say(" to ").date(dated[-1])
    elif dated:
        s.say(", ").date(dated[0])
    if any(f.status not in ACTIVE | QUIET for f in one) and page.subject.kind in ("problem", "medication", "allergy"):
        s.say(", past ones counted")
    page.add(s.cite(one[-1], "status").say("."), salience=1)
    if page.subject.kind == "medication" and page.asked.form.state == "current":
        name_all(page, "In use: ", one)


def _none_in_state(page: Page) -> None:
    """Entries there are, and none in the state that is asked about: what they are instead."""
    last = page.facts[-1]
    s = (
        page.sentence("0 of the ")
        .calculate("count", distinct(page.facts))
        .say(f" on record; the last is {last.status}: ")
    )
    page.add(s.name(last, plain_name(last.name)).cite(last, "status").say("."), salience=1)


def in_state(page: Page) -> tuple[Fact, ...]:
    """The entries in the state that is asked about: active or past ones."""
    state, kind = page.asked.form.state, page.subject.kind
    if kind == "medication":
        orders = tuple(f for f in page.facts if f.kind == "medication") or page.facts
        if page.asked.form.wants == "count":
            orders = tuple(f for f in orders if "statement" not in f.tags) or orders
        if state == "any":
            return orders
        return tuple(f for f in orders if is_taken(f) == (state == "current"))
    if kind == "problem" and state != "any":
        return tuple(f for f in page.facts if (f.status in ACTIVE) == (state == "current"))
    return page.facts


def listed(page: Page) -> None:
    """The names, each once, with how often and when last."""
    kind = page.subject.kind
    if kind in ("problem", "medication") and page.asked.form.state == "any" and page.asked.period is None:
        facts = tuple(f for f in page.facts if (f.status in ACTIVE if kind == "problem" else is_taken(f))) or page.facts
    else:
        facts = in_state(page)
    if not facts:
        if not none_known(page):
            page.absent()
        return
    if page.asked.form.which in ("last", "first") and page.asked.form.state != "current":
        end = facts[-1] if page.asked.form.which == "last" else facts[0]
        facts = tuple(f for f in facts if f.when and end.when and f.when.date == end.when.date) or (end,)
    name_all(page, "", facts)
    held = [f for f in page.facts if kind == "medication" and is_live(f) and not is_taken(f)]
    if held and page.asked.form.state != "past":
        name_all(page, "On hold: ", held)


def is_taken(order: Fact) -> bool:
    """Whether an order is active and not on hold."""
    return is_live(order) and order.status != "on-hold"


def none_known(page: Page) -> bool:
    """Say that the record itself says that no allergy is known, where it does."""
    said = [f for f in page.material.appraisal.chart.of("allergy") if "none_known" in f.tags]
    if page.subject.kind != "allergy" or not said:
        return False
    s = page.sentence("The list says: ").name(said[-1], plain_name(said[-1].name))
    page.add((s.say(", recorded ").date(said[-1]) if said[-1].when else s).say("."), salience=1)
    return True


def name_all(page: Page, lead: str, facts: Sequence[Fact]) -> None:
    """Name entries, each name once, with the last day."""
    medicines = page.subject.kind == "medication"
    groups = by_name(facts)
    for part in chunks(groups):
        s = page.sentence(lead)

        def say(group: list[Fact], s: Sentence = s) -> None:
            last = group[-1]
            s.name(last, short(page, last) if medicines else plain_name(last.name)).cite(last, "status")
            if last.status and last.kind in ("problem", "medication") and last.status not in ACTIVE | QUIET:
                s.say(f", {last.status}")
            if last.when:
                s.say(" (").date(last).say(")")

        listing(s, part, say, last="; ", between="; ")
        page.add(s.say("."), salience=1)


def by_name(facts: Sequence[Fact]) -> list[list[Fact]]:
    """Entries together that have one name, in the order of their first."""
    groups: dict[str, list[Fact]] = {}
    for fact in facts:
        groups.setdefault(plain_name(fact.name).lower(), []).append(fact)
    return list(groups.values())


def when(page: Page) -> None:
    """The day: of the first entry where it asks for a beginning, else of the last."""
    facts = in_state(page) or page.facts
    if not facts:
        page.absent()
        return
    form = page.asked.form
    begins = form.begins and form.which != "last"
    if form.ends:
        _ended(page, facts[-1])
        return
    fact = facts[0] if form.which == "first" or begins or form.wants == "since" else facts[-1]
    lead = "First: " if fact is facts[0] and len(facts) > 1 else "Last: " if len(facts) > 1 else ""
    name = short(page, fact) if page.subject.kind == "medication" else plain_name(fact.name)
    s = page.sentence(lead).name(fact, name).say(", ")
    if fact.when is None:
        raise NotAnswered("The entry has no date.")
    s.date(fact)
    if form.wants == "ago":
        s.say(", ").calculate("days_since", [fact]).say(" days ago")
    elif form.wants == "since":
        s.say(", ").calculate("months_since", [fact]).say(" months ago")
    if fact.kind in ("problem", "medication", "allergy") and fact.status:
        s.say(f", {fact.status}").cite(fact, "status")
    page.add(s.say("."), salience=1)


def _ended(page: Page, fact: Fact) -> None:
    if fact.ended is None:
        s = page.sentence().name(fact, plain_name(fact.name)).say(f" has an open end: {fact.status or 'no status'}")
        page.add(s.cite(fact, "status").say("."), salience=1)
        return
    s = page.sentence().name(fact, plain_name(fact.name)).say(f", {fact.status}: ended ").cite(fact, "status")
    page.add(s.date(fact, "ended").say("."), salience=1)


def dose(page: Page) -> None:
    """How much of a medicine, and how often, by the order that speaks for it."""
    orders = [f for f in page.facts if f.kind == "medication"]
    if not orders:
        page.absent()
        return
    live = [f for f in orders if is_live(f)]
    for course in courses_of(page, live or orders[-1:]):
        page.add(say_order(page.sentence(), page, course.last).say("."), salience=1)


def say_order(s: Sentence, page: Page, fact: Fact) -> Sentence:
    """Name a medicine with its dose, its last order and that order's status."""
    s.name(fact, short(page, fact))
    course = next((c for c in page.material.appraisal.courses if c.last.id == fact.id), None)
    if course is not None:
        say_dose(s, course)
    given = "last given" if fact.kind == "administration" else "last ordered"
    s.say(f", {given} ").date(fact).say(f", {fact.status or 'no status'}").cite(fact, "status")
    return s


def short(page: Page, fact: Fact) -> str:
    """A medicine as a clinician writes it."""
    return page.material.appraisal.drug_table.read(fact.name).short


def courses_of(page: Page, orders: Sequence[Fact]) -> list[Course]:
    """The courses that some orders are part of."""
    wanted = {f.id for f in orders}
    return [c for c in page.material.appraisal.courses if wanted & {o.id for o in c.orders}]
