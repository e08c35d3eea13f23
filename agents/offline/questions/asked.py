"""What a question asks for: its form, its time, which of several values, and what kind of thing it is about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Wants = Literal[
    "value", "when", "count", "list", "whether", "change", "since", "ago", "dose", "age", "sex", "birth", "death"
]
"""``since``: for how long; ``ago``: how long ago."""
Which = Literal["last", "first", "highest", "lowest", "mean"]
State = Literal["any", "current", "past"]
Hint = Literal[
    "allergy",
    "immunization",
    "medication",
    "encounter",
    "procedure",
    "report",
    "care_plan",
    "imaging",
    "note",
    "problem",
    "result",
]
"""The kind of thing that the words around a name show."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """A number that a value is held against."""

    side: Literal["above", "below"]
    """Which side is asked about."""
    value: Decimal
    """The number as said, in whatever unit the record has."""
    included: bool
    """Whether the number itself counts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """The form of a question."""

    wants: Wants
    """What kind of answer."""
    which: Which | None
    """Which of several values; ``None`` where it does not say."""
    state: State
    """Whether it is about now."""
    hint: Hint | None
    """The kind of thing, where words around the name show it."""
    limit: Limit | None = None
    """A number to compare with."""
    ever: bool = False
    """Whether it asks of any time and not of now."""
    begins: bool = False
    """Whether it asks when something began."""
    ends: bool = False
    """Whether it asks when something ended."""


_PERSON: tuple[tuple[Wants, re.Pattern[str]], ...] = (
    ("birth", re.compile(r"\b(date of birth|dob|birth ?date|birthday|born)\b")),
    ("sex", re.compile(r"\b(sex|gender)\b|\bis (the |this )?(patient|he|she) (a )?(male|female|man|woman)\b")),
    ("death", re.compile(r"\b(alive|deceased|dead|die|died|passed away|still living|death)\b")),
    ("age", re.compile(r"\bhow old\b|\bthe (patient's |current )?age\b|patient's age\b|^(current )?age\b|\bage of\b")),
)
_AGO = re.compile(
    r"\bhow long ago\b|\bhow many (days|weeks|months|years) (ago|since|have passed|has it been)\b|\btime since\b"
    r"|\bhow long (has it been|is it) since\b|\b(days|weeks|months|years) since\b"
)
_SINCE = re.compile(r"\b(for )?how long (has|have|had|is|was)\b|\bsince when\b")
_COUNT = re.compile(r"\bhow many\b|\bhow often\b|\b(total )?number of\b|^count\b|\bcount (of|the|all|how)\b")
_WHEN = re.compile(r"\bwhen\b|\b(what|which) (date|day|year|month)\b|\bdates? (of|on which|when)\b")
_DOSE = re.compile(r"\b(dose|dosage|dosing|strength|how much|how is .* taken)\b")
_CHANGE = re.compile(
    r"\b(trend\w*|chang(e|ed|es|ing)|evolv\w+|evolution|develop(ed)?|ris(e|es|en|ing)|rose|fall(s|en|ing)?|fell"
    r"|increas\w+|decreas\w+|declin\w+|drop(ped|s)?|(go|goes|going|gone|went) (up|down)|improv\w+|worsen\w*|progress\w*"
    r"|higher or lower|lower or higher|up or down|differ\w*|compar\w+|(gain|lost|lose)(ed|ing)?|better or worse"
    r"|(higher|lower|more|less) (now )?than (it was|before|at|in|on))\b"
)
_WHETHER = re.compile(
    r"^(is|are|was|were|does|do|did|has|have|had|any|can|could|whether)\b|\b(if|whether) the patient\b"
)
_LIST = re.compile(
    r"^(which|list|name|enumerate|give (me )?(all|a list)|show (me )?(all|the list))\b|^what (\w+ ){0,3}"
    r"(medications?|medicines?|drugs|meds|prescriptions|allerg\w+|problems|conditions|diagnoses|diseases|disorders"
    r"|illnesses|vaccin\w+|immuni[sz]ations|procedures|operations|surgeries|visits|encounters|admissions|reports|plans)\b"
    r"|^what (is|are|was|were) (the )?(\w+ ){0,4}(medications|medicines|drugs|meds|prescriptions|allergies|problems"
    r"|conditions|diagnoses|diseases|vaccin\w+|immuni[sz]ations|procedures|operations|surgeries|visits|encounters"
    r"|intolerances|problem list|medication list|allergy list)\b|^what (is|was) .*\b(allergic|taking|prescribed)\b"
)
_WHICH: tuple[tuple[Which, re.Pattern[str]], ...] = (
    ("highest", re.compile(r"\b(highest|maximum|maximal|peak|max|greatest|largest|heaviest|tallest|worst high)\b")),
    ("lowest", re.compile(r"\b(lowest|minimum|minimal|min|smallest|least|lightest|nadir)\b")),
    ("mean", re.compile(r"\b(average|mean)\b(?! corpuscular| platelet| volume)")),
    ("first", re.compile(r"\b(first|earliest|initial|initially|oldest|baseline|originally)\b")),
    ("last", re.compile(r"\b(most recent(ly)?|latest|last|newest|current(ly)?|recent(ly)?|present)\b")),
)
_CURRENT = re.compile(
    r"\b(current(ly)?|active|now|still|at present|presently|ongoing|at the moment|today|actual|running|outstanding)\b"
)
_PAST = re.compile(
    r"\b(resolved|stopped|discontinued|former(ly)?|previous(ly)?|past|inactive|ended|completed|no longer|recovered)\b"
)
_TAKING = re.compile(r"\b(is|are) [\w ]*\b(taking|on)\b|\btakes\b|\bdoes [\w ]*take\b")
_LIMIT = re.compile(
    r"\b(?P<op>above|over|greater than|more than|higher than|exceed(?:s|ed|ing)?|at least|below|under|less than"
    r"|lower than|at most)\s+(?P<n>-?\d+(?:\.\d+)?)\b"
)
_EVER = re.compile(r"\b(ever|history of|at any (time|point)|on record|been|did|was|were|had)\b")
_BEGINS = re.compile(
    r"\b(diagnosed|start\w*|began|begin|begun|onset|initiated|develop\w*|appear\w*|introduced|added)\b"
)
_ENDS = re.compile(r"\b(resolved?|end(ed)?|stop(ped)?|discontinued|cured|finish(ed)?|abate\w*)\b")
_BELOW = frozenset({"below", "under", "less than", "lower than", "at most"})
_HINTS: tuple[tuple[Hint, re.Pattern[str]], ...] = (
    ("allergy", re.compile(r"\b(allerg\w*|intoleran\w+|hypersensitiv\w+)\b")),
    ("immunization", re.compile(r"\b(vaccin\w*|immuni[sz]\w*|shots?|jabs?|boosters?|inoculat\w+)\b")),
    (
        "medication",
        re.compile(
            r"\b(medications?|medicines?|drugs?|meds?|prescri\w+|pills?|tablets?|dose|dosage|taking|takes?|taken)\b"
            r"|\b(patient|he|she|they|still|currently|now) (is |be )?(currently |still |now )?on (a |an |any )?[a-z]"
            r"|\b(put|started|kept) on (a |an |any )?[a-z]"
        ),
    ),
    ("care_plan", re.compile(r"\bcare ?plans?\b")),
    ("imaging", re.compile(r"\bimaging (study|studies)\b")),
    ("report", re.compile(r"\b(diagnostic )?reports?\b|\bpanels?\b")),
    ("note", re.compile(r"\b(notes?|documents?)\b")),
    (
        "encounter",
        re.compile(
            r"\b(visit\w*|encounters?|admission\w*|admitted|hospitali[sz]\w+|hospital stays?|appointments?"
            r"|consultations?|check-?ups?|been seen|last seen|emergency (room|department)|inpatient|outpatient)\b"
        ),
    ),
    ("procedure", re.compile(r"\b(procedures?|surger\w+|operations?|operated|undergo\w*|underwent|interventions?)\b")),
    (
        "problem",
        re.compile(
            r"\b(problems?|conditions?|diagnos\w+|diseases?|disorders?|illness\w*|suffer\w*|morbidit\w+|onset)\b"
        ),
    ),
    (
        "result",
        re.compile(r"\b(measure\w*|readings?|results?|labs?|laborator\w+|values?|levels?|observations?|tested)\b"),
    ),
)


