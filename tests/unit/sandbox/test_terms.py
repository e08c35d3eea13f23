import pytest
from hypothesis import given
from hypothesis import strategies as st

from preround.sandbox.outcome import FhirError
from preround.sandbox.terms import MAX_COUNT, parse_filter, parse_search, split_unescaped, unescape


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a,b", ["a", "b"]),
        (r"a\,b,c", [r"a\,b", "c"]),
        (r"a\\,b", [r"a\\", "b"]),
        ("", [""]),
        (",", ["", ""]),
    ],
)
def test_only_bare_commas_split(text: str, parts: list[str]) -> None:
    assert split_unescaped(text, ",") == parts


@given(st.lists(st.text(min_size=1), min_size=1))
def test_escaped_values_come_back(values: list[str]) -> None:
    joined = ",".join(value.replace("\\", "\\\\").replace(",", "\\,") for value in values)
    assert [unescape(part) for part in split_unescaped(joined, ",")] == values


def test_a_filter_knows_its_modifier_and_its_chain() -> None:
    plain = parse_filter("Observation", "code:not", "a,b")
    assert (plain.name, plain.modifier, plain.chain, plain.values) == ("code", "not", "", ("a", "b"))
    chained = parse_filter("Observation", "subject:Patient.name:exact", "Ann")
    assert (chained.name, chained.modifier, chained.chain) == ("subject", "Patient", "name:exact")
    reverse = parse_filter("Patient", "_has:Observation:patient:code", "x")
    assert (reverse.name, reverse.chain) == ("_has", "Observation:patient:code")


@pytest.mark.parametrize(
    "pair",
    [
        ("nonsense", "1"),
        ("patient", ""),
        ("code", "a,,b"),
        ("_count", "-1"),
        ("_count", "ten"),
        ("_summary", "true"),
        ("_sort", "nonsense"),
        ("_include", "Patient:link"),
        ("_include", "Observation:code"),
        ("_include", "Observation:subject:Nothing"),
        ("_revinclude", "Nothing:subject"),
        ("_total", "maybe"),
        ("subject.", "x"),
    ],
    ids=str,
)
def test_what_is_not_understood_is_refused(pair: tuple[str, str]) -> None:
    with pytest.raises(FhirError) as refused:
        parse_search("Observation", (pair,))
    assert refused.value.status == 400


def test_lenient_handling_drops_what_is_unknown_and_says_so_in_the_query() -> None:
    search = parse_search("Observation", (("nonsense", "1"), ("code", "x")), lenient=True)
    assert search.pairs == (("code", "x"),)


def test_a_page_has_a_largest_size() -> None:
    assert parse_search("Patient", (("_count", "99999999999"),)).count == MAX_COUNT
