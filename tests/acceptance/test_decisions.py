"""What decisions do: what is written, once, equal to what was shown; and what is refused, with nothing lost."""

import json
from importlib import resources
from typing import Any

import pytest
from sqlalchemy import text

from tests.acceptance.homes import AS_OF, PATIENT, Home, finish, references
from tools.fhir import wire

ADA = ("--approve", "--as", "Ada Nowak")


@pytest.fixture
def drafted(drafted_on_both: tuple[Home, str]) -> tuple[Home, str]:
    """Every test of this file on both stores."""
    return drafted_on_both


def written(home: Home, before: dict[str, Any]) -> dict[str, Any]:
    """What the server holds now and did not hold before; what it held has not changed."""
    now = home.stored()
    assert {name: now[name] for name in before} == before
    return {name: resource for name, resource in now.items() if name not in before}


def assert_nothing_dangles(held: dict[str, Any], added: dict[str, Any]) -> None:
    for resource in added.values():
        for reference in references(resource):
            name, _, version = reference.partition("/_history/")
            assert name.startswith("#") or name in held, f"{reference} points to nothing"
            assert not version or int(version) <= int(held[name]["meta"]["versionId"])


def assert_written_once(home: Home, item: str, added: dict[str, Any], entries: set[int]) -> None:
    """These entries stand on the server as they were sealed, each with its Provenance, and nothing else does."""
    shown = home.json("show", item)
    sealed = {e["n"]: e["sealed"] for e in shown["entries"] if e["n"] in entries}
    targets = {f"{r['resourceType']}/{r['id']}": r for r in sealed.values()}
    for name, resource in targets.items():
        assert wire.unversioned(added[name]) == wire.unversioned(resource)
        assert added[name]["meta"]["versionId"] == "1"
    others = [r for name, r in added.items() if name not in targets]
    provenances = [r for r in others if r["resourceType"] == "Provenance"]
    assert sorted(r["target"][0]["reference"] for r in provenances) == sorted(targets)
    devices = {f"Device/{r['id']}" for r in others if r["resourceType"] == "Device"}
    assert len(provenances) + len(devices) == len(others)
    assert devices == {r["agent"][0]["who"]["reference"] for r in provenances}
    assert {r["reference"] for r in shown["receipts"]} == set(targets)
    assert_nothing_dangles(home.stored(), added)


def test_approved_is_written_as_shown_and_signed(drafted: tuple[Home, str]) -> None:
    home, item = drafted
    before, shown = home.stored(), home.json("show", item)
    done = home.json("decide", item, *ADA)
    assert set(done) >= {"item", "outcome", "next_item", "receipts"}
    assert (done["outcome"], done["run_status"], done["next_item"]) == ("approved", "written", None)
    assert [set(r) >= {"entry", "reference", "version", "sha256"} for r in done["receipts"]]
    added = written(home, before)
    entries = {entry["n"] for entry in shown["entries"]}
    assert_written_once(home, item, added, entries)
    for entry in shown["entries"]:
        one = entry["resource"]
        stored = added[f"{one['resourceType']}/{one['id']}"]
        # What the signature adds to the draft that was shown, and nothing but that.
        changed = {name for name in stored if wire.unversioned(stored).get(name) != one.get(name)}
        assert changed <= ({"meta", "status", "attester"} if one["resourceType"] == "Composition" else {"meta"})
        if one["resourceType"] == "Composition":
            assert (one["status"], stored["status"]) == ("preliminary", "final")
            assert [a["party"]["display"] for a in stored["attester"]] == ["Ada Nowak"]
        else:
            assert (stored["status"], stored["intent"]) == ("draft", "proposal")
    for provenance in (r for r in added.values() if r["resourceType"] == "Provenance"):
        assert provenance["agent"][1]["who"]["display"] == "Ada Nowak"
        assert provenance["entity"]


def test_a_second_approval_is_refused_and_writes_nothing(drafted: tuple[Home, str]) -> None:
    home, item = drafted
    home.json("decide", item, *ADA)
    after = home.stored()
    for who in ("Ada Nowak", "Ben Okafor"):
        assert "already approved" in home.refused("decide", item, "--approve", "--as", who, expect=4)
    home.refused("decide", item, "--reject", "other", "--as", "Ben Okafor", expect=4)
    assert home.json("resume") == []
    assert home.stored() == after


