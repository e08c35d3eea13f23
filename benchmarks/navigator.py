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
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage
from rich.console import Console
from rich.table import Table

from agents.models.asking import Asker
from agents.models.scripted import ScriptedChat
from agents.plan import MUST_LOOK
from agents.reasoner import Brief, Material
from agents.worded.reasoner import WordedReasoner
from benchmarks.charts import samples
from benchmarks.notebook_cost import QUESTIONS, Cost, Question, navigator_cost
from chart.appraisal import Appraisal, appraise
from chart.chart import Chart
from chart.extract.condition import ACTIVE
from claims.claim import Citation, Claim, Draft
from claims.verify import Verdict
from evals.charts import all_read
from tools.tally import Tally

AS_OF = datetime(2021, 8, 1, tzinfo=UTC)


async def our_cost(appraisal: Appraisal, question: Question) -> tuple[Cost, str]:
    """What a round sends, and its longest prompt."""
    spent, prompts = await prompts_of(appraisal, question)
    cost = Cost(
        calls=spent.llm_calls,
        requests=len(MUST_LOOK) + 4,
        prompt_tokens=spent.prompt_tokens,
        largest=spent.largest_prompt_tokens,
    )
    return cost, max(prompts, key=len)


async def prompts_of(appraisal: Appraisal, question: Question) -> tuple[Tally, tuple[str, ...]]:
    """What a model is given in a round with one repair, in order, by a chat model that answers with nothing."""

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
    material = Material(brief=brief, appraisal=appraisal, coverage=all_read(appraisal))
    await reasoner.plan(brief)
    await reasoner.assess(material)
    drafts = [await reasoner.draft(task, material) for task in brief.tasks]
    await reasoner.repair([(draft, [_refused(appraisal, draft)]) for draft in drafts], material)
    return reasoner.spent, tuple(chat.prompts)


def _refused(appraisal: Appraisal, draft: Draft) -> Verdict:
    """A refused sentence about the last results, so that the one repair that a round may need is counted too."""
    last = [s.points[-1].fact.id for s in appraisal.series.values() if s.points][:4]
    citations = tuple(Citation(reference=i, path=i, value="", fact=i) for i in last)
    claim = Claim(id="m1", text="A sentence that did not stand.", kind="fact", salience=2, citations=citations)
    return Verdict(claim=claim, reasons=("the number 999 is in nothing it cites",))


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
            ours, prompt = await our_cost(appraisal, question)
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
