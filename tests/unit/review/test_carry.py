"""Laying an edit over a fresh draft: what the person changed stands where the draft is as it was, and nowhere else."""

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from review.carry import lay_over


def section(title: str, text: str) -> dict[str, Any]:
    return {"title": title, "text": {"status": "generated", "div": f"<div>{text}</div>"}}


def summary(resource_id: str, date: str, **sections: str) -> dict[str, Any]:
    return {
        "resourceType": "Composition",
        "id": resource_id,
        "date": date,
        "title": "Summary",
        "section": [section(title, text) for title, text in sections.items()],
    }


def test_an_edit_stands_where_the_draft_is_as_it_was() -> None:
    drafted = summary("a", "2021", Who="75", Changed="K 5.1", Medicines="x")
    edited = {**summary("a", "2021", Who="75", Changed="K 5.1", Medicines="x, as told"), "title": "For the ward"}
    fresh = summary("b", "2022", Who="76", Changed="K 6.9", Medicines="x")
    laid = lay_over(drafted=drafted, edited=edited, fresh=fresh)
    assert laid.resource == {
        **summary("b", "2022", Who="76", Changed="K 6.9", Medicines="x, as told"),
        "title": "For the ward",
    }
    assert (set(laid.kept), laid.dropped) == ({"title", "section Medicines"}, ())


def test_where_the_chart_says_something_new_the_edit_falls_and_is_named() -> None:
    drafted, fresh = summary("a", "2021", Changed="K 5.1"), summary("b", "2022", Changed="K 6.9")
    laid = lay_over(drafted=drafted, edited=summary("a", "2021", Changed="K normal"), fresh=fresh)
    assert laid.resource == fresh
    assert (laid.kept, laid.dropped) == ((), ("section Changed",))


def test_what_a_person_took_out_stays_out_and_what_they_added_stays_in() -> None:
    drafted, edited = summary("a", "2021", Who="75", Social="s"), summary("a", "2021", Who="75", Plan="p")
    laid = lay_over(drafted=drafted, edited=edited, fresh=summary("b", "2022", Who="75", Social="s"))
    assert laid.resource == summary("b", "2022", Who="75", Plan="p")
    assert set(laid.kept) == {"section Social", "section Plan"}


def test_a_section_that_is_gone_takes_its_edit_with_it() -> None:
    drafted, edited = summary("a", "2021", Who="75", Social="s"), summary("a", "2021", Who="75", Social="t")
    fresh = summary("b", "2022", Who="75")
    laid = lay_over(drafted=drafted, edited=edited, fresh=fresh)
    assert (laid.resource, laid.dropped) == (fresh, ("section Social",))


def test_numbers_count_by_value() -> None:
    order = {"resourceType": "ServiceRequest", "id": "a", "quantityQuantity": {"value": Decimal("1.0")}}
    fresh = {**order, "id": "b", "quantityQuantity": {"value": 1.0}}
    laid = lay_over(drafted=order, edited={**order, "quantityQuantity": {"value": Decimal(2)}}, fresh=fresh)
    assert laid.resource["quantityQuantity"] == {"value": Decimal(2)}


TEXTS = st.dictionaries(st.sampled_from("ABC"), st.sampled_from("xyz"), max_size=3)


@given(TEXTS, TEXTS, TEXTS)
def test_every_change_is_kept_or_named(was: dict[str, str], edited: dict[str, str], now: dict[str, str]) -> None:
    laid = lay_over(
        drafted=summary("a", "2021", **was),
        edited=summary("a", "2021", **edited),
        fresh=summary("b", "2022", **now),
    )
    found = {s["title"]: s["text"]["div"][5:-6] for s in laid.resource.get("section", [])}
    for title in "ABC":
        before, theirs, fresh = was.get(title), edited.get(title), now.get(title)
        name = f"section {title}"
        if theirs in (before, fresh):
            assert found.get(title) == fresh
        elif before == fresh:
            assert found.get(title) == theirs
            assert name in laid.kept
        else:
            assert found.get(title) == fresh
            assert name in laid.dropped
    assert not set(laid.kept) & set(laid.dropped)
    assert (laid.resource["id"], laid.resource["date"]) == ("b", "2022")


def test_nothing_edited_changes_nothing() -> None:
    drafted, fresh = summary("a", "2021", Who="75"), summary("b", "2022", Who="76")
    laid = lay_over(drafted=drafted, edited=drafted, fresh=fresh)
    assert (laid.resource, laid.kept, laid.dropped) == (fresh, (), ())