@pytest.mark.parametrize("entry", [1, 3])
def test_only_one_entry_leaves_nothing_dangling(drafted: tuple[Home, str], entry: int) -> None:
    home, item = drafted
    before = home.stored()
    done = home.json("decide", item, *ADA, "--only", str(entry))
    assert done["run_status"] == "partly_written"
    assert [r["entry"] for r in done["receipts"]] == [entry]
    assert_written_once(home, item, written(home, before), {entry})


def test_two_processes_decide_at_once_and_one_wins(drafted: tuple[Home, str]) -> None:
    home, item = drafted
    before = home.stored()
    people = ("Ada Nowak", "Ben Okafor")
    racing = [home.start("decide", item, "--approve", "--as", who, "--json", "-") for who in people]
    ran = [finish(process) for process in racing]
    assert sorted(one.code for one in ran) == [0, 4], ran
    lost = next(one for one in ran if one.code == 4)
    assert "already approved" in lost.err
    added = written(home, before)
    assert_written_once(home, item, added, {e["n"] for e in home.json("show", item)["entries"]})
    assert [d["person"] for d in home.json("show", item)["decisions"]] == [people[ran.index(lost) - 1]]


def test_a_rejection_is_coded_and_writes_nothing(drafted: tuple[Home, str]) -> None:
    home, item = drafted
    before = home.stored()
    code = home.preround("schema", "reject-reasons", "--json", "-").json[0]["code"]
    done = home.json("decide", item, "--reject", code, "--as", "Ada Nowak", "--words", "Not this week.")
    assert (done["outcome"], done["run_status"], done["receipts"]) == ("rejected", "rejected", [])
    (decision,) = home.json("show", item)["decisions"]
    assert (decision["verb"], decision["code"], decision["words"]) == ("reject", code, "Not this week.")
    assert "already rejected" in home.refused("decide", item, *ADA, expect=4)
    home.json("resume")
    assert home.stored() == before


def test_sent_back_with_words_opens_another_item(drafted: tuple[Home, str]) -> None:
    home, item = drafted
    before = home.stored()
    done = home.json("decide", item, "--revise", "Say more about the kidney.", "--as", "Ada Nowak")
    following = done["next_item"]
    assert (done["outcome"], done["run_status"]) == ("revised", "awaiting_review")
    assert following not in {None, item}
    assert {row["item"]: row["status"] for row in home.json("queue")} == {item: "superseded", following: "open"}
    assert f"decide {following} instead" in home.refused("decide", item, *ADA, expect=4)
    assert home.stored() == before
    assert home.json("decide", following, *ADA)["run_status"] == "written"
    added = written(home, before)
    assert_written_once(home, following, added, {e["n"] for e in home.json("show", following)["entries"]})


def test_a_round_is_sent_back_five_times_at_most(drafted: tuple[Home, str]) -> None:
    home, item = drafted
    for turn in range(5):
        item = home.json("decide", item, "--revise", f"Again, {turn}.", "--as", "Ada Nowak")["next_item"]
    assert "5 times" in home.refused("decide", item, "--revise", "Again.", "--as", "Ada Nowak", expect=4)
    assert home.json("decide", item, *ADA)["run_status"] == "written"


def test_an_edit_opens_another_item_and_that_one_is_written(drafted: tuple[Home, str]) -> None:
    home, item = drafted
    before = home.stored()
    first = home.json("show", item)["entries"][0]["resource"]
    (home.path / "edit.json").write_text(json.dumps({"1": {**first, "title": "Edited by hand"}}))
    done = home.json("decide", item, "--edit", "edit.json", "--as", "Ada Nowak")
    following = done["next_item"]
    assert (done["outcome"], done["run_status"]) == ("superseded", "awaiting_review")
    assert f"decide {following} instead" in home.refused("decide", item, *ADA, expect=4)
    assert home.json("decide", following, *ADA)["run_status"] == "written"
    added = written(home, before)
    assert_written_once(home, following, added, {e["n"] for e in home.json("show", following)["entries"]})
    assert [r["title"] for r in added.values() if r["resourceType"] == "Composition"].count("Edited by hand") == 1


