"""Sensitive data by label and by class."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chart.chart import Chart
from chart.sensitive import sensitive_classes
from chart.site_tables import TableUnusable

AS_OF = datetime(2026, 3, 1, tzinfo=UTC)


def patient(born: str = "1980-01-01") -> dict[str, Any]:
    return {"resourceType": "Patient", "id": "p", "birthDate": born, "gender": "female"}


def problem(name: str, label: str | None = None) -> dict[str, Any]:
    meta = {"security": [{"code": label}]} if label else {}
    return {
        "resourceType": "Condition",
        "id": name.replace(" ", "-"),
        "meta": meta,
        "subject": {"reference": "Patient/p"},
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "code": {"text": name},
        "onsetDateTime": "2025-01-01",
    }


def build(*resources: dict[str, Any], site: Path | None = None) -> Chart:
    return Chart.build(resources, as_of=AS_OF, sensitive=sensitive_classes(site))


def row(key: str, title: str, label: str, word: str, by_label: str, by_words: str) -> str:
    return (
        f'[{key}]\ntitle = "{title}"\nlabels = ["{label}"]\nwords = ["{word}"]\n'
        f'by_label = "{by_label}"\nby_words = "{by_words}"\n'
    )


def test_what_is_labelled_is_masked_and_said_by_class_only() -> None:
    chart = build(patient(), problem("HIV infection", "HIV"), problem("Asthma"))
    assert [f.name for f in chart.of("problem")] == ["Asthma"]
    assert chart.masked == {"HIV": 1}
    assert "Condition/HIV-infection" not in chart.resources, "no citation can lead there"
    assert "Condition/HIV-infection" in chart.versions, "the freshness check still knows that it was read"


def test_what_only_looks_sensitive_is_shown_by_default() -> None:
    chart = build(patient(), problem("Drug overdose"))
    assert [f.name for f in chart.of("problem")] == ["Drug overdose"]
    assert chart.masked == {}


def test_a_site_masks_or_withholds(tmp_path: Path) -> None:
    table = row("substance_use", "substance use", "ETH", "overdose", "withhold", "mask")
    (tmp_path / "sensitive.toml").write_text(table, encoding="utf-8")
    chart = build(patient(), problem("Drug overdose"), site=tmp_path)
    assert chart.of("problem") == ()
    assert chart.masked == {"substance use": 1}
    labelled = build(patient(), problem("Something", "ETH"), site=tmp_path)
    assert labelled.of("problem") == ()
    assert labelled.masked == {}, "withheld is not said"


@pytest.mark.parametrize(("born", "seen"), [("2010-06-01", 0), ("1990-06-01", 1)])
def test_adolescents_have_a_class_of_their_own(born: str, seen: int) -> None:
    chart = build(patient(born), problem("Contraception counselling"))
    assert len(chart.of("problem")) == seen


def test_an_action_that_nobody_knows_is_refused_before_a_chart_is_read(tmp_path: Path) -> None:
    (tmp_path / "sensitive.toml").write_text(row("hiv", "HIV", "HIV", "hiv", "mask", "hide"), encoding="utf-8")
    with pytest.raises(TableUnusable, match="by_words"):
        build(patient(), problem("HIV infection"), site=tmp_path)
