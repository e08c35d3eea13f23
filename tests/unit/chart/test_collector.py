"""The collector goes on after a chart was read, whatever came of it."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import pytest

from chart.chart import Chart
from chart.collector import paused
from tests.unit.chart.samples import AS_OF
from tests.unit.chart.test_extract import PATIENT
from tools.fhir import wire


def test_whoever_paused_it_first_lets_it_go_on() -> None:
    with paused():
        with paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_is_paused_while_a_chart_is_read_and_goes_on_after_an_error() -> None:
    seen: list[bool] = []

    def resources() -> Iterator[dict[str, Any]]:
        seen.append(gc.isenabled())
        yield PATIENT

    Chart.build(resources(), as_of=AS_OF)
    assert seen == [False]
    with pytest.raises(ValueError, match="no Patient"):
        Chart.build([], as_of=AS_OF)
    with pytest.raises(ValueError, match="nested too deeply"):
        wire.parse("[" * 100_000)
    with pytest.raises(ValueError):  # noqa: PT011
        wire.parse("[1" * 50)
    assert gc.isenabled()
