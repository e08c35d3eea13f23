"""Questions in the published layouts, invented ones of ours, and files that are something else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evals.exam_papers import Exam, PaperUnusable, questions_of
from evals.published import interval, published

MCQ = {"question": "Which vitamin?", "opa": "A", "opb": "B12", "opc": "C", "opd": "D", "choice_type": "single"}
ABSTRACT = {"QUESTION": "Does it help?", "CONTEXTS": ["We asked.", "It\u2028did."], "final_decision": "maybe"}


def written(path: Path, *rows: Any) -> Path:
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
    return path


def test_medqa_lines_with_any_number_of_options(tmp_path: Path) -> None:
    row = {"question": "Which?\n", "answer": "x", "options": {"B": "y", "A": "x", "C": "z"}, "answer_idx": "A"}
    (only,) = questions_of("medqa", written(tmp_path / "test.jsonl", row))
    assert (only.text, only.options, only.answer) == ("Which?", ("x", "y", "z"), "A")


@pytest.mark.parametrize(("marks", "letters"), [((1, 4, 2), "ADB"), ((0, 3, 1), "ADB")])
def test_medmcqa_counts_from_one_or_from_nought_as_the_whole_file_shows(
    tmp_path: Path, marks: tuple[int, ...], letters: str
) -> None:
    rows = [{**MCQ, "id": f"q{n}", "cop": cop} for n, cop in enumerate(marks)]
    found = questions_of("medmcqa", written(tmp_path / "dev.json", *rows))
    assert "".join(one.answer for one in found) == letters
    assert [one.id for one in found] == ["q0", "q1", "q2"]


@pytest.mark.parametrize("marks", [(1, 2, 3), (0, 4), (-1, -1), (None,)])
def test_medmcqa_whose_key_cannot_be_told_is_refused(tmp_path: Path, marks: tuple[int | None, ...]) -> None:
    rows = [{**MCQ, "id": f"q{n}", "cop": cop} for n, cop in enumerate(marks)]
    with pytest.raises(PaperUnusable, match="cop"):
        questions_of("medmcqa", written(tmp_path / "dev.json", *rows))


def test_pubmedqa_as_published_and_as_rows(tmp_path: Path) -> None:
    (one,) = questions_of("pubmedqa", written(tmp_path / "ori_pqal.json", {"111": ABSTRACT}))
    row = {"pubid": 111, "question": ABSTRACT["QUESTION"], "context": {"contexts": ABSTRACT["CONTEXTS"]}}
    (again,) = questions_of("pubmedqa", written(tmp_path / "rows.jsonl", {**row, "final_decision": "maybe"}))
    assert one == again
    assert (one.id, one.options, one.answer) == ("111", ("yes", "no", "maybe"), "C")
    assert one.text.index("We asked.") < one.text.index("did.") < one.text.index("Does it help?")


def test_a_folder_of_pubmedqa_is_narrowed_to_its_test_split(tmp_path: Path) -> None:
    written(tmp_path / "ori_pqal.json", {"111": ABSTRACT, "222": {**ABSTRACT, "final_decision": "no"}})
    assert len(questions_of("pubmedqa", tmp_path)) == 2
    written(tmp_path / "test_ground_truth.json", {"222": "no"})
    assert [one.id for one in questions_of("pubmedqa", tmp_path)] == ["222"]


@pytest.mark.parametrize(
    ("exam", "rows"),
    [
        ("medqa", [{"question": "Which?", "options": {"A": "x", "B": "y"}, "answer_idx": "C"}]),
        ("medqa", [MCQ]),
        ("medmcqa", [{"question": "Which?", "cop": 4}]),
        ("pubmedqa", [{"1": {**ABSTRACT, "final_decision": None}}]),
        ("medqa", ["Which?"]),
        ("medqa", [[]]),
    ],
)
def test_other_layouts_are_refused(tmp_path: Path, exam: Exam, rows: list[Any]) -> None:
    with pytest.raises(PaperUnusable):
        questions_of(exam, written(tmp_path / "file.json", *rows))


def test_a_line_that_is_no_json_is_named(tmp_path: Path) -> None:
    (tmp_path / "test.jsonl").write_text('{"question": "a"}\nnot this\n')
    with pytest.raises(PaperUnusable, match="line 2"):
        questions_of("medqa", tmp_path / "test.jsonl")


def test_the_interval_is_that_of_resampling() -> None:
    assert interval(0, 7) == (0.0, 0.0)
    assert interval(7, 7) == (1.0, 1.0)
    # Of ten answers, five right: the binomial of 10 and 1/2 has 1.07 % up to 1 and 5.47 % up to 2, and the same above.
    assert interval(5, 10) == (0.2, 0.8)
    low, high = interval(879, 1273)
    assert high - low == pytest.approx(2 * 1.96 * (0.6905 * 0.3095 / 1273) ** 0.5, abs=0.001)


TITLES: dict[Exam, str] = {"medqa": "MedQA", "medmcqa": "MedMCQA", "pubmedqa": "PubMedQA"}


def test_figures_are_those_of_the_model_cards_and_name_their_source() -> None:
    cards = Path(__file__).parents[3] / "docs" / "model-cards"
    for name in ("medgemma-4b-it", "medgemma-27b-it", "medgemma-27b-text-it", "medgemma-1.5-4b-it"):
        card = (cards / f"{name}.md").read_text()
        for exam, title in TITLES.items():
            figure = published(exam, f"google/{name}", options=4)
            assert figure is not None
            assert "arXiv" in figure.source or "model card" in figure.source
            assert f"{title} {figure.score * 100:.1f} %" in card
    assert published("medqa", "google/medgemma-4b-it", options=5) is None
    assert published("medmcqa", "epfl-llm/meditron-7b", options=4) is None
