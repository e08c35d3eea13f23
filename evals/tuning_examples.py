"""Examples to fine-tune on: prompts of the project's invented patients, each with an answer whose every claim stands.

    python -m evals.tuning_examples --out FILE [--stories FOLDER]

The prompt is the one that a round would send, at several moments of each story. The answer takes over the sentences
that code prepared for the task, in their order. It is accepted as a round accepts it: read back as a model's answer,
each claim verified against the chart; one refused claim, and the example is dropped.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import get_args

from agents.models.asking import Asker
from agents.models.scripted import ScriptedChat
from agents.models.tuning_examples import Example
from agents.offline.reasoner import OfflineReasoner
from agents.prompts import prompt
from agents.reasoner import Material
from agents.worded.answers import DraftForm, Title
from agents.worded.reasoner import WordedReasoner
from chart.chart import Chart
from claims.claim import Draft, Task
from evals.charts import material_of
from fhir_fixtures import PATIENTS
from fhir_fixtures.compile import compile_story
from fhir_fixtures.loading import load_story
from graphs.drafting import verdicts

TASKS: tuple[Task, ...] = ("summary", "comparison")
MOMENTS = 6
"""Moments of a story: its own now, and the visits before it, the latest first."""
_SECTIONS, _SENTENCES = 9, 12


async def examples(stories: Sequence[Path]) -> AsyncIterator[Example]:
    """Every accepted example of some stories, in order."""
    for story in stories:
        resources = [entry["resource"] for entry in json.loads(compile_story(story))["entry"]]
        for as_of in _moments(story, resources):
            material = material_of(resources, as_of=as_of, tasks=TASKS)
            for task in TASKS:
                if (found := await _example(task, material)) is not None:
                    yield found.model_copy(update={"group": story.stem})


def _moments(story: Path, resources: Sequence[dict[str, object]]) -> list[datetime]:
    now = load_story(story).now
    chart = Chart.build(resources, as_of=now)
    visits = {f.when.start for f in chart.of("encounter") if f.when is not None}
    earlier = sorted((v for v in visits if v < now), reverse=True)
    return [now, *earlier[: MOMENTS - 1]]


async def _example(task: Task, material: Material) -> Example | None:
    answer = _answer(await OfflineReasoner().draft(task, material))
    if answer is None:
        return None
    asked = prompt(task)
    # Of the notes nothing is taken over here: what a model reads there is its own, and no example of this project's.
    chat = ScriptedChat(lines=[lambda text: answer if asked in text else "{}"] * 4)
    drafted = await WordedReasoner(Asker(chat), name="scripted", model=(None, None)).draft(task, material)
    if drafted.removed or not drafted.claims or not all(v.stands for v in verdicts(drafted, material)):
        return None
    return Example(prompt=next(text for text in chat.prompts if asked in text), answer=answer)


def _answer(draft: Draft) -> str | None:
    titles = get_args(Title)
    sections = [
        {"title": s.title, "sentences": [{"use": c.id} for c in s.claims[:_SENTENCES]]}
        for s in draft.sections
        if s.title in titles and s.claims
    ][:_SECTIONS]
    if not sections:
        return None
    form = DraftForm.model_validate({"sections": sections})
    return form.model_dump_json(exclude_defaults=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the file."""
    parser = argparse.ArgumentParser(
        prog="python -m evals.tuning_examples", description="Write examples to fine-tune on, as JSON lines."
    )
    parser.add_argument("--out", type=Path, required=True, help="the file to write")
    parser.add_argument("--stories", type=Path, default=PATIENTS, help="folder with stories; the project's own without")
    given = parser.parse_args(arguments)
    stories = sorted(given.stories.glob("*.yaml"))
    if not stories:
        sys.stderr.write(f"Error: There is no story in {given.stories}; give a folder with *.yaml files.\n")
        return 2

    async def collected() -> list[Example]:
        return [one async for one in examples(stories)]

    found = asyncio.run(collected())
    given.out.write_text("".join(f"{one.model_dump_json()}\n" for one in found), encoding="utf-8")
    sys.stdout.write(f"{len(found)} examples of {len(stories)} stories are in {given.out}.\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
