"""A chart that moves under a reviewer's hands costs them no work: what they changed is laid over the fresh drafts."""

from __future__ import annotations

from typing import Any

from claims.canonical import exact_bytes
from tests.acceptance.homes import AS_OF, PATIENT, Home

ADA = ("--approve", "--as", "Ada Nowak")
ORDER = {
    "resourceType": "ServiceRequest",
    "status": "active",
    "intent": "order",
    "code": {"text": "Chest X-ray"},
    "subject": {"reference": f"Patient/{PATIENT}"},
    "authoredOn": AS_OF,
}


def moved(home: Home, n: int) -> None:
    """News in the chart that changes no sentence of the summary's head."""
    home.put({**ORDER, "id": f"fx-news-{n}"})


def entry(home: Home, item: str, n: int) -> dict[str, Any]:
    resource: dict[str, Any] = home.json("show", item)["entries"][n - 1]["resource"]
    return resource


def edited(home: Home, item: str, *resources: tuple[int, dict[str, Any]]) -> str:
    (home.path / "edit.json").write_bytes(exact_bytes({str(n): resource for n, resource in resources}))
    following: str = home.json("decide", item, "--edit", "edit.json", "--as", "Ada Nowak")["next_item"]
    return following


def fresh_item(home: Home, stale: str) -> str:
    assert "chart changed" in home.refused("decide", stale, "--approve", "--as", "Ben Okafor", expect=4)
    (item,) = (row["item"] for row in home.json("queue", "--status", "open"))
    return str(item)


def with_words(resource: dict[str, Any], words: str) -> dict[str, Any]:
    """The resource with words of a person in its first section."""
    first, *rest = resource["section"]
    div = first["text"]["div"].replace("</ul>", f"<li>{words}</li></ul>")
    return {**resource, "section": [{**first, "text": {**first["text"], "div": div}}, *rest]}


def test_an_edit_is_carried_over_as_often_as_the_chart_moves(drafted: tuple[Home, str]) -> None:
    home, item = drafted
    mine = with_words(entry(home, item, 1), "Seen at six.")
    item = edited(home, item, (1, {**mine, "title": "Mine"}))
    for turn in range(2):
        moved(home, turn)
        item = fresh_item(home, item)
        now = entry(home, item, 1)
        assert now["title"] == "Mine"
        assert "Seen at six." in now["section"][0]["text"]["div"]
        said = [line for line in home.json("show", item)["page"] if line.startswith("From the proposal before")]
        assert len(said) == 1
        assert "edited by Ada Nowak, carried over: " in said[0]
        assert "title" in said[0]
    before = home.stored()
    assert home.json("decide", item, *ADA)["run_status"] == "written"
    titles = [r.get("title") for name, r in home.stored().items() if name not in before]
    assert "Mine" in titles


def test_an_edit_of_what_the_chart_now_says_otherwise_falls_and_is_named(drafted: tuple[Home, str]) -> None:
    home, item = drafted
    summary = entry(home, item, 1)
    place = next(i for i, s in enumerate(summary["section"]) if s["title"] == "Act on / verify first")
    first = summary["section"][place]
    sections = [*summary["section"]]
    sections[place] = {
        **first,
        "text": {"status": "additional", "div": first["text"]["div"].replace("<ul>", "<ul><li>Fine.</li>")},
    }
    item = edited(home, item, (1, {**summary, "section": sections}))
    home.put(
        {
            "resourceType": "Observation",
            "id": "fx-news",
            "status": "final",
            "subject": {"reference": f"Patient/{PATIENT}"},
            "code": {"coding": [{"system": "http://loinc.org", "code": "2823-3"}], "text": "Potassium"},
            "effectiveDateTime": AS_OF,
            "valueQuantity": {"value": 6.9, "unit": "mmol/L", "system": "http://unitsofmeasure.org", "code": "mmol/L"},
        }
    )
    item = fresh_item(home, item)
    assert "Fine." not in str(entry(home, item, 1))
    (said,) = (line for line in home.json("show", item)["page"] if line.startswith("From the proposal before"))
    assert "section Act on / verify first was dropped, the draft is new there" in said


def test_what_was_not_approved_is_not_proposed_again(drafted: tuple[Home, str]) -> None:
    home, item = drafted
    titles = [e["title"] for e in home.json("show", item)["entries"]]
    for turn in range(2):
        moved(home, turn)
        only = [str(part) for n, t in enumerate(titles, start=1) if t != titles[-1] for part in ("--only", n)]
        signed = only if turn == 0 else []
        assert "chart changed" in home.refused("decide", item, *ADA, *signed, expect=4)
        (item,) = (row["item"] for row in home.json("queue", "--status", "open"))
        shown = home.json("show", item)
        assert [e["title"] for e in shown["entries"]] == titles[:-1]
        (said,) = (line for line in shown["page"] if line.startswith("From the proposal before"))
        assert said == f"From the proposal before: {titles[-1]}: left out again, as Ada Nowak did not approve it."


def test_without_an_edit_nothing_is_said(drafted: tuple[Home, str]) -> None:
    home, item = drafted
    moved(home, 0)
    item = fresh_item(home, item)
    assert not [line for line in home.json("show", item)["page"] if "proposal before" in line]
