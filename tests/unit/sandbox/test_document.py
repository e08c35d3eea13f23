import copy
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preround.sandbox.document import Number, parse, serialise
from preround.sandbox.outcome import FhirError


@pytest.mark.parametrize(
    "literal",
    [
        "3.10",
        "1.0",
        "1e3",
        "1E+3",
        "0.1",
        "-0",
        "-0.0",
        "0.000000000000000000001",
        "12345678901234567890",
        "7",
        "1e400",
    ],
)
def test_a_number_comes_back_as_it_was_written(literal: str) -> None:
    text = f'{{"value":{literal}}}'
    assert serialise(parse(text.encode())) == text


@given(st.from_regex(re.compile(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?"), fullmatch=True))
def test_any_number_comes_back_as_it_was_written(literal: str) -> None:
    assert serialise(parse(f"[{literal}]".encode())) == f"[{literal}]"


@given(st.text(st.characters(codec="utf-8")))
def test_any_text_comes_back(text: str) -> None:
    assert parse(serialise([text]).encode()) == [text]


def test_numbers_compare_by_value_and_survive_copies() -> None:
    number = parse(b"3.10")
    assert number == Number("3.1")
    assert copy.deepcopy([number])[0].literal == copy.copy(number).literal == "3.10"


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"{'a': 1}", b"[NaN]", b"[Infinity]", b"\xff\xfe", b"[01]", b"[" * 100_000],
    ids=["empty", "open", "quotes", "nan", "infinity", "bytes", "zero", "deep"],
)
def test_what_is_not_json_is_refused(content: bytes) -> None:
    with pytest.raises(FhirError) as refused:
        parse(content)
    assert refused.value.status == 400


@pytest.mark.parametrize("content", [rb'["\ud800"]', b"[" * 300 + b"]" * 300], ids=["surrogate", "deep"])
def test_what_cannot_be_written_is_refused(content: bytes) -> None:
    with pytest.raises(FhirError) as refused:
        serialise(parse(content))
    assert refused.value.status == 400
