"""Logs: our own events in full, of everybody else's only who spoke, where, and what kind of failure it was."""

from __future__ import annotations

import json
import logging
import sys
import threading
from typing import Any

import pytest

from preround.telemetry.crash import told
from preround.telemetry.logs import Log, event, say, silent, speak
from preround.telemetry.watchers import Watchers
from tools.observer import EngineStarted, FhirRequest, ModelCall, NodeStep, RoundDrive, Verified, Work

CANARY = "Quartzfeather"


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def fail() -> None:
    raise ValueError(CANARY)


def test_each_event_is_one_object_with_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    with silent():
        speak("json", "info", serving=True)
        event(logging.INFO, "swept", rounds=3, error=None)
        say("Review queue: http://127.0.0.1:8000")
        event(logging.DEBUG, "too fine")
    swept, said = lines(capsys.readouterr().err)
    assert {k: v for k, v in swept.items() if k != "at"} == {"level": "info", "event": "swept", "rounds": 3}
    assert (said["event"], said["words"]) == ("said", "Review queue: http://127.0.0.1:8000")


def test_people_read_lines_and_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    with silent():
        speak("text", "debug", serving=True)
        event(logging.INFO, "swept", rounds=3)
        say("Review queue: http://127.0.0.1:8000")
    first, second = capsys.readouterr().err.splitlines()
    assert first.endswith("INFO    swept rounds=3")
    assert second == "Review queue: http://127.0.0.1:8000"


@pytest.mark.parametrize("form", ["json", "text"])
def test_the_words_of_other_libraries_are_never_passed_on(form: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with silent():
        speak(form, "debug", serving=True)
        logging.getLogger("httpx").warning("GET /Patient/%s", CANARY)
        try:
            fail()
        except ValueError:
            logging.getLogger("asyncio").exception("Task of %s failed", CANARY, extra={"fields": {"who": CANARY}})
    said = capsys.readouterr().err
    assert CANARY not in said
    assert "httpx" in said
    assert "ValueError" in said
    assert "test_logs.py" in said, "where it was is told"


def test_a_command_says_nothing_of_itself_and_warns_without_words(capsys: pytest.CaptureFixture[str]) -> None:
    with silent():
        speak("auto", None, serving=False)
        event(logging.ERROR, "not asked for")
        logging.getLogger("sqlalchemy").warning(CANARY)
    (line,) = capsys.readouterr().err.splitlines()
    assert "sqlalchemy" in line
    assert CANARY not in line


def test_what_was_logged_before_goes_on_afterwards() -> None:
    root = logging.getLogger()
    before = root.handlers[:], root.level, threading.excepthook, sys.unraisablehook
    with silent():
        speak("json", "debug", serving=True)
    assert (root.handlers, root.level, threading.excepthook, sys.unraisablehook) == before


def test_a_thread_that_fails_tells_where_and_not_what(capsys: pytest.CaptureFixture[str]) -> None:
    with silent():
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
    said = capsys.readouterr().err
    assert CANARY not in said
    assert "in fail" in said
    assert "ValueError" in said


def test_a_traceback_names_every_failure_and_quotes_none() -> None:
    try:
        try:
            fail()
        except ValueError as error:
            raise ExceptionGroup(CANARY, [KeyError(CANARY)]) from error
    except ExceptionGroup as error:
        said = told(error)
    assert CANARY not in said
    assert said.index("KeyError") < said.index("ExceptionGroup")
    assert "fail" in said


def watched(capsys: pytest.CaptureFixture[str], *works: Work, level: Any = "debug") -> list[dict[str, Any]]:
    with silent():
        speak("json", level, serving=True)
        watchers = Watchers(Log())
        for work in works:
            with watchers.watch(work):
                pass
        watchers.note(EngineStarted(again=True))
        watchers.note(Verified(task="summary", standing=3, removed=1))
    return lines(capsys.readouterr().err)


def test_rounds_are_told_and_their_parts_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    works = (
        RoundDrive(run_id="r1", status="awaiting_review"),
        NodeStep(node="gather"),
        ModelCall(system="vllm", model="m", sent=5, made=2),
        FhirRequest(method="GET", interaction="search", resource_type="Condition", host="h", port=1, status=503),
    )
    brief = watched(capsys, *works, level="info")
    assert [one["event"] for one in brief] == ["round", "fhir", "engine_started"]
    assert (brief[0]["run_id"], brief[0]["status"]) == ("r1", "awaiting_review")
    assert brief[1]["level"] == "warning", "a server that fails is said at once"
    full = watched(capsys, *works)
    assert [one["event"] for one in full] == ["round", "node", "model", "fhir", "engine_started", "verified"]
    assert full[3]["type"] == "Condition"


def test_what_happens_within_a_round_names_it_and_its_failure(capsys: pytest.CaptureFixture[str]) -> None:
    with silent():
        speak("json", "debug", serving=True)
        watchers = Watchers(Log())
        with (
            pytest.raises(ValueError, match=CANARY),
            watchers.watch(RoundDrive(run_id="r1")),
            watchers.watch(NodeStep(node="draft")),
        ):
            fail()
    node, drive = lines(capsys.readouterr().err)
    assert (node["run_id"], node["error"], node["level"]) == ("r1", "ValueError", "warning")
    assert (drive["event"], drive["error"]) == ("round", "ValueError")
    assert CANARY not in str((node, drive))
