"""What a round sends to a model, beside what Google's EHR Navigator notebook would send for the same question.

    python -m benchmarks.navigator [--data PATH] [--json FILE]

The Navigator's side is its cost model: prompt characters as a function of the chart, with an oracle that chooses
only the resource types (and codes) that hold the answer. Ours is what the model is really given, counted by a chat
model that records its prompts and answers with nothing. Tokens are counted alike for both: one a digit, one for 3.6
other characters.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage
from rich.console import Console
from rich.table import Table

from agents.models.asking import Asker, about_tokens
from agents.models.scripted import ScriptedChat
from agents.plan import MUST_LOOK
from agents.reasoner import Brief, Material
from agents.worded.reasoner import WordedReasoner
from benchmarks.charts import Sample, samples
from chart.appraisal import Appraisal, appraise
from chart.chart import Chart
from chart.extract.condition import ACTIVE
from claims.claim import Citation, Claim, Draft
from claims.verify import Verdict
from tools.evidence import Coverage

AS_OF = datetime(2021, 8, 1, tzinfo=UTC)
_TYPES = (
    "AllergyIntolerance",
    "CarePlan",
    "CareTeam",
    "Condition",
    "DiagnosticReport",
    "Encounter",
    "Goal",
    "ImagingStudy",
    "MedicationAdministration",
    "MedicationRequest",
    "Observation",
    "Procedure",
)
"""The twelve types of the Navigator's manifest; it reads neither notes nor immunizations."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One question, and what an oracle would fetch for it."""

    key: str
    """Stable name."""
    text: str
    """The words."""
    types: tuple[str, ...]
    """Types that hold the answer; all that the chart has for a full summary."""
    codes: frozenset[str]
    """Codes within those types; empty for all."""


