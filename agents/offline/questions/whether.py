"""Yes with what shows it, or no with what was looked for: problems, medicines, allergies and what was done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from agents.offline.questions.entries import QUIET, by_name, courses_of, in_state, name_all, none_known, say_order
from agents.offline.questions.lexicon import Kind
from agents.offline.questions.subject import RESOURCE
from agents.offline.questions.writing import Page
from chart.concept import plain_name
from chart.courses import is_live
from chart.extract.condition import ACTIVE
from chart.fact import Fact
from claims.sentence import Sentence

_ALL: Mapping[Kind, str] = {
    "allergy": "Yes, on the allergy list: ",
    "immunization": "Yes: ",
    "encounter": "Yes: ",
    "problem": "Yes: ",
}


def whether(page: Page) -> None:
    """Yes with what shows it, or no with what was looked for."""
    facts = page.facts
    if not facts:
        page.absent("No: ")
        none_known(page)
        _related(page)
        _seen_for(page)
        return
    if page.subject.whole:
        # "Surgery" asks for more than "a procedure": what there is is listed, and not called one.
        name_all(page, _ALL.get(page.subject.kind or "result", "On record: "), _of_now(page))
        return
    _WHETHER.get(page.subject.kind or "result", _done)(page, facts)


def _of_now(page: Page) -> Sequence[Fact]:
    facts = in_state(page)
    return (
        facts if page.asked.form.state != "any" else tuple(f for f in facts if f.status not in ("inactive", "resolved"))
    )


def _related(page: Page) -> None:
    """Entries that our table puts in the same row: another name may be meant."""
    for fact in page.subject.related:
        s = page.sentence("Another name on the list: ").name(fact, plain_name(fact.name)).say(f", {fact.status}")
        page.add(s.cite(fact, "status").say("."))


def _seen_for(page: Page) -> None:
    """A problem that is not on the list may still be what visits were for."""
    if page.subject.kind != "problem" or page.subject.whole:
        return
    words = page.subject.words.lower()
    visits = [f for f in page.material.appraisal.chart.of("encounter") if "reason" in f.tags]
    found = [f for f in visits if words in plain_name(f.name).lower()]
    if found:
        s = (
            page.sentence()
            .calculate("count", found)
            .say(" visits were for ")
            .name(found[-1], plain_name(found[-1].name))
        )
        page.add(s.say(", last ").date(found[-1]).say("."))


def _problem(page: Page, facts: Sequence[Fact]) -> None:
    active = [f for f in facts if f.status in ACTIVE]
    now = page.asked.form.state != "past" and page.asked.period is None
    for group in by_name(active if now and active else facts):
        last = group[-1]
        if last.status in ACTIVE:
            s = page.sentence("Yes: ").name(last, plain_name(last.name)).say(" is active").cite(last, "status")
            page.add((s.say(", since ").date(last) if last.when else s).say("."), salience=1)
        else:
            lead = (
                "No longer: "
                if now and page.asked.form.wants == "whether" and not _ever(page)
                else "Yes, in the past: "
            )
            page.add(_over(page.sentence(lead), last).say("."), salience=1)


def _over(s: Sentence, fact: Fact) -> Sentence:
    s.name(fact, plain_name(fact.name)).say(f" is {fact.status}").cite(fact, "status")
    if fact.when:
        s.say(", began ").date(fact)
    return s.say(", ended ").date(fact, "ended") if fact.ended else s


def _ever(page: Page) -> bool:
    return page.asked.form.state == "past" or page.asked.form.ever


def _medicine(page: Page, facts: Sequence[Fact]) -> None:
    orders = [f for f in facts if f.kind == "medication"]
    live = [f for f in orders if is_live(f)]
    if page.asked.period is not None or _ever(page) or not orders:
        page.add(say_order(page.sentence("Yes: "), page, (orders or facts)[-1]).say("."), salience=1)
        return
    for course in courses_of(page, live):
        s = say_order(page.sentence("Yes: "), page, course.last)
        if course.state == "stale":
            s.say("; an old order: ask whether it is taken")
        page.add(s.say("."), salience=1)
    if not live:
        _not_now(page, orders[-1])


def _not_now(page: Page, last: Fact) -> None:
    look = page.material.looked_at(RESOURCE["medication"])
    key = page.subject.ingredient or ""
    substances = page.material.appraisal.drug_table.read(last.name).substances
    if last.status in QUIET and look is not None and (key in substances or not key):
        s = page.sentence().absent(
            "No: no order in use; ", look, *(f"current_ingredient:{k}" for k in sorted(substances))
        )
    else:
        s = page.sentence("No: ")
    page.add(say_order(s, page, last).say("."), salience=1)


def _allergy(page: Page, facts: Sequence[Fact]) -> None:
    for fact in facts:
        over = fact.status in ("inactive", "resolved")
        s = page.sentence("No longer: " if over else "Yes: ").name(fact, plain_name(fact.name))
        s.say(f" is {fact.status}" if over else " is on the allergy list").cite(fact, "status", "criticality")
        recorded = fact.recorded or fact.when
        if recorded:
            s.say(", recorded ").date(fact, "recorded" if fact.recorded else "when")
        page.add(s.say("."), salience=1)


def _done(page: Page, facts: Sequence[Fact]) -> None:
    for group in by_name(facts):
        s = page.sentence("Yes: ").name(group[-1], plain_name(group[-1].name)).say(", ")
        if len(group) > 1:
            s.calculate("count", group).say(" times, last ")
        page.add((s.date(group[-1]) if group[-1].when else s.say("no date")).say("."), salience=1)


_WHETHER: Mapping[Kind, Callable[[Page, Sequence[Fact]], None]] = {
    "problem": _problem,
    "medication": _medicine,
    "allergy": _allergy,
}
