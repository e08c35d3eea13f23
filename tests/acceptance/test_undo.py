"""Taking a write back: a proposal that two people sign; nothing is deleted, and nobody's later change is lost."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.homes import Home
from tools.fhir import wire

ADA = ("--approve", "--as", "Ada Nowak")
BEN = ("--approve", "--as", "Ben Okafor")


@pytest.fixture
def signed(drafted: tuple[Home, str]) -> tuple[Home, list[dict[str, Any]]]:
    """A home whose item was written, and its receipts."""
    home, item = drafted
    return home, home.json("decide", item, *ADA)["receipts"]


def taken_back(home: Home, receipt: str) -> dict[str, Any]:
    """The decision that was needed last for the undo of a receipt."""
    item = home.json("undo", receipt)["review_item"]
    first = home.json("decide", item, *ADA)
    assert (first["outcome"], first["receipts"]) == ("signed", [])
    done: dict[str, Any] = home.json("decide", item, *BEN)
    assert (done["outcome"], done["run_status"]) == ("approved", "written")
    return done


def without_meta(resource: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in resource.items() if name != "meta"}


def test_each_kind_is_marked_as_entered_in_error_by_its_own_element(signed: tuple[Home, list[dict[str, Any]]]) -> None:
    home, receipts = signed
    kinds = {r["reference"].partition("/")[0]: r for r in receipts}
    assert {"Composition", "ServiceRequest"} <= kinds.keys()
    for receipt in kinds.values():
        before = home.stored()
        proposed = home.json("undo", receipt["receipt"])
        assert (proposed["status"], proposed["tier"], proposed["undoes"]) == ("awaiting_review", 4, receipt["receipt"])
        assert any(receipt["reference"] in line for line in proposed["page"])
        (entry,) = home.json("show", proposed["review_item"])["entries"]
        assert [(c["path"].rpartition(".")[2], c["new"]) for c in entry["diff"]] == [("status", "entered-in-error")]
        assert home.stored() == before, "a proposal writes nothing"
        done = taken_back(home, receipt["receipt"])
        after = home.stored()
        (mine,) = done["receipts"]
        assert (mine["reference"], mine["version"]) == (receipt["reference"], "2")
        was, now = before[receipt["reference"]], after[receipt["reference"]]
        assert without_meta(now) == {**without_meta(was), "status": "entered-in-error"}
        assert now["meta"]["security"] == was["meta"]["security"]
        (provenance,) = (r for name, r in after.items() if name not in before and r["resourceType"] == "Provenance")
        assert provenance["activity"]["coding"][0]["code"] == "NULLIFY"
        assert [a["who"]["display"] for a in provenance["agent"][1:]] == ["Ada Nowak", "Ben Okafor"]
        assert provenance["entity"] == [
            {"role": "revision", "what": {"reference": f"{receipt['reference']}/_history/1"}}
        ]
        changed = {name for name in before if after[name] != before[name]}
        assert changed == {receipt["reference"]}


def test_an_undo_of_an_undo_brings_the_version_before_it_back(signed: tuple[Home, list[dict[str, Any]]]) -> None:
    home, receipts = signed
    reference = receipts[0]["reference"]
    first = home.stored()[reference]
    (undone,) = taken_back(home, receipts[0]["receipt"])["receipts"]
    said = home.refused("undo", receipts[0]["receipt"], expect=4)
    assert f"undo receipt {undone['receipt']}" in said
    (again,) = taken_back(home, undone["receipt"])["receipts"]
    assert again["version"] == "3"
    assert wire.unversioned(home.stored()[reference]) == wire.unversioned(first)
    # And once more: what was undone, put back, and undone again.
    taken_back(home, again["receipt"])
    assert home.stored()[reference]["status"] == "entered-in-error"
    shown = home.json("show", home.json("queue", "--status", "approved")[0]["item"])
    assert {r["receipt"]: r["undone_by"] for r in shown["receipts"]}[receipts[0]["receipt"]] == undone["receipt"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_somebody_changed_since_stays_as_they_left_it(
    signed: tuple[Home, list[dict[str, Any]]], when: str
) -> None:
    home, receipts = signed
    reference, receipt = receipts[0]["reference"], receipts[0]["receipt"]
    item = None if when == "before" else home.json("undo", receipt)["review_item"]
    if item is not None:
        home.json("decide", item, *ADA)
    theirs = {**wire.unversioned(home.stored()[reference]), "title": "Corrected by hand"}
    home.put(theirs)
    held = home.stored()
    if item is None:
        assert "was changed after we wrote version 1" in home.refused("undo", receipt, expect=4)
    else:
        assert "nothing was written" in home.refused("decide", item, *BEN, expect=4)
        assert [row["status"] for row in home.json("queue") if row["item"] == item] == ["stale"]
        home.refused("undo", receipt, expect=4)
    assert home.stored() == held


def test_one_undo_waits_at_a_time_and_one_that_was_rejected_may_come_again(
    signed: tuple[Home, list[dict[str, Any]]],
) -> None:
    home, receipts = signed
    first = home.json("undo", receipts[0]["receipt"])["review_item"]
    assert home.json("undo", receipts[0]["receipt"])["review_item"] == first
    other = home.json("undo", receipts[1]["receipt"])["review_item"]
    assert [row["status"] for row in home.json("queue") if row["item"] in (first, other)] == ["open", "open"]
    home.json("decide", first, "--reject", "other", "--words", "It was right.", "--as", "Ada Nowak")
    second = home.json("undo", receipts[0]["receipt"])["review_item"]
    assert second != first
    taken_back(home, receipts[0]["receipt"])


def test_an_undo_is_signed_as_it_is(signed: tuple[Home, list[dict[str, Any]]]) -> None:
    home, receipts = signed
    item = home.json("undo", receipts[0]["receipt"])["review_item"]
    resource = home.json("show", item)["entries"][0]["resource"]
    (home.path / "edit.json").write_bytes(wire.dump({"1": {**resource, "title": "Another"}}))
    assert "signed as it is" in home.refused("decide", item, "--edit", "edit.json", "--as", "Ada Nowak", expect=2)
    assert "edit it, or reject it" in home.refused("decide", item, "--revise", "Why?", "--as", "Ada Nowak", expect=4)
    home.json("decide", item, *ADA)
    home.refused("decide", item, *ADA, expect=4)


def test_what_is_no_receipt(signed: tuple[Home, list[dict[str, Any]]]) -> None:
    home, receipts = signed
    item, entry, _ = receipts[0]["receipt"].rsplit("-", 2)
    for other in ("nothing", item, f"{item}-{entry}-1", f"{item}-{entry}-3"):
        assert "There is no receipt" in home.refused("undo", other, expect=3)


def test_the_words_name_the_receipt_and_the_command(drafted: tuple[Home, str]) -> None:
    home, item = drafted
    said = home.preround("decide", item, *ADA).out
    (first, *_) = home.json("show", item)["receipts"]
    assert f"receipt {first['receipt']}" in said
    assert "preround undo RECEIPT" in said
    assert first["receipt"] in home.preround("show", item).out
    assert "preround undo RECEIPT" in home.refused("decide", item, *ADA, expect=4)
    shown = home.preround("undo", first["receipt"]).out
    assert "Takes back" in shown
    assert "Next: preround show" in shown
