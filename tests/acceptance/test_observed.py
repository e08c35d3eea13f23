"""`serve` as operators see it: a JSON object a line, and a port of its own for metrics and health."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.homes import AS_OF, PATIENT, Home, copied, finish, loaded_home


@pytest.fixture
def home(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    template = loaded_home(tmp_path_factory.getbasetemp())
    return copied(template, tmp_path / "home", PREROUND_METRICS_PORT="0")


def lines(stderr: Any) -> Iterator[dict[str, Any]]:
    for line in stderr:
        yield json.loads(line)


def test_each_line_is_an_object_and_the_port_for_those_who_watch_holds_nothing_else(home: Home) -> None:
    process = home.start("serve", "--port", "0")
    try:
        said = [str(one["words"]) for _, one in zip(range(2), lines(process.stderr), strict=False)]
        (metrics,) = [words.removeprefix("Metrics: ") for words in said if words.startswith("Metrics: ")]
        (queue,) = [words for words in said if words.startswith("Review queue: ")]
        assert metrics.removesuffix("/metrics") not in queue, "a port of its own"
        link = (home.path / "link").read_text(encoding="utf-8").strip()
        assert link.partition("/enter")[0] in queue
        page = httpx.get(metrics, trust_env=False)
        assert page.status_code == 200
        assert "preround_state_up 1.0" in page.text
        ready = httpx.get(metrics.replace("/metrics", "/readyz"), trust_env=False)
        assert (ready.status_code, ready.json()["checks"]["database"]) == (200, "ok")
        assert httpx.get(metrics.replace("/metrics", "/"), trust_env=False).status_code == 404
        other = httpx.get(metrics, headers={"host": "elsewhere.example"}, trust_env=False)
        assert other.status_code == 421, "no page elsewhere reads it through a browser"
    finally:
        process.send_signal(signal.SIGTERM)
        ended = finish(process)
    assert "Traceback" not in ended.err
    assert link.partition("link=")[2] not in ended.err + ended.out + json.dumps(said), "a log is read by others"
    assert all(json.loads(line) for line in ended.err.splitlines())


def test_a_batch_has_the_port_and_goes_on_where_another_has_it(home: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        busy = replace(home, more={"PREROUND_METRICS_PORT": port})
        process = busy.start(
            "batch", "--search", f"_id={PATIENT}", "--task", "summary", "--as-of", AS_OF, "--json", "-"
        )
        ended = finish(process)
    assert ended.code == 0, ended
    assert ended.json["states"] == {"awaiting_review": 1}
    assert f"port {port}" in ended.err
    assert "without metrics of its own" in ended.err
    again = home.start("batch", "--search", f"_id={PATIENT}", "--task", "summary", "--as-of", AS_OF, "--again")
    ended = finish(again)
    assert ended.code == 0, ended
    assert "/metrics" in ended.err