def test_edited_then_sent_back_then_written(drafted: tuple[Home, str]) -> None:
    home, item = drafted
    before = home.stored()
    first = home.json("show", item)["entries"][0]["resource"]
    (home.path / "edit.json").write_text(json.dumps([{"n": 1, "resource": {**first, "title": "Edited by hand"}}]))
    edited = home.json("decide", item, "--edit", "edit.json", "--as", "Ada Nowak")["next_item"]
    again = home.json("decide", edited, "--revise", "As it was.", "--as", "Ada Nowak")["next_item"]
    assert home.json("decide", again, *ADA)["run_status"] == "written"
    assert_written_once(home, again, written(home, before), {e["n"] for e in home.json("show", again)["entries"]})


def test_a_cancelled_round_can_no_longer_be_signed(drafted: tuple[Home, str]) -> None:
    home, item = drafted
    before, run = home.stored(), home.json("queue")[0]["run_id"]
    assert home.json("cancel", run, "--as", "Ada Nowak")["status"] == "cancelled"
    assert "already cancelled" in home.refused("decide", item, *ADA, expect=4)
    assert "has ended (cancelled)" in home.refused("cancel", run, expect=4)
    assert [row["status"] for row in home.json("resume", run)] == ["cancelled"]
    assert home.stored() == before


def test_what_is_written_cannot_be_cancelled(drafted: tuple[Home, str]) -> None:
    home, item = drafted
    run = home.json("queue")[0]["run_id"]
    home.json("decide", item, *ADA)
    assert "has ended (written)" in home.refused("cancel", run, expect=4)
    assert [row["status"] for row in home.json("queue")] == ["approved"]


def test_another_round_for_the_same_task_takes_the_place_of_the_first(drafted: tuple[Home, str]) -> None:
    home, item = drafted
    before = home.stored()
    following = home.draft("--task", "summary")["review_item"]
    assert {row["item"]: row["status"] for row in home.json("queue")} == {item: "superseded", following: "open"}
    assert f"decide {following} instead" in home.refused("decide", item, *ADA, expect=4)
    (first, _) = home.json("queue")
    assert home.json("resume", first["run_id"])[0]["status"] == "superseded", "the row says so at once"
    assert home.json("resume") == []
    assert home.stored() == before


