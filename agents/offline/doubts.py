"""The words of "Do not rely on": implausible values, conflicts and what notes only repeat."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from agents.offline.act_first import claim_of
from agents.offline.words import chunks, listing, measurement, printed, say_problem_fact
from agents.reasoner import Material
from chart.finding import Finding
from claims.claim import Claim
from claims.sentence import Sentence

KINDS = (
    "implausible",
    "same_moment",
    "blood_count",
    "kidney_values",
    "repeated_values",
    "note_problem",
    "smoking_conflict",
    "instruction_in_note",
    "instruction_in_entry",
)


def doubts(m: Material, number: Callable[[], str], told: AbstractSet[str]) -> tuple[Claim, ...]:
    """One claim a kind of doubt; doubts of the same kind share a sentence.

    Args:
        m: the chart.
        number: gives the next claim id.
        told: results whose value stands elsewhere on the page; what is said of them there is enough.
    """
    claims: list[Claim] = []
    for kind in KINDS:
        before = told | printed(claims, m)
        found = _once([f for f in _in_order(m.appraisal.of(kind)) if not (f.points and f.points[-1].fact.id in before)])
        if kind == "repeated_values":
            claims.extend(_repeated(m, found, number))
        elif kind == "kidney_values":
            claims.extend(claim_of(f, m, number(), salience=4, told=before) for f in found)
        else:
            claims.extend(_listed(m, kind, found, number, before))
    return tuple(claims)


def noticed(m: Material) -> tuple[str, ...]:
    """What is to be said of text that addresses a program, whoever drafts and whatever the drafts say."""
    kinds = ("instruction_in_note", "instruction_in_entry")
    return tuple(c.text for k in kinds for c in _listed(m, k, m.appraisal.of(k), lambda: "", frozenset()))


def _listed(
    m: Material, kind: str, found: Sequence[Finding], number: Callable[[], str], told: AbstractSet[str]
) -> Iterator[Claim]:
    """The doubts of one kind, eight a sentence."""
    for group in chunks(found, 8):
        s = Sentence(m.appraisal, told=told).say(_TITLES[kind])
        listing(s, group, lambda f, s=s: _WORDS[kind](s, f, m), last="; ", between="; ")  # type: ignore[misc]
        yield s.claim(number(), salience=4)


def _in_order(found: Sequence[Finding]) -> list[Finding]:
    """What another measurement denies comes first: it says more of the same value than a limit does."""
    return sorted(found, key=lambda f: not f.others)


def _once(found: Sequence[Finding]) -> list[Finding]:
    """One finding for each last value; a result is not printed twice."""
    by_value: dict[object, Finding] = {}
    for finding in found:
        by_value.setdefault(finding.points[-1].fact.id if finding.points else id(finding), finding)
    return list(by_value.values())


def _implausible(s: Sentence, f: Finding, m: Material) -> None:
    last = f.points[-1]
    if f.others:
        near = f.others[-1]
        s.measured(last, measurement(m, last)).say(" implies a mean glucose near ")
        s.calculate("implied_glucose", [last.fact]).say(" mg/dL, measured ")
        s.measured(near, measurement(m, near))
        return
    s.measured(last, measurement(m, last))


def _same_moment(s: Sentence, f: Finding, m: Material) -> None:
    what = measurement(m, f.points[-1])
    moment = f.points[-1].when.start
    pair = [p for p in f.points if p.when.start == moment]
    s.name(pair[0].fact, what.name).say(" ")
    for index, point in enumerate(pair):
        if index:
            s.say(" / ")
        s.number(point, what, unit=False)
    s.say(" (").date(pair[-1].fact).say(")")


def _blood_count(s: Sentence, f: Finding, m: Material) -> None:
    hb, hct = f.points
    s.name(hb.fact, "Hb").say(" ").number(hb, measurement(m, hb), unit=False).say(" with ").name(hct.fact, "Hct").say(
        " "
    )
    s.number(hct, measurement(m, hct), unit=False).say(" (").date(hb.fact).say(") implies an MCHC of ")
    s.calculate("quotient_percent", [hb.fact, hct.fact], places=1)
    if f.others and not s.knows(f.others[0]):
        s.say(", ").cite(f.others[0].fact, "name").say("reported ").number(
            f.others[0], measurement(m, f.others[0]), unit=False
        )
    _again(s, m, ": repeat the count")


def _again(s: Sentence, m: Material, words: str) -> None:
    """What to do about it; nothing is asked of the dead."""
    if not m.appraisal.chart.deceased:
        s.say(words)


def _repeated(m: Material, found: Sequence[Finding], number: Callable[[], str]) -> list[Claim]:
    """What never varies; measurements that repeat over the same days share their count."""
    runs: dict[tuple[int, object], list[Finding]] = {}
    for finding in found:
        runs.setdefault((len(finding.points), finding.points[-1].day), []).append(finding)
    claims = []
    for group in chunks(list(runs.values()), 4):
        s = Sentence(m.appraisal).say("Same decimals each time: ")
        listing(s, group, lambda run, s=s: _run(s, run, m), last="; ", between="; ")  # type: ignore[misc]
        claims.append(s.claim(number(), salience=4))
    return claims


def _run(s: Sentence, run: Sequence[Finding], m: Material) -> None:
    def one(f: Finding) -> None:
        last = f.points[-1]
        s.name(last.fact, measurement(m, last).name).say(" ").number(last, measurement(m, last))
        s.cite(last.fact, "when").also("count", [p.fact for p in f.points])

    listing(s, run, one)
    s.say(" on ").calculate("count", [p.fact for p in run[0].points]).say(" days running, last ")
    s.date(run[0].points[-1].fact)


def _note_problem(s: Sentence, f: Finding, m: Material) -> None:
    """A note and the problem list, each with its date."""
    note = next(n for n in m.appraisal.chart.notes if n.fact is f.facts[0])
    s.say("The note of ").date(note.fact).say(" says ").quote(note.fact, note.path, f.words["quote"])
    if len(f.facts) > 1:
        s.say(", the problem list has ")
        say_problem_fact(s, f.facts[1])
    elif look := m.looked_at("Condition"):
        s.absent(", and it is not on the problem list", look, f"listed_problem:{f.key}")


def _smoking(s: Sentence, f: Finding, m: Material) -> None:
    coded, noted = f.facts
    note = next(n for n in m.appraisal.chart.notes if n.fact is noted)
    s.say("Smoking: coded “").say(str(coded.value)).cite(coded, "value", "name").say("” (").date(coded)
    s.say("), the notes say ").quote(noted, note.path, f.words["quote"])


def _instruction(s: Sentence, f: Finding, m: Material) -> None:
    many = len(f.facts) > 1
    if f.kind == "instruction_in_note":
        s.calculate("count", f.facts).say(f" note{'s hold' if many else ' holds'}")
    else:
        s.calculate("count", f.facts).say(f" {'entries hold' if many else 'entry holds'}")
    s.say(" text that reads like instructions to a program")
    if f.when:
        s.say(", last ").date(f.facts[-1])
    s.say("; it was treated as text")


_TITLES = {
    "implausible": "Implausible: ",
    "same_moment": "Two values at one moment, left out of trends: ",
    "blood_count": "Blood count contradicts itself: ",
    "note_problem": "",
    "smoking_conflict": "",
    "instruction_in_note": "",
    "instruction_in_entry": "",
}
_WORDS: Mapping[str, Callable[[Sentence, Finding, Material], None]] = {
    "implausible": _implausible,
    "same_moment": _same_moment,
    "blood_count": _blood_count,
    "note_problem": _note_problem,
    "smoking_conflict": _smoking,
    "instruction_in_note": _instruction,
    "instruction_in_entry": _instruction,
}
