"""Examples for fine-tuning: a file of them, what is held out, and those of the project's own stories."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agents.models.fine_tune import main
from agents.models.tuning_examples import Example, TuningUnusable, held_out_groups, read_examples
from agents.worded.answers import DraftForm
from evals.tuning_examples import examples
from fhir_fixtures import PATIENTS


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "holds no example; make some"),
        ("no json\n", "Line 1 of e.jsonl is no example"),
        ('{"prompt": "a", "answer": "b"}\n{"prompt": "a"}\n', "Line 2 of e.jsonl is no example"),
        ('{"prompt": "a", "answer": "", "other": 1}\n', "Line 1 of e.jsonl is no example"),
    ],
)
def test_a_file_that_holds_no_examples_is_named(
    text: str, problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "e.jsonl"
    path.write_text(text)
    with pytest.raises(TuningUnusable, match=problem):
        read_examples(path)
    assert main(["--base", str(tmp_path), "--examples", str(path), "--out", str(tmp_path / "out")]) == 2
    assert problem in capsys.readouterr().err
    with pytest.raises(TuningUnusable, match="cannot be read"):
        read_examples(tmp_path / "missing.jsonl")


@pytest.mark.parametrize(
    ("groups", "held"),
    [("a", ""), ("ab", "b"), ("abcd", "d"), ("abcde", "e"), ("abcdefghijk", "ej"), ("aabbb", "b")],
)
def test_a_group_is_held_out_whole(groups: str, held: str) -> None:
    assert held_out_groups([Example(prompt="p", answer="a", group=g) for g in groups]) == set(held)


def test_examples_without_a_group_stand_for_themselves() -> None:
    assert len(held_out_groups([Example(prompt="p", answer="a")] * 11)) == 2


async def test_every_answer_of_an_example_is_one_that_its_prompt_allows() -> None:
    found = [one async for one in examples([PATIENTS / "overdue-screening.yaml"])]
    assert len(found) > 4
    assert {one.group for one in found} == {"overdue-screening"}
    for one in found:
        form = DraftForm.model_validate(json.loads(one.answer))
        used = [s.use for section in form.sections for s in section.sentences]
        assert used
        assert all(f"\n{name} [" in one.prompt for name in used), "each is a prepared sentence of the prompt"
    assert len({one.prompt for one in found}) == len(found)
