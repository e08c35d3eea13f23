"""What each command gives as JSON, and how it fails: one sentence, the right exit code, nothing lost."""

import sqlite3
from pathlib import Path

import pytest

from tests.acceptance.homes import AS_OF, PATIENT, Home

RESULT = {
    "run_id", "patient", "as_of", "reasoner", "model", "status", "page", "critical", "drafts", "accounted",
    "suggestions", "not_suggested", "coverage", "review_item", "proposal_sha256", "tier", "expires_at", "ledger",
}  # fmt: skip
LEDGER = {
    "llm_calls", "prompt_tokens", "completion_tokens", "largest_prompt_tokens", "cached_prompt_tokens", "fhir_requests",
    "fhir_bytes", "cpu_seconds", "seconds",
}  # fmt: skip
CITATION = {"reference", "path", "value", "fact"}


def test_run_gives_what_the_contract_says(home: Home) -> None:
    found = home.draft()
    assert set(found) >= RESULT
    assert set(found["ledger"]) >= LEDGER
    assert set(found["ledger"]["seconds"]) >= {"intake", "plan", "gather", "draft", "verify", "propose"}
    assert found["patient"] == f"Patient/{PATIENT}"
    assert (found["reasoner"], found["model"]) == ("offline", {"name": None, "revision": None})
    assert 0 < len(found["page"]) <= 45
    assert [d["task"] for d in found["drafts"]] == ["summary", "comparison", "suggestions"]
    claims = [c for d in found["drafts"] for s in d["sections"] for c in s["claims"]]
    assert len({c["id"] for c in claims}) == len(claims)
    assert {c["kind"] for c in claims} <= {"fact", "computed", "absence", "inference"}
    assert all(set(cited) >= CITATION for c in claims for cited in c["citations"])
    assert {row["as"] for row in found["accounted"]} <= {
        "current", "stale", "finished", "duplicate", "superseded", "past", "not_borne_out", "social", "folded",
    }  # fmt: skip
    assert found["suggestions"]
    for suggestion in found["suggestions"]:
        assert suggestion["because"]
        assert (suggestion["action"]["intent"], suggestion["action"]["status"]) == ("proposal", "draft")
        assert set(suggestion["guideline"]) >= {"id", "version", "in_force", "citation", "url"}
    assert all(set(c) >= {"id", "tool", "query", "found", "truncated", "error"} for c in found["coverage"])
    assert found["ledger"]["fhir_requests"] <= 25


def test_queue_and_show_give_what_the_contract_says(drafted: tuple[Home, str]) -> None:
    home, item = drafted
    (row,) = home.json("queue")
    assert set(row) >= {"item", "run_id", "patient", "task", "tier", "status", "opened", "expires_at", "claimed_by"}
    assert (row["item"], row["status"]) == (item, "open")
    assert home.json("queue", "--status", "rejected") == []
    shown = home.json("show", item)
    assert [entry["n"] for entry in shown["entries"]] == list(range(1, len(shown["entries"]) + 1))
    for entry in shown["entries"]:
        assert set(entry) >= {"n", "sha256", "resource", "sealed", "diff"}
        assert entry["resource"].get("status") in {"preliminary", "draft"}
    assert {row["id"] for row in home.json("patients")["patients"]} >= {PATIENT}


def test_what_a_person_reads_says_what_to_do_next(home: Home) -> None:
    ran = home.preround("run", PATIENT, "--as-of", AS_OF)
    assert "Next: preround show" in ran.out
    item = home.json("queue")[0]["item"]
    assert f"preround decide {item} --approve" in home.preround("show", item).out
    done = home.preround("decide", item, "--approve", "--as", "Dr Test")
    assert done.out.startswith("Approved. The round is written.")


@pytest.mark.parametrize("patient", ["nobody", "Patient/nobody", "no_such_patient", "../Observation"])
def test_a_wrong_patient_id(home: Home, patient: str) -> None:
    assert "preround patients" in home.refused("run", patient, expect=3)
    assert home.json("queue") == []


@pytest.mark.parametrize(
    "arguments", [("run", PATIENT), ("patients",), ("load", "somewhere.json")], ids=["run", "patients", "load"]
)
def test_a_server_that_is_down(home: Home, arguments: tuple[str, ...]) -> None:
    (home.path / "somewhere.json").write_text('{"resourceType": "Patient", "id": "x"}')
    assert "could not be reached" in home.refused(*arguments, "--fhir", "http://127.0.0.1:1", expect=5)
    assert home.json("queue") == []


