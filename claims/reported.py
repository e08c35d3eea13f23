"""What a radiologist's report says of a finding, sentence by sentence: there, not there, or left open, and where.

Cues are those of notes (`chart.note_cues`) and a few that reports have besides. A sentence that only compares ("no
change in the effusion") says that the thing is there; "no new effusion" says nothing of an old one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from chart.note_cues import heading, meaning
from chart.notes import split_sentences
from claims.findings import Known, above, counting, known, row_of
from claims.seen import Reported, Seen, Side, State

_COMPARES = re.compile(
    r"\b(?:no|without)\s+(?:(?:significant|interval|substantial|definite|appreciable|relevant|short|term|further)\s+)*"
    r"(?:change|increase|decrease|progression|improvement|worsening|growth)s?\b",
    re.I,
)
_ONLY_NEW = re.compile(r"\bno (?:\w+ )?new\b", re.I)
_OPEN = re.compile(
    r"\b(?:cannot|can not|can't|could not) be (?:entirely |completely )?(?:excluded|ruled out)\b"
    r"|\bnot (?:entirely )?excluded\b"
    r"|\b(?:possible|possibly|probable|probably|likely|unlikely|suspected|suspicious|questionable|equivocal|suggest\w*)\b"
    r"|\b(?:may|might|could) (?:represent|reflect|be|indicate)\b|\bversus\b|\bvs\b",
    re.I,
)
_GONE = re.compile(
    r"\b(?:is|are|was|were|has|have)\s+(?:been\s+)?(?:now\s+|completely\s+|fully\s+)*(?:absent|resolved|cleared|excluded|removed)\b"
    r"|\bnot (?:\w+ )?(?:seen|identified|present|visuali[sz]ed|appreciated|evident|detected|demonstrated)\b"
    r"|\b(?:has|have) (?:completely |fully )?(?:resolved|cleared)\b"
    r"|\bresolution of\b|\bno longer\b|\binterval removal\b",
    re.I,
)
_SIDES = (("both", r"\b(?:bilateral\w*|both|bibasilar|biapical)\b"), ("left", r"\bleft\b"), ("right", r"\bright\b"))
_OTHER_SECTIONS = frozenset(
    {
        "indication",
        "history",
        "clinical history",
        "clinical information",
        "comparison",
        "technique",
        "reason for exam",
        "exam",
        "examination",
    }
)
_HEADINGS = re.compile(
    r"\s+(?=(?:FINDINGS?|IMPRESSION|CONCLUSION|COMPARISON|TECHNIQUE|INDICATION|HISTORY|EXAM(?:INATION)?)\s*:)", re.I
)
_STANDS = re.compile(
    r"\b(?:there (?:is|are)|(?:is|are|was|were) (?:\w+ )?(?:seen|present|noted|identified|unchanged|stable)"
    r"|again|persists?|remains?|noted)\b",
    re.I,
)
_LISTED = re.compile(r"\s*(?:or|nor)\b", re.I)
_BEFORE_NOW = re.compile(r"\bpreviously (?:seen|noted|described|identified|demonstrated|reported|known)\b", re.I)
_NO = re.compile(r"\b(?:no|not|without|nor|neither)\b", re.I)
_OTHER_STATEMENT = re.compile(r";|\bbut\b|\bhowever\b|\balthough\b|,\s+(?=(?:no|with|and)\b)", re.I)
_INLINE = re.compile(r"^\s*(?P<title>[A-Za-z][A-Za-z /]{2,30}):\s*")
_WHOLE = 400
"""How far a "no" reaches in a report: lists of what is not there run to the sentence's end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mention:
    """One sentence of a report about one finding."""

    finding: str
    """Which."""
    state: State
    """What it says."""
    sides: frozenset[Side]
    """The sides that stand by it; empty where none does."""
    sentence: str
    """The sentence."""


def mentions(text: str, others: Sequence[str] = ()) -> tuple[Mention, ...]:
    """What a report says, in its order.

    Args:
        text: the report, plain.
        others: findings beyond the known ones, looked for by their own words.
    """
    rows = [*known(), *(Known(name=one, says=(one.lower(),)) for one in dict.fromkeys(others) if not row_of(one))]
    return tuple(found for sentence in _sentences(text) for row in rows if (found := _mention(row, sentence)))


def compared(seen: Seen, said: Sequence[Mention]) -> Reported:
    """How a finding stands to what a report says."""
    # That a kind of it is not there says nothing of the other kinds.
    about = [
        one
        for one in said
        if one.finding == seen.finding or (one.finding in counting(seen.finding) and one.state != "absent")
    ]
    denied = [one for one in said if one.state == "absent" and one.finding in above(seen.finding)]
    here = [one for one in about if _meets(one.sides, seen.side)]
    if here or denied:
        return _verdict(seen, here or denied)
    elsewhere = next((one for one in about if one.state == "present"), None)
    if elsewhere is not None and seen.state == "present":
        side = " and ".join(sorted(elsewhere.sides))
        return Reported(verdict="contradicts", sentence=elsewhere.sentence, why=f"the report has it on the {side}")
    return Reported(verdict="not mentioned")


