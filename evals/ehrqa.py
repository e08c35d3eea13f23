"""Questions about charts with answers from the raw bundles: `preround eval ehrqa`.

The answer is the draft of the task `question`, with only the sentences that the verifier lets stand. An answer is right
when its first sentence says what the raw record says and the answer cites the resources that say it; a refusal is right
where the record has no answer, and wrong elsewhere.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from agents.reasoner import Brief, Material, Reasoner
from chart.chart import Chart
from claims.claim import Claim, Draft
from evals.charts import Resource, material_of
from evals.questions import Question, questions, spoken
from evals.raw_chart import raw_chart
from graphs.drafting import verdicts

_NUMBER = re.compile(r"(?<![\w.])[−+-]?\d+(?:\.\d+)?(?![\w]*[a-z]\d|\.\d)")
_DATES = re.compile(r"\b(?:\d{1,2} )?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (?:\d{4})\b")


async def run(
    charts: Iterable[Sequence[Resource]],
    reasoner: Reasoner,
    *,
    most: int = 60,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Ask every question of every chart.

    Args:
        charts: the resources of one patient each, numbers as Decimal.
        reasoner: who answers.
        most: questions a chart.
        progress: told how many are answered, and how many there are.

    Returns:
        `{"name", "passed", "total", "score", "kinds", "cases": [{"id", "ok", "detail"}]}`.
    """
    read = [(raw, resources) for resources in charts if (raw := raw_chart(resources)) is not None]
    asked = [
        (raw, resources, questions(raw, [o for o, _ in read if o is not raw], most=most)) for raw, resources in read
    ]
    total = sum(len(each) for _, _, each in asked)
    rows: list[dict[str, Any]] = []
    for raw, resources, each in asked:
        material = await asyncio.to_thread(material_of, resources, as_of=raw.as_of, tasks=("question",))
        for question in each:
            draft, claims = await _answered(reasoner, material, question)
            wrong = wrong_with(question, draft, claims, material.appraisal.chart)
            rows.append({"id": question.id, "ok": wrong is None, "detail": f"{question.text} {wrong}" if wrong else ""})
            progress(len(rows), total)
    passed = sum(bool(row["ok"]) for row in rows)
    return {
        "name": "ehrqa",
        "reasoner": reasoner.name,
        "passed": passed,
        "total": total,
        "score": passed / total if total else 0.0,
        "kinds": _kinds(rows),
        "cases": rows,
    }


def _kinds(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    counted: dict[str, list[bool]] = {}
    for row in rows:
        counted.setdefault(str(row["id"]).split("/")[-1].rpartition("-")[0], []).append(bool(row["ok"]))
    return {kind: f"{sum(oks)} of {len(oks)}" for kind, oks in sorted(counted.items())}


async def _answered(reasoner: Reasoner, material: Material, question: Question) -> tuple[Draft, tuple[Claim, ...]]:
    """The draft, mended once as a round would, and the claims of it that stand."""
    own = replace(material, brief=Brief(tasks=("question",), question=question.text))
    draft = await reasoner.draft("question", own)
    judged = verdicts(draft, own)
    refused = [v for v in judged if not v.stands]
    if refused:
        (draft,) = await reasoner.repair([(draft, refused)], own)
        judged = verdicts(draft, own)
    return draft, tuple(v.claim for v in judged if v.stands)


def wrong_with(question: Question, draft: Draft, claims: Sequence[Claim], chart: Chart) -> str | None:
    """What is wrong with an answer; `None` where it is right."""
    shown = " ".join(c.text for c in claims) or f"refused: {draft.refusal or [r.reason for r in draft.removed]}"
    if question.expect == "absent":
        values = [c for c in claims if c.kind != "absence"]
        return f"said of what is not on record: {shown}" if values else None
    if not claims:
        return shown
    fault = _GRADERS[question.expect](question, claims) or _uncited(question, claims, chart)
    return f"{fault}: {shown}" if fault else None


def _uncited(question: Question, claims: Sequence[Claim], chart: Chart) -> str | None:
    """Of each group of resources that say it one must be cited; of a count, what was counted must be just those."""
    if question.expect == "count":
        counted = {chart.by_id[one].reference for c in claims[0].computations if c.op == "count" for one in c.of}
        return None if counted == frozenset().union(*question.groups) else "counts other resources"
    cited = {c.reference.partition("/_history/")[0] for claim in claims for c in claim.citations}
    return "does not cite what says so" if any(not group & cited for group in question.groups) else None


def _numbers(text: str) -> list[Decimal]:
    return [Decimal(n.replace("−", "-")) for n in _NUMBER.findall(_DATES.sub(" ", text))]


def _says(text: str, number: Decimal) -> bool:
    """Whether a number is said, as it is or rounded to the decimals shown with at most 1.5 % lost."""
    for said in _numbers(text):
        places = max(0, -int(said.as_tuple().exponent))
        shift = Decimal(1).scaleb(-places)
        if said == number or (abs(said - number) <= shift / 2 and abs(said - number) * 1000 <= abs(number) * 15):
            return True
    return False


def _number(question: Question, claims: Sequence[Claim]) -> str | None:
    text = claims[0].text
    if question.number is None or not _says(text, question.number):
        return f"does not say {question.number}"
    return _day(question, claims) if question.day else None


def _day(question: Question, claims: Sequence[Claim]) -> str | None:
    return None if spoken(question.day) in claims[0].text else f"does not say {question.day}"


def _count(question: Question, claims: Sequence[Claim]) -> str | None:
    counts = [c for c in claims[0].computations if c.op == "count"]
    if not counts or Decimal(counts[0].value) != question.number or counts[0].value not in claims[0].text:
        return f"does not count {question.number}"
    return None


def _moved(question: Question, claims: Sequence[Claim]) -> str | None:
    number = question.number or Decimal(0)
    word = "rose" if number > 0 else "fell" if number < 0 else "stayed"
    return None if word in claims[0].text else f"does not say that it {word}"


def _yes(question: Question, claims: Sequence[Claim]) -> str | None:
    return None if claims[0].text.startswith("Yes") else "does not say yes"


def _no(question: Question, claims: Sequence[Claim]) -> str | None:
    return None if claims[0].text.startswith("No") else "does not say no"


def _names(question: Question, claims: Sequence[Claim]) -> str | None:
    asked = [claim for claim in claims if not claim.text.startswith("On hold:")]
    cited = {c.reference.partition("/_history/")[0] for claim in asked for c in claim.citations}
    # The name of an ordered medicine may stand in a Medication of its own.
    more = {c for c in cited if not c.startswith("Medication/")} - frozenset().union(*question.groups)
    return f"also names {sorted(more)[0]}" if more else None


def _said(question: Question, claims: Sequence[Claim]) -> str | None:
    return None if question.said in claims[0].text.lower() else f"does not say {question.said}"


_GRADERS: Mapping[str, Callable[[Question, Sequence[Claim]], str | None]] = {
    "number": _number,
    "count": _count,
    "day": _day,
    "moved": _moved,
    "yes": _yes,
    "no": _no,
    "names": _names,
    "said": _said,
}