@pytest.mark.parametrize("text", ["", "{", '{"resourceType": "Bundle", "type": "history"}', "[1]", "\x00"])
def test_a_broken_bundle(home: Home, text: str) -> None:
    before = home.stored()
    (home.path / "broken.json").write_text(text)
    assert "broken.json" in home.refused("load", "broken.json", expect=2)
    assert home.stored() == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", PATIENT, "--task", "dance"),
        ("run", PATIENT, "--task", "imaging"),
        ("run", PATIENT, "--as-of", "yesterday"),
        ("run", PATIENT, "--since", "2021-13-01"),
        ("run", PATIENT, "--fhir", "ftp://127.0.0.1/fhir"),
        ("queue", "--status", "dancing"),
    ],
    ids=["unknown task", "task not offered", "as-of", "since", "address", "status"],
)
def test_wrong_use(home: Home, arguments: tuple[str, ...]) -> None:
    home.refused(*arguments, expect=2)
    assert home.json("queue") == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "0123456789abcdef"),
        ("decide", "0123456789abcdef", "--approve", "--as", "Dr Test"),
        ("resume", "0123456789abcdef"),
        ("cancel", "0123456789abcdef"),
        ("schema", "nothing"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_what_does_not_exist(home: Home, arguments: tuple[str, ...]) -> None:
    home.refused(*arguments, expect=3)


@pytest.mark.parametrize(
    "how",
    [
        ("--approve", "--reject", "other"),
        (),
        ("--reject", "no-such-code"),
        ("--revise", " "),
        ("--approve", "--only", "99"),
        ("--edit", "nowhere.json"),
        ("--edit", "list.json"),
    ],
    ids=["two verbs", "no verb", "unknown code", "no words", "no such entry", "no such file", "not a map"],
)
def test_a_decision_that_means_nothing_leaves_the_item_open(drafted: tuple[Home, str], how: tuple[str, ...]) -> None:
    home, item = drafted
    (home.path / "list.json").write_text("[1, 2]")
    home.refused("decide", item, *how, "--as", "Dr Test", expect=2)
    assert [row["status"] for row in home.json("queue")] == ["open"]


def test_nobody_cannot_sign(drafted: tuple[Home, str]) -> None:
    home, item = drafted
    home.refused("decide", item, "--approve", "--as", "  ", expect=4)
    assert [row["status"] for row in home.json("queue")] == ["open"]


def test_an_expired_item(drafted: tuple[Home, str]) -> None:
    home, item = drafted
    before = home.stored()
    with sqlite3.connect(home.path / "preround.sqlite") as state:
        state.execute("UPDATE items SET expires_at = opened")
    state.close()
    assert "run the round again" in home.refused("decide", item, "--approve", "--as", "Dr Test", expect=4)
    assert "run the round again" in home.refused("decide", item, "--approve", "--as", "Dr Test", expect=4)
    (resumed,) = home.json("resume")
    assert resumed["status"] == "expired"
    assert [row["status"] for row in home.json("queue")] == ["expired"]
    assert home.stored() == before


@pytest.mark.parametrize(
    ("name", "text"),
    [("preround.toml", "home = ["), ("preround.toml", 'colour = "red"'), ("policy.toml", "name = 1")],
    ids=["not TOML", "unknown setting", "policy"],
)
def test_settings_that_cannot_be_used(home: Home, name: str, text: str) -> None:
    (home.path / name).write_text(text)
    more = {"PREROUND_POLICY": "policy.toml"} if name == "policy.toml" else {}
    Home(path=home.path, more=more).refused("queue", expect=2)


def test_a_home_that_cannot_be_made(home: Home, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    elsewhere = Home(path=home.path, more={"PREROUND_HOME": str(tmp_path / "file" / "home")})
    elsewhere.refused("queue", expect=2)


def test_a_model_server_that_is_down(home: Home) -> None:
    without = Home(path=home.path, more={"PREROUND_MODEL_URL": "http://127.0.0.1:1/v1"})
    without.refused("run", PATIENT, "--as-of", AS_OF, "--reasoner", "vllm", expect=5)