def only_reported(seen: Sequence[Seen], said: Sequence[Mention]) -> tuple[str, ...]:
    """Sentences of a report that state a finding which was not given as present or uncertain, each once."""
    given = [one for one in seen if one.state != "absent"]
    missing = [
        one.sentence
        for one in said
        if one.state == "present"
        and not any(one.finding in counting(g.finding) or g.finding in counting(one.finding) for g in given)
    ]
    return tuple(dict.fromkeys(missing))


def _verdict(seen: Seen, here: Sequence[Mention]) -> Reported:
    states = {one.state for one in here}
    report: State = "present" if "present" in states else "uncertain" if "uncertain" in states else "absent"
    sentence = next(one.sentence for one in here if one.state == report)
    if report == seen.state:
        return Reported(verdict="agrees", sentence=sentence)
    if "uncertain" in (report, seen.state):
        which = "the report leaves it open" if report == "uncertain" else "the model leaves it open"
        return Reported(verdict="partly", sentence=sentence, why=which)
    return Reported(verdict="contradicts", sentence=sentence, why=f"the report says {report}, the model {seen.state}")


def _mention(row: Known, sentence: str) -> Mention | None:
    plain = _BEFORE_NOW.sub("known", _COMPARES.sub("comparison", sentence))
    if any(_bare(words) in _bare(plain) for words in row.denied_by):
        return Mention(finding=row.name, state="absent", sides=frozenset(), sentence=sentence)
    cleared = plain
    for words in row.unlike:
        cleared = re.sub(re.escape(words), " ", cleared, flags=re.I)
    found = next((m for words in sorted(row.says, key=len, reverse=True) if (m := _named(words, cleared))), None)
    if found is None or _ONLY_NEW.search(cleared[: found.end()]):
        return None
    state = _state(cleared, found)
    return (
        None
        if state is None
        else Mention(finding=row.name, state=state, sides=_sides(cleared, found), sentence=sentence)
    )


def _state(sentence: str, found: re.Match[str]) -> State | None:
    clause = _clause(sentence, found)
    if _OPEN.search(clause):
        return "uncertain"
    if _GONE.search(clause):
        return "absent"
    meant = meaning(_standing(sentence, found), found[0], reach=_WHOLE)
    if meant in ("past", "other_person"):
        return None
    return {"affirmed": "present", "denied": "absent"}.get(meant, "uncertain")  # type: ignore[return-value]


def _sides(sentence: str, found: re.Match[str]) -> frozenset[Side]:
    clause = _clause(sentence, found)
    return frozenset(name for name, words in _SIDES if re.search(words, clause, re.I))  # type: ignore[misc]


def _clause(sentence: str, found: re.Match[str]) -> str:
    """What stands around the term up to the next `but`, `;` or comma that begins another statement."""
    ends = list(_OTHER_STATEMENT.finditer(sentence))
    start = max((m.end() for m in ends if m.end() <= found.start()), default=0)
    stop = min((m.start() for m in ends if m.start() >= found.end()), default=len(sentence))
    return sentence[start:stop]


def _standing(sentence: str, found: re.Match[str]) -> str:
    """The part between commas where it is a statement of its own, out of reach of a "no" before it; else all."""
    start = sentence.rfind(",", 0, found.start()) + 1
    end = sentence.find(",", found.end())
    part = sentence[start : len(sentence) if end < 0 else end]
    alone = _STANDS.search(part) and not _NO.search(part) and not _LISTED.match(part)
    return part if alone else sentence


def _bare(text: str) -> str:
    """Without the small words that reports leave out as they please."""
    return " ".join(re.sub(r"\b(?:is|are|the|both|within|limits|of)\b|[^\w ]", " ", text.lower()).split())


def _named(words: str, sentence: str) -> re.Match[str] | None:
    return re.search(rf"(?<![a-z0-9]){re.escape(words)}(?![a-z0-9])", sentence, re.I)


def _sentences(text: str) -> list[str]:
    """The sentences that are about the pictures: not the reason for the examination, nor what it is compared with."""
    found: list[str] = []
    section = ""
    for line in _HEADINGS.sub("\n", text).splitlines():
        title = _INLINE.match(line)
        section = heading(line) or (title["title"].strip().lower() if title else section)
        if section not in _OTHER_SECTIONS:
            found.extend(split_sentences(line[title.end() :] if title else line))
    return found


def _meets(sides: frozenset[Side], side: Side) -> bool:
    if not sides or side in ("none", "middle") or side in sides:
        return True
    return "both" in sides or side == "both"
