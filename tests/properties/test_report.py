"""The report over all pages meets its thresholds, and says so when one is missed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.chart_page import Sample
from benchmarks.page_cost import Cost, cost_of, times
from benchmarks.pages import MAX_GROWTH, main, missed, report_of, share
from tests.properties.conftest import DATA


def test_the_report_meets_its_thresholds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if not (DATA / "synthea").is_dir():
        pytest.skip("the sample charts are not there (PREROUND_TEST_DATA)")
    written, plot = tmp_path / "pages.json", tmp_path / "pages.svg"
    code = main(["--data", str(DATA), "--json", str(written), "--plot", str(plot)])
    report = json.loads(written.read_text())
    assert report["missed"] == [], report["missed"]
    assert code == 0
    assert len(report["pages"]) >= 16
    assert report["share"] >= 0.8
    assert report["cost"]["growth"] < MAX_GROWTH
    assert "Pages" in capsys.readouterr().out
    assert plot.read_text().count("<circle") == len(report["pages"])


def test_a_threshold_that_is_missed_is_said(samples: tuple[Sample, ...]) -> None:
    # A share of few lines says little: the fullest chart has enough of them.
    page = report_of(max(samples, key=lambda sample: len(sample.resources)))
    assert not missed([page], None)
    assert missed([replace(page, lines=46)], None)
    assert missed([replace(page, twice=1)], None)
    assert missed([replace(page, refused=1)], None)
    assert missed([replace(page, about={"other": 3, "abnormal": 1})], None)
    assert missed([page], Cost(name="x", entries=1, seconds=0.6, growth=1.0))
    assert missed([page], Cost(name="x", entries=1, seconds=0.1, growth=12.5))
    assert share([replace(page, about={"other": 1, "abnormal": 9})]) == 0.9


def test_ten_times_the_entries_are_ten_times_the_facts(samples: tuple[Sample, ...]) -> None:
    sample = samples[0]
    many = times(sample.resources, 10)
    assert len({(r["resourceType"], r["id"]) for r in many}) == len(many) == 10 * len(sample.resources) - 9
    assert cost_of(sample).growth > 1