def plain(question: str) -> str:
    """A question in lower case without its courtesies and question mark."""
    text = " ".join(question.lower().replace("’", "'").split()).rstrip(" ?.!")
    text = re.sub(r"\b(what|when|who|how|where|it|that|there)'s\b", r"\1 is", text)
    text = re.sub(r"\b(patient)s'", r"\1's", text)
    lead = re.compile(
        r"^(please|kindly|hello|hi|hey|doctor|so|and|also|can you|could you|would you|will you|i (would like|want|need)"
        r" to know|i'd like to know|do you know|let me know|find out|check|determine|look up|tell me|give me|show me"
        r"|report|state|according to the (chart|record|records)|in (the|this) (chart|record)|for this patient"
        r"|as of today)[,:]? +"
    )
    while (shorter := lead.sub("", text)) != text:
        text = shorter
    return text


def form_of(text: str) -> Form:
    """The form of a plain question.

    Args:
        text: as ``plain`` gives it, without the words of its period.
    """
    limit = _limit(text)
    which = next((which for which, pattern in _WHICH if pattern.search(text)), None)
    hint = next((hint for hint, pattern in _HINTS if pattern.search(text)), None)
    state: State = "current" if _CURRENT.search(text) else "past" if _PAST.search(text) else "any"
    if state == "any" and hint == "medication" and _TAKING.search(text):
        state = "current"
    return Form(
        wants=_wants(text, limit, which),
        which=which,
        state=state,
        hint=hint,
        limit=limit,
        ever=bool(_EVER.search(text)),
        begins=bool(_BEGINS.search(text)),
        ends=bool(_ENDS.search(text)),
    )


def _wants(text: str, limit: Limit | None, which: Which | None) -> Wants:
    for wants, pattern in (("ago", _AGO), ("since", _SINCE), ("count", _COUNT)):
        if pattern.search(text):
            return wants  # type: ignore[return-value]
    for person, pattern in _PERSON:
        if pattern.search(text):
            return person
    if _WHEN.search(text):
        return "when"
    if limit is None and which not in ("highest", "lowest", "mean") and _CHANGE.search(text):
        return "change"
    if _DOSE.search(text):
        return "dose"
    if _WHETHER.search(text):
        return "whether"
    return "list" if _LIST.search(text) else "value"


def _limit(text: str) -> Limit | None:
    found = _LIMIT.search(text)
    if found is None:
        return None
    return Limit(
        side="below" if found["op"] in _BELOW else "above",
        value=Decimal(found["n"]),
        included=found["op"] in ("at least", "at most"),
    )
