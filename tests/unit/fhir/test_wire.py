import json
from decimal import Decimal, InvalidOperation
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.fhir import wire

DECIMALS = st.decimals(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | DECIMALS | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_what_is_written_reads_back_the_same(value: Any) -> None:
    again = wire.parse(wire.dump(value))
    assert wire.same(value, again)
    assert wire.dump(again) == wire.dump(value)


@given(st.from_regex(r"-?(0|[1-9][0-9]{0,15})\.[0-9]{1,15}", fullmatch=True))
def test_a_number_keeps_its_text(text: str) -> None:
    number = wire.parse(text)
    assert wire.literal(number) == text
    assert wire.dump(number) == text.encode()


def test_the_hash_is_by_value_and_without_version() -> None:
    one = {"resourceType": "X", "meta": {"versionId": "1", "lastUpdated": "t"}, "value": Decimal("3.10")}
    other = {"value": 3.1, "resourceType": "X"}
    assert wire.sha256(one) == wire.sha256(other)
    assert wire.sha256(one) != wire.sha256({**other, "value": 3.2})
    assert wire.sha256({**one, "meta": {"versionId": "9", "tag": []}}) != wire.sha256(other)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (Decimal("3.10"), 3.1, True),
        (Decimal("7"), 7, True),
        (1, True, False),
        ("7", 7, False),
        (Decimal("0.1"), Decimal("0.10000000000000000001"), False),
        ([1, 2], [2, 1], False),
        ({"a": 1}, {"a": 1, "b": None}, False),
        (None, False, False),
    ],
)
def test_sameness(one: Any, other: Any, alike: bool) -> None:
    assert wire.same(one, other) is alike


def test_a_giant_exponent_is_not_spelt_out() -> None:
    value = wire.parse('{"resourceType": "X", "v": 1e999999999, "w": -1E-400000}')
    assert len(wire.dump(value)) < 100
    assert wire.same(value, wire.parse(wire.dump(value)))
    assert len(wire.sha256(value)) == 64


@pytest.mark.parametrize("value", [{1, 2}, Decimal("NaN"), "\ud800", 2**70, b"x"])
def test_what_json_can_not_carry_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="can't carry"):
        wire.dump({"x": value})


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", "{", "", "[" * 100_000])
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        wire.parse(text)


@pytest.mark.parametrize("text", ["1e99999999999999999999", '{"a": [-1E-99999999999999999999]}', "9" * 5000])
def test_a_number_that_nothing_can_hold_is_refused(text: str) -> None:
    for given_as in (text, text.encode()):
        with pytest.raises(ValueError):  # noqa: PT011
            wire.parse(given_as)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"a": 1, "a": 2, "b": {"c": 1.50, "c": 1.5}}', {"a": 2, "b": {"c": Decimal("1.5")}}),
        (b'"\\ud800"', "\ud800"),
        (b'{"\\udc00": "\\ud83d\\ude00"}', {"\udc00": "\U0001f600"}),
        (b"18446744073709551616", 2**64),
        (b"-" + b"9" * 300, -int("9" * 300)),
        (b"-0.0", Decimal("-0.0")),
        (b"\xef\xbb\xbf[1]", [1]),
        ("[1.50]".encode("utf-16"), [Decimal("1.50")]),
    ],
)
def test_what_is_seldom_sent_is_read_as_it_stands(text: bytes, value: Any) -> None:
    found = wire.parse(text)
    assert found == value
    assert repr(found) == repr(value)


@given(JSON, st.data())
def test_a_spoilt_text_is_read_as_json_reads_it_or_refused(value: Any, data: st.DataObject) -> None:
    text = bytearray(wire.dump({"x": [value, 1.25, "\u00e9\n"]}))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(text) - 1))
        text[place] = data.draw(st.sampled_from(b'{}[]",:.-+eE019\\ntu \x00\xff\n'))
    try:
        wanted = repr(json.loads(bytes(text), parse_float=Decimal, parse_constant=_never))
    except (ValueError, InvalidOperation):
        wanted = "refused"
    try:
        found = repr(wire.parse(bytes(text)))
    except ValueError:
        found = "refused"
    assert found == wanted


def _never(name: str) -> None:
    raise ValueError(name)


def test_agrees_with_json_on_plain_values() -> None:
    assert json.loads(wire.dump({"a": [1, "é", None, True, 0.5]})) == {"a": [1, "é", None, True, 0.5]}
