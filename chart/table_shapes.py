"""What a row of a table may hold, by list of rows, by table and by section."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from chart.site_tables import TableName


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"`{text}` is no regular expression: {error}") from error
    return text


Number = int | float
Patterns = list[Annotated[str, AfterValidator(_pattern)]]
Names = list[str]
Two = Annotated[list[Number], Field(min_length=2, max_length=2)]
Months = Annotated[int, Field(gt=0)]
Action = Literal["show", "mask", "withhold"]
_LIMIT = {"below": Number, "at_least": Number, "at_or_above": Number, "above": Number, "range": Literal["low", "high"]}


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """What a row may hold."""

    needs: Mapping[str, Any]
    """Fields that it must have, each with its type."""
    may: Mapping[str, Any]
    """Fields that it may have."""
    one_of: frozenset[str] = frozenset()
    """Of these it must have one at least."""


_DRUG = frozenset({"class", "ingredient"})
_DRUGS = {"class": Names, "ingredient": Names, "source": str}
_AGES = {"from": Number, "to": Number}
LISTED: Mapping[str, Shape] = {
    "range": Shape(
        needs={"measurement": str},
        may={
            **_AGES,
            "low": Number,
            "high": Number,
            "sex": Literal["male", "female"],
            "trimester": list[Literal[1, 2, 3]],
            "note": str,
            "source": str,
        },
        one_of=frozenset({"low", "high"}),
    ),
    "critical": Shape(
        needs={"measurement": str},
        may={"low": Number, "high": Number, "source": str},
        one_of=frozenset({"low", "high"}),
    ),
    "monitoring": Shape(needs={"needs": Names, "months": Months}, may={**_DRUGS, "or": Names}, one_of=_DRUG),
    "after": Shape(
        needs={"problem": str, "classes": Names, "name": str, "words": str},
        may={"shows": str, "basic": bool, "source": str},
    ),
    "contradicts": Shape(
        needs={"measurement": str},
        may={
            **_DRUGS,
            **_LIMIT,
            "fall": Number,
            "months": Months,
            "problem": Names,
            "doubtful": bool,
            "uncontrolled": bool,
        },
        one_of=_DRUG,
    ),
    "avoid": Shape(
        needs={},
        may={**_DRUGS, "problem": Names, "pregnant": bool, "from": Number, "weeks_from": Number, "why": str},
        one_of=_DRUG,
    ),
    "pair": Shape(
        needs={"why": str},
        may=dict.fromkeys(("one", "other", "one_ingredient", "other_ingredient"), Names)
        | {"silent": bool, "source": str},
        one_of=frozenset({"one", "one_ingredient"}),
    ),
    "renal": Shape(needs={"below": Number, "why": str}, may=_DRUGS, one_of=_DRUG),
    "repeat": Shape(
        needs={"measurement": str, "months": Months},
        may={**_LIMIT, "or": Names, "problem": Names, "source": str},
        one_of=frozenset({"below", "above", "range"}),
    ),
    "rescue": Shape(needs={"ingredient": Names, "allergy": Patterns}, may={"source": str}),
    "regular": Shape(needs={"problem": Names}, may=_DRUGS, one_of=_DRUG),
    "reason": Shape(needs={"class": Names, "problem": Names}, may={"source": str}),
    "expected": Shape(
        needs={"name": str},
        may={
            **_AGES,
            "problem": Names,
            "measurement": str,
            "words": Patterns,
            "months": Months,
            "sex": Literal["male", "female"],
            "top": bool,
            "recommended": Names,
            "source": str,
        },
        one_of=frozenset({"measurement", "words"}),
    ),
}
"""By list of rows."""
CHANGE: Mapping[str, Any] = {**dict.fromkeys(("absolute", "percent", "floor", "fall", "below"), Number), "outside": Two}
"""Fields of a rule of change."""
KEYED: Mapping[TableName, Shape] = {
    "measurements": Shape(
        needs={"name": str, "loinc": Names, "unit": str, "decimals": list[int], "limits": Two},
        may={"short": str, "molar": Number, "linear": dict[str, Two], "change": dict[str, Any], "source": str},
    ),
    "problems": Shape(
        needs={
            "short": str,
            "words": Patterns,
            "kind": Literal["chronic", "event", "acute", "symptom", "social", "directive"],
        },
        may={
            **dict.fromkeys(("snomed", "icd10", "shows", "superseded_by", "folded_by"), Names),
            **dict.fromkeys(("target", "borne_out"), dict[str, Any]),
            "says": str,
            "degrees": list[dict[str, Any]],
            "lasting": bool,
            "recurs": bool,
            "source": str,
        },
    ),
    "child_doses": Shape(
        needs={"source": str},
        may={**_AGES, "once": Two, "day": Two, "once_mg": Number, "day_mg": Number},
        one_of=frozenset({"once", "day", "once_mg", "day_mg"}),
    ),
    "sensitive": Shape(
        needs={"title": str, "labels": Names, "words": Patterns, "by_label": Action, "by_words": Action},
        may={"from": int, "to": int, "source": str},
    ),
}
"""By table whose rows have names."""
SECTIONS: Mapping[TableName, Mapping[str, Any]] = {
    "rules": {"quiet": dict[str, Patterns], "said": dict[str, str]},
    "medications": {
        **dict.fromkeys(("salts", "classes", "high_risk"), dict[str, Names]),
        "same": dict[str, str],
    },
}
"""Sections that are no rows, each with its type."""
