"""Notes read by a model: it points at sentences and says what they are about; code finds each again in its note.

A model has no words of its own here. What it read becomes a claim that quotes the sentence, labelled as a judgement and
tainted, so that a person looks closer. Text between the marks is data: nothing that it says can add a claim, because a
claim can only repeat a sentence that was offered, and a sentence that reads like an instruction is not offered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from agents.reasoner import Material
from agents.worded.answers import NoteFactForm, NotesForm
from agents.worded.quoting import fenced, mark_for
from chart.addressed import reads_like_instruction
from chart.note_cues import meaning
from chart.notes import Sentence as NoteSentence
from chart.notes import sentences
from claims.claim import Claim, Removed
from claims.sentence import Sentence

TITLE = "From the notes"
NOTES = 6
"""So many of the last notes are read."""
BUDGET = 3_000
"""Tokens of their new sentences."""
LONGEST = 400
"""Characters of a sentence that are quoted."""
_CUES = {"affirmed": "now", "denied": "denied", "past": "past", "considered": "planned", "other_person": "relative"}
_LABELS = {"now": "", "denied": "", "past": ", earlier", "planned": ", only considered", "relative": ", of a relative"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Offered:
    """The sentences that a model is asked to read."""

    by_id: Mapping[str, NoteSentence]
    """By the id that stands before each, such as ``N12.3``."""
    text: str
    """As the prompt has them: each note between marks that its text cannot forge."""
    unread: tuple[str, ...]
    """What of the notes was not offered, in words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Read:
    """What came of reading the notes."""

    claims: tuple[Claim, ...] = ()
    """One a sentence, quoting it."""
    removed: tuple[Removed, ...] = ()
    """What the model said of notes that they do not say, or why they could not be read."""
    unread: tuple[str, ...] = ()
    """What of the notes the model was not shown."""


def offered(material: Material, tokens: Callable[[str], int], *, budget: int = BUDGET) -> Offered:
    """New sentences of the last notes, the newest note first, as many as fit; what is copied forward is left out.

    Args:
        material: the appraised chart.
        tokens: the model's own count.
        budget: in tokens.
    """
    notes, copied = material.appraisal.chart.notes, material.appraisal.copied
    by_id: dict[str, NoteSentence] = {}
    groups: list[tuple[str, list[str]]] = []
    room, late = budget, 0
    for note in reversed(notes[-NOTES:]):
        lines: list[str] = []
        for one in sentences(note):
            if one.text in copied or reads_like_instruction(one.text) or not any(c.isalpha() for c in one.text):
                continue
            line = f"{note.fact.id}.{one.index + 1} {one.text[:LONGEST]}"
            room -= tokens(line) + 1
            if room < 0:
                late += 1
                continue
            by_id[line.partition(" ")[0]] = one
            lines.append(line)
        if lines:
            groups.append((f"{note.fact.id} {note.fact.when.text[:10] if note.fact.when else 'undated'}", lines))
    mark = mark_for([line for _, lines in groups for line in lines])
    text = "\n".join(fenced("\n".join(lines), mark, label) for label, lines in reversed(groups))
    unread = [f"{late} sentences of the last notes"] if late else []
    if len(notes) > NOTES:
        unread.append(f"{len(notes) - NOTES} earlier notes")
    return Offered(by_id=by_id, text=text, unread=tuple(unread))


def read(form: NotesForm, given: Offered, material: Material) -> Read:
    """Turn what a model pointed at into claims; each is held to its sentence, and what does not hold is named."""
    claims: list[Claim] = []
    removed: list[Removed] = []
    seen: set[str] = set()
    for fact in form.facts:
        if fact.sentence in seen:
            continue
        seen.add(fact.sentence)
        reason = _refused(fact, given)
        if reason is None:
            claims.append(_claim(fact, given.by_id[fact.sentence], f"n{len(claims) + 1}", material))
        else:
            removed.append(Removed(text=f"{fact.about} ({fact.sentence})", reason=reason))
    return Read(claims=tuple(claims), removed=tuple(removed), unread=given.unread)


def _refused(fact: NoteFactForm, given: Offered) -> str | None:
    """Why what a model read does not stand in its sentence."""
    sentence = given.by_id.get(fact.sentence)
    if sentence is None:
        return f"{fact.sentence} is no sentence of the notes that were read"
    about = " ".join(fact.about.split())
    if not about or about.lower() not in sentence.text.lower():
        return f"the sentence {fact.sentence} does not hold the words “{about}”"
    cue = _CUES[meaning(sentence.text, about)]
    if fact.meaning == "now" and cue != "now":
        return f"the sentence {fact.sentence} says it is {cue}, it was read as so now"
    return None


def _claim(fact: NoteFactForm, sentence: NoteSentence, claim_id: str, material: Material) -> Claim:
    """The sentence quoted, under what it is about; a state is said only where cues in the text say the same."""
    note = next(n for n in material.appraisal.chart.notes if n.fact is sentence.note)
    cue = _CUES[meaning(sentence.text, " ".join(fact.about.split()))]
    label = _LABELS[cue] if cue == fact.meaning else ""
    made = Sentence(material.appraisal).say(f"{fact.topic.capitalize()}{label} (note")
    if note.fact.when is not None:
        made.say(" of ").date(note.fact)
    made.say("): ").quote(note.fact, note.path, sentence.text[:LONGEST].rstrip())
    if len(sentence.text) > LONGEST:
        made.say(" …")
    salience = 3 if fact.meaning == "now" else 4
    return made.claim(claim_id, kind="inference", salience=salience).model_copy(update={"tainted": True})


def unreadable(reason: str, given: Offered) -> Read:
    """No usable answer: said, and nothing in its place."""
    return Read(removed=(Removed(text="(what the notes say)", reason=reason),), unread=given.unread)


def missing(read_: Read, drafted: Sequence[Claim]) -> tuple[Claim, ...]:
    """The claims that a draft has not taken over."""
    used = {c.id for c in drafted}
    return tuple(c for c in read_.claims if c.id not in used)