QUESTIONS = (
    Question(
        key="medications",
        text="Which medications is the patient taking now?",
        types=("MedicationRequest",),
        codes=frozenset(),
    ),
    Question(
        key="hba1c", text="How has the HbA1c changed over time?", types=("Observation",), codes=frozenset({"4548-4"})
    ),
    Question(key="summary", text="Give me a full summary of this patient.", types=_TYPES, codes=frozenset()),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """What one question costs."""

    calls: int
    """Model calls."""
    requests: int
    """FHIR requests."""
    prompt_tokens: int
    """All prompts together."""
    largest: int
    """The longest prompt."""


def navigator_cost(sample: Sample, question: Question) -> Cost:
    """The Navigator's cost for one question (formula as measured against its own node functions)."""
    by_type: dict[str, list[Mapping[str, Any]]] = {}
    for resource in sample.resources:
        by_type.setdefault(str(resource["resourceType"]), []).append(resource)
    chosen = [t for t in question.types if t in by_type]
    asked = f"{question.text}. Patient ID {sample.patient}."
    manifest = {t: _manifest(t, by_type[t]) for t in _TYPES if t in by_type}
    whole = "\n".join(manifest.values())
    fetched = [_bundle(_answering(by_type[t], question.codes)) for t in chosen]
    # What its model would write between the steps (the extracted facts) is not counted: a lower bound for its side.
    prompts = [
        about_tokens(whole) + about_tokens("x" * (1371 + 3 * len(asked) + 2 * max(0, len(chosen) - 1))),
        *(about_tokens(manifest[t]) + about_tokens("x" * (1106 + 2 * len(t) + len(asked))) for t in chosen),
        *(about_tokens(bundle) + about_tokens("x" * (754 + len(asked))) for bundle in fetched),
    ]
    return Cost(calls=3 + 2 * len(chosen), requests=12 + len(chosen), prompt_tokens=sum(prompts), largest=max(prompts))


def _manifest(kind: str, resources: Iterable[Mapping[str, Any]]) -> str:
    """The Navigator's manifest of a type: ``display=code`` for every resource, repeats included."""
    codes = []
    for resource in resources:
        concept = resource.get("code") or resource.get("medicationCodeableConcept") or {}
        for coding in concept.get("coding", ())[:1]:
            codes.append(f"{coding.get('display')}={coding.get('code')}")
    return f"**{kind}**: Available codes include: {', '.join(codes)}"


def _answering(resources: Sequence[Mapping[str, Any]], codes: frozenset[str]) -> list[Mapping[str, Any]]:
    if not codes:
        return list(resources)
    return [r for r in resources if any(c.get("code") in codes for c in r.get("code", {}).get("coding", ()))]


def _bundle(resources: Sequence[Mapping[str, Any]]) -> str:
    """One fetch as the Navigator pastes it: whole resources as JSON, without meta."""
    rows = [{k: v for k, v in r.items() if k != "meta"} for r in resources]
    return json.dumps({"resourceType": "Bundle", "entry": [{"resource": r} for r in rows]}, default=str)


async def our_cost(sample: Sample, appraisal: Appraisal, question: Question) -> tuple[Cost, str]:
    """What a round sends, and its longest prompt."""

    def reply(prompt: str) -> AIMessage:
        asks_for_more = "whether anything else must be read" in prompt
        sentences = "answer the question" in prompt or "mend the sentences" in prompt
        wanted = "calls" if asks_for_more else "sentences" if sentences else "sections"
        if "Point at the sentences" in prompt:
            wanted = "facts"
        return AIMessage(content=json.dumps({wanted: []}))

    chat = ScriptedChat(lines=[reply] * 12)
    reasoner = WordedReasoner(Asker(chat), name="scripted", model=(None, None))
    full = question.key == "summary"
    brief = Brief(
        tasks=("summary", "comparison", "suggestions") if full else ("question",),
        question=None if full else question.text,
    )
    material = Material(brief=brief, appraisal=appraisal, coverage=_coverage(appraisal))
    await reasoner.plan(brief)
    await reasoner.assess(material)
    drafts = [await reasoner.draft(task, material) for task in brief.tasks]
    await reasoner.repair([(draft, [_refused(appraisal, draft)]) for draft in drafts], material)
    spent = reasoner.spent
    cost = Cost(
        calls=spent.llm_calls,
        requests=len(MUST_LOOK) + 4,
        prompt_tokens=spent.prompt_tokens,
        largest=spent.largest_prompt_tokens,
    )
    return cost, max(chat.prompts, key=len)


def _refused(appraisal: Appraisal, draft: Draft) -> Verdict:
    """A refused sentence about the last results, so that the one repair that a round may need is counted too."""
    last = [s.points[-1].fact.id for s in appraisal.series.values() if s.points][:4]
    citations = tuple(Citation(reference=i, path=i, value="", fact=i) for i in last)
    claim = Claim(id="m1", text="A sentence that did not stand.", kind="fact", salience=2, citations=citations)
    return Verdict(claim=claim, reasons=("the number 999 is in nothing it cites",))


def _coverage(appraisal: Appraisal) -> dict[str, Coverage]:
    return {
        f"c{i}": Coverage(
            id=f"c{i}",
            tool="fhir_read",
            query=f"{kind}?patient=…",
            found=appraisal.chart.counts.get(kind, 0),
            truncated=False,
            error=None,
        )
        for i, kind in enumerate(MUST_LOOK, start=1)
    }


def share_in_prompt(appraisal: Appraisal, prompt: str) -> float:
    """The share of active problems, medicines in use, allergies and last results whose fact ids stand in the prompt."""
    lines = prompt.splitlines()
    ids = {word.strip(",*") for line in lines for word in line.split()}
    wanted = [f.id for f in appraisal.chart.of("problem") if f.status in ACTIVE]
    wanted += [f.id for f in appraisal.chart.of("allergy")]
    wanted += [c.last.id for c in appraisal.courses if c.state != "finished"]
    wanted += [s.points[-1].fact.id for s in appraisal.series.values() if s.points]
    return sum(1 for w in wanted if w in ids) / len(wanted) if wanted else 1.0


async def measure(data: Path) -> dict[str, Any]:
    """Every chart, every question."""
    rows = []
    for sample in samples(data):
        appraisal = appraise(Chart.build(sample.resources, as_of=AS_OF))
        for question in QUESTIONS:
            theirs = navigator_cost(sample, question)
            ours, prompt = await our_cost(sample, appraisal, question)
            rows.append(
                {
                    "chart": sample.patient[:8],
                    "question": question.key,
                    "navigator": _row(theirs),
                    "ours": _row(ours),
                    "ratio": round(theirs.prompt_tokens / ours.prompt_tokens, 1),
                    "in_prompt": round(share_in_prompt(appraisal, prompt), 4),
                }
            )
    return {"name": "navigator", "rows": rows}


def _row(cost: Cost) -> dict[str, int]:
    return {
        "calls": cost.calls,
        "requests": cost.requests,
        "prompt_tokens": cost.prompt_tokens,
        "largest": cost.largest,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Model calls and prompt tokens beside Google's EHR Navigator.")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("PREROUND_TEST_DATA", "../shared/data")))
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    found = asyncio.run(measure(given.data / "synthea" if (given.data / "synthea").is_dir() else given.data))
    if given.json:
        given.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    table = Table("chart", "question", "calls", "", "prompt tokens", "", "largest", "", "ratio", "in prompt")
    for row in found["rows"]:
        theirs, ours = row["navigator"], row["ours"]
        figures = [(theirs[k], ours[k]) for k in ("calls", "prompt_tokens", "largest")]
        shown = [str(n) for pair in figures for n in pair]
        table.add_row(row["chart"], row["question"], *shown, str(row["ratio"]), f"{row['in_prompt']:.0%}")
    Console().print(table)


if __name__ == "__main__":
    main()
