"""What pictures cost, against the bounds that the issue sets."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks import imaging
from fhir_fixtures import PATIENTS
from fhir_fixtures.loading import load_story
from tests.depth import depth
from tests.unit.house.files import ROOT


def test_a_film_costs_as_much_as_the_plain_way_and_a_ct_does_not_fill_the_memory(tmp_path: Path) -> None:
    """In a process of its own without coverage, which slows what is counted; CPU time, ratios within one run."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    report = tmp_path / "report.json"
    rounds = str(depth("IMAGING_ROUNDS", here=5, ci=9))
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "benchmarks.imaging",
        "--rounds",
        rounds,
        "--json",
        report,
        "--folder",
        tmp_path,
    ]
    ran = subprocess.run(command, cwd=ROOT, env=plain, capture_output=True, text=True, check=False)
    assert report.exists(), ran.stderr
    found = json.loads(report.read_text())
    assert found["ratio"] <= imaging.MOST_RATIO == 1.3
    assert (found["slices"], found["sent"]) == (100, 85)
    assert found["peak_mib"] <= imaging.MOST_MIB < found["all_at_once_mib"]
    assert ran.returncode == 0, ran.stdout


def test_both_ways_make_the_same_picture() -> None:
    """The plain way is no straw man: what it makes differs from ours by rounding alone."""
    body = imaging.drawn(load_story(PATIENTS / "chest-films.yaml"))
    ours, plain = (np.asarray(Image.open(io.BytesIO(way(body)))).astype(int) for way in (imaging.ours, imaging.plain))
    assert ours.shape == plain.shape == (896, 896)
    assert np.abs(ours - plain).mean() < 1.5
    assert np.corrcoef(ours.ravel(), plain.ravel())[0, 1] > 0.999
