"""`preround purge` and `preround hold`: what is over goes when it is told to, and what is left says so."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update

from store.tables import artifacts, runs
from tests.acceptance.at_rest import lying
from tests.acceptance.homes import PATIENT, Home

ADA = ("--as", "Ada Nowak")


def aged(home: Home, days: int) -> None:
    """Let all that there is be so many days older."""
    with home.state() as connection:
        for table, names in ((runs, ("created", "closed")), (artifacts, ("created",))):
            (key,) = table.primary_key.columns
            for row in connection.execute(select(table)).all():
                found = {name: getattr(row, name) for name in names}
                older = {name: moment - timedelta(days=days) for name, moment in found.items() if moment}
                connection.execute(update(table).where(key == row._mapping[key.name]).values(older))


def test_what_is_over_goes_when_it_is_told_to(drafted_on_both: tuple[Home, str]) -> None:
    plain, item = drafted_on_both
    assert "PREROUND_RETENTION_DAYS" in plain.refused("purge", expect=2)
    home = Home(path=plain.path, more={**plain.more, "PREROUND_RETENTION_DAYS": "5"})
    aged(home, 10)
    assert home.json("purge", "--yes", *ADA)["rounds"] == 0  # it waits
    (receipt, *_) = home.json("decide", item, "--approve", *ADA)["receipts"]
    assert home.json("purge")["rounds"] == 0  # it has just closed
    aged(home, 10)
    assert "5 days" in home.refused("purge", "--older-than", "1", expect=4)
    assert "--as NAME" in home.refused("purge", "--yes", expect=2)
    hold = home.json("hold", "set", "--patient", PATIENT, "--reason", "A letter", *ADA)["hold_id"]
    assert "1 more rounds are as old and stay: held" in home.preround("purge").out
    assert home.json("purge", "--yes", *ADA)["rounds"] == 0
    assert [one["hold_id"] for one in home.json("hold", "list")] == [hold]
    assert home.json("hold", "lift", hold, "--reason", "Over", *ADA)["lifted_by"] == "Ada Nowak"
    assert "in force" in home.refused("hold", "lift", hold, "--reason", "Over", *ADA, expect=3)
    would = home.json("purge")
    assert (would["done"], would["rounds"], would["held"]) == (False, 1, 0)
    done = home.json("purge", "--yes", *ADA)
    assert (done["done"], done["rounds"], done["artifacts"]) == (True, 1, would["artifacts"])
    assert done["freed"] >= would["freed"] > 0
    assert home.json("purge")["rounds"] == 0
    assert lying(home, ("Testpatient", "Naproxen", "naproxen")) == set()
    assert "removed when its time was over" in home.refused("show", item, expect=3)
    assert "removed when its time was over" in home.refused("undo", receipt["receipt"], expect=3)
    (line,) = home.json("queue", "--status", "approved")
    assert (line["item"], line["patient"]) == (item, f"Patient/{PATIENT}")
    assert home.json("audit", "verify")["holds"]
    assert home.draft()["status"] == "awaiting_review"


def test_what_cannot_be_held_is_said(home: Home) -> None:
    said = ("--reason", "A letter", *ADA)
    assert "There is no round" in home.refused("hold", "set", "--round", "nobody", *said, expect=3)
    assert "one of --patient" in home.refused("hold", "set", *said, expect=2)
    assert "needs a reason" in home.refused("hold", "set", "--patient", PATIENT, "--reason", " ", *ADA, expect=2)
    assert home.json("hold", "list") == []
