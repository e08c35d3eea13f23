"""`preround run --task imaging` with both models of pictures in this process: Gemma 3 sees, SigLIP sorts.

Random weights say nothing of what a film shows; held here is the way from the command to the record, and what is kept.
"""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from typer.testing import CliRunner, Result

from claims.seen import Look
from fhir_fixtures import PATIENTS
from fhir_fixtures.compile import compile_story
from fhir_fixtures.loading import load_story
from fhir_fixtures.pictures import pictures_of
from preround.cli import app

WEIGHTS = Path(os.environ["TINY_WEIGHTS"])
SOURCE = PATIENTS / "chest-films.yaml"


def preround(home: Path, *words: str | Path) -> Result:
    """The command, in this process: torch is loaded once for all of them."""
    imaging = {"ENABLED": "true", "MODEL_PATH": str(WEIGHTS / "image"), "SORT_PATH": str(WEIGHTS / "embedding")}
    env = {f"PREROUND_IMAGING__{name}": value for name, value in imaging.items()}
    env |= {"PREROUND_HOME": str(home), "PREROUND_REASONER": "offline"}
    return CliRunner().invoke(app, [*map(str, words)], env=env)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The films of 2 and 30 March, read one after the other, as `run --json` gives them; and where."""
    folder = tmp_path_factory.mktemp("sorting")
    told = load_story(SOURCE)
    (folder / "story.json").write_bytes(compile_story(SOURCE))
    assert preround(folder / "home", "load", folder / "story.json").exit_code == 0
    found = []
    for film in (told.films[0], told.films[-1]):
        (folder / "film.dcm").write_bytes(next(iter(pictures_of(told, film))))
        words = ("run", f"fx-{told.story}-patient", "--task", "imaging", "--picture", folder / "film.dcm")
        done = preround(folder / "home", *words, "--as-of", told.now.isoformat(), "--json", "-")
        assert done.exit_code == 0, done.stderr[-2000:]
        found.append({**json.loads(done.stdout), "home": folder / "home"})
    return found


def test_the_page_says_what_the_classifier_is_and_what_looks_alike(results: list[dict[str, Any]]) -> None:
    first, second = (Look.model_validate(one["imaging"]) for one in results)
    assert first.sorter.startswith("medsiglip-448")
    assert {one.question for one in first.sorted} >= {"kind of picture"}
    assert all(0 < one.share < 1 for one in (*first.sorted, *second.sorted))
    assert first.similar == ()
    assert [one.day for one in second.similar] == ["2026-03-02"]
    assert -1 <= second.similar[0].likeness <= 1
    page = "\n".join(results[1]["page"])
    assert "no finding, and no part of what is signed" in page
    assert "Looks like the picture of 2026-03-02" in page
    assert "No earlier picture of this patient was sorted by it." in "\n".join(results[0]["page"])


def test_nothing_of_it_is_signed(results: list[dict[str, Any]]) -> None:
    for one in results:
        shown = preround(one["home"], "show", one["review_item"], "--json", "-")
        (entry,) = json.loads(shown.stdout)["entries"]
        written = base64.b64decode(entry["resource"]["presentedForm"][0]["data"]).decode()
        for words in (written, json.dumps(entry["resource"])):
            assert "medsiglip" not in words
            assert "sorting" not in words
            assert "likeness" not in words


def test_each_embedding_is_kept_once_with_its_model_and_revision(results: list[dict[str, Any]]) -> None:
    engine = create_engine(f"sqlite:///{results[0]['home'] / 'preround.sqlite'}")
    with engine.connect() as connection:
        rows = connection.execute(text("select patient, model, revision, day, vector from image_embeddings")).all()
    engine.dispose()
    assert [(row.model, row.day) for row in sorted(rows, key=lambda row: row.day)] == [
        ("medsiglip-448", "2026-03-02"),
        ("medsiglip-448", "2026-03-30"),
    ]
    assert len({row.patient for row in rows}) == len({row.revision for row in rows}) == 1
    assert {len(row.vector) for row in rows} == {32 * 4}, "the tiny model's 32 numbers"