NEWS = {
    "allergy": {
        "resourceType": "AllergyIntolerance",
        "id": "news",
        "patient": {"reference": f"Patient/{PATIENT}"},
        "code": {"text": "Penicillin"},
        "recordedDate": AS_OF[:10],
        "clinicalStatus": {
            "coding": [
                {"system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "code": "active"}
            ]
        },
    },
    "result": {
        "resourceType": "Observation",
        "id": "news",
        "status": "final",
        "subject": {"reference": f"Patient/{PATIENT}"},
        "code": {"coding": [{"system": "http://loinc.org", "code": "2823-3"}], "text": "Potassium"},
        "effectiveDateTime": AS_OF,
        "valueQuantity": {"value": 6.9, "unit": "mmol/L", "system": "http://unitsofmeasure.org", "code": "mmol/L"},
    },
}


@pytest.mark.parametrize("news", NEWS)
def test_a_chart_that_changed_meanwhile_stops_the_write(drafted: tuple[Home, str], news: str) -> None:
    home, item = drafted
    home.put(NEWS[news])
    before = home.stored()
    said = home.refused("decide", item, *ADA, expect=4)
    rows = {row["item"]: row for row in home.json("queue")}
    (fresh,) = (name for name, row in rows.items() if row["status"] == "open")
    assert "nothing was written" in said
    assert fresh in said
    assert rows[item]["status"] == "stale"
    assert home.stored() == before
    page = "\n".join(home.json("show", fresh)["page"])
    assert ("penicillin (entered 2026)" if news == "allergy" else "6.9") in page
    home.refused("decide", item, *ADA, expect=4)
    assert home.json("decide", fresh, *ADA)["run_status"] == "written"
    entries = {e["n"] for e in home.json("show", fresh)["entries"]}
    assert_written_once(home, fresh, written(home, before), entries)


def test_a_changed_order_stops_the_write_and_another_patients_does_not(drafted: tuple[Home, str]) -> None:
    home, item = drafted
    orders = [r for r in home.stored().values() if r["resourceType"] == "MedicationRequest"]
    mine = next(r for r in orders if r["subject"]["reference"] == f"Patient/{PATIENT}")
    other = next(r for r in orders if r["subject"]["reference"] != f"Patient/{PATIENT}")
    for resource in (mine, other):
        resource["status"] = "stopped" if resource["status"] == "active" else "completed"
        resource.pop("meta")
    home.put({**other, "note": [{"text": "Another patient's."}]})
    assert home.json("decide", item, *ADA, "--only", "1")["run_status"] == "partly_written"
    again = home.draft()["review_item"]
    home.put({**mine, "note": [{"text": "Changed."}]})
    assert "chart changed" in home.refused("decide", again, *ADA, expect=4)


def test_what_we_wrote_ourselves_is_not_news(home: Home) -> None:
    """Two rounds on one chart: the first one's write does not make the second one stale."""
    first = home.draft("--task", "summary")["review_item"]
    second = home.draft("--task", "suggestions")["review_item"]
    assert home.json("decide", first, *ADA)["run_status"] == "written"
    assert home.json("decide", second, *ADA)["run_status"] == "written"


SITE = """
name = "site"
[people]
named = [
  { name = "Ada Prescriber", roles = ["clinician", "prescriber"], attests = ["evidence_opened", "signed_in_again"] },
  { name = "Ben Pharmacist", roles = ["pharmacist"], attests = ["evidence_opened", "signed_in_again"] },
  { name = "Dan Clinician", roles = ["clinician"], attests = ["evidence_opened", "signed_in_again"] },
]
"""


def test_where_a_policy_asks_for_two_signatures(drafted: tuple[Home, str]) -> None:
    home, item = drafted
    embedded = resources.files("review").joinpath("policy.toml").read_text(encoding="utf-8")
    rules = embedded[embedded.index("# Who may send an item back") :]
    # Whatever the entries' tier, one prescriber and one pharmacist.
    with_two = "".join(
        'signatures = [{ roles = ["prescriber"] }, { roles = ["pharmacist"] }]\n'
        if row.startswith("signatures")
        else row
        for row in rules.splitlines(keepends=True)
    )
    (home.path / "policy.toml").write_text(SITE + with_two)
    site = Home(path=home.path, more={**home.more, "PREROUND_POLICY": str(home.path / "policy.toml")})
    site.json("cancel", site.json("queue")[0]["run_id"])
    item, before = site.draft()["review_item"], site.stored()
    site.refused("decide", item, "--approve", "--as", "Nobody Known", expect=4)
    site.refused("decide", item, "--approve", "--as", "Dan Clinician", expect=4)
    first = site.json("decide", item, "--approve", "--as", "Ada Prescriber")
    assert (first["outcome"], first["run_status"]) == ("signed", "awaiting_review")
    assert len(first["signatures_missing"]) == 1
    assert site.stored() == before
    site.refused("decide", item, "--approve", "--as", "ada  PRESCRIBER", expect=4)
    last = site.json("decide", item, "--approve", "--as", "Ben Pharmacist")
    assert (last["outcome"], last["run_status"]) == ("approved", "written")
    added = written(site, before)
    assert_written_once(site, item, added, {e["n"] for e in site.json("show", item)["entries"]})
    signed = [[a["party"]["display"] for a in r["attester"]] for r in added.values() if "attester" in r]
    assert signed
    assert all(names == ["Ada Prescriber", "Ben Pharmacist"] for names in signed)


def test_a_stored_proposal_that_was_changed_is_not_signed(drafted: tuple[Home, str]) -> None:
    home, item = drafted
    before = home.stored()
    with home.state() as state:
        state.execute(text("UPDATE artifacts SET body = :body WHERE kind = 'proposal'"), {"body": bytes(10)})
    home.refused("decide", item, *ADA, expect=4)
    assert home.stored() == before
