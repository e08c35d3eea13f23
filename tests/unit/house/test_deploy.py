"""The dashboard, the alerts and Prometheus' set-up name metrics, labels and services that exist."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from prometheus_client.metrics_core import Metric

from graphs.reading import ReadingCache
from preround.clock import WallClock
from preround.telemetry.metrics import Metrics
from preround.telemetry.state import StateMetrics
from preround.telemetry.watchers import Watchers
from store.database import database_at
from tests.unit.house.compose import SERVICES
from tests.unit.house.files import ROOT
from tools.observer import EngineCall, EngineStarted, FhirRequest, ModelCall, NodeStep, RoundDrive, Verified

DEPLOY = ROOT / "deploy"
DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana-dashboard.json").read_text())
ALERTS: dict[str, Any] = yaml.safe_load((DEPLOY / "alerts.yml").read_text())
RULES: list[dict[str, Any]] = ALERTS["groups"][0]["rules"]
EXPRESSIONS = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
EXPRESSIONS += [rule["expr"] for rule in RULES]
NAME = re.compile(r"\b(?:preround|process)_[a-z_]+\b")
GIVEN_BY_PROMETHEUS = {"le", "instance", "job"}


@pytest.fixture(scope="module")
def families(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Metric]:
    """Every family that a process gives, with each of its labels in use."""
    metrics = Metrics()
    watchers = Watchers(metrics)
    for work in (
        FhirRequest(method="GET", interaction="read", resource_type="Patient", host="h", port=None, status=200),
        ModelCall(system="vllm", model="m"),
        EngineCall(operation="ping"),
        NodeStep(node="gather"),
        RoundDrive(run_id="r", status="failed"),
    ):
        with watchers.watch(work):
            pass
    watchers.note(EngineStarted(again=True))
    watchers.note(Verified(task="summary", standing=1, removed=1))
    db = database_at(tmp_path_factory.mktemp("deploy") / "state.sqlite")
    db.migrate()
    StateMetrics(db, ReadingCache(), WallClock(), metrics.registry, tasks=True, copy="https://ehr.example/fhir")
    found = {family.name: family for family in metrics.registry.collect()}
    db.close()
    return found


def samples(families: dict[str, Metric]) -> set[str]:
    """The names that may be asked for."""
    found = {sample.name for family in families.values() for sample in family.samples}
    return found | {f"{name}{end}" for name in families for end in ("", "_bucket", "_count", "_sum")}


def test_every_metric_that_is_asked_for_exists(families: dict[str, Metric]) -> None:
    named = {name for expression in EXPRESSIONS for name in NAME.findall(expression)}
    assert len(named) > 20
    assert named <= samples(families)
    assert "preround_no_such_thing" not in samples(families)


def test_every_family_of_ours_is_on_the_dashboard_or_wakes_somebody(families: dict[str, Metric]) -> None:
    asked = " ".join(EXPRESSIONS)
    silent = {name for name in families if name.startswith("preround_") and name not in asked}
    assert silent <= {"preround_build", "preround_engine_call_seconds", "preround_engine_starts"}


def test_every_label_exists(families: dict[str, Metric]) -> None:
    labels = {label for family in families.values() for sample in family.samples for label in sample.labels}
    labels |= {"status", "tier", "state", "outcome"} | GIVEN_BY_PROMETHEUS
    for expression in EXPRESSIONS:
        named = {one.strip() for part in re.findall(r"by \(([^)]*)\)", expression) for one in part.split(",")}
        named |= set(re.findall(r"(\w+)(?:=|!=|=~|!~)\"", expression))
        assert named <= labels, expression


def test_what_the_state_holds_is_not_added_up_over_processes() -> None:
    for expression in EXPRESSIONS:
        if "preround_state_" in expression:
            assert "max" in expression, expression
            assert not re.search(r"sum(?: by \(\w+\))? \(?preround_state_", expression), expression


def test_each_alert_says_what_to_do() -> None:
    for rule in RULES:
        assert rule["alert"].startswith("Preround")
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"].endswith((".", "?"))


def test_panels_have_one_source_and_do_not_lie_on_each_other() -> None:
    assert [one["name"] for one in DASHBOARD["templating"]["list"]] == ["source"]
    places = [(p["gridPos"]["x"], p["gridPos"]["y"]) for p in DASHBOARD["panels"]]
    assert len(set(places)) == len(places)
    assert all(p["datasource"]["uid"] == "${source}" for p in DASHBOARD["panels"])


def test_prometheus_asks_services_that_answer_there() -> None:
    found = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())
    (job,) = found["scrape_configs"]
    (where,) = job["dns_sd_configs"]
    for name in where["names"]:
        environment = SERVICES[name]["environment"]
        assert str(environment["PREROUND_METRICS_PORT"]) == str(where["port"])
        assert environment["PREROUND_METRICS_HOST"] == "0.0.0.0"  # noqa: S104 - inside a container's own network
