"""Value sets: expanded, listed, whole code systems, sets of sets; what only a server could list is missing."""

from collections.abc import Mapping
from typing import Any

import pytest

from tools.guidelines.value_set import value_sets

SYSTEM = {
    "resourceType": "CodeSystem",
    "url": "urn:s",
    "content": "complete",
    "concept": [{"code": "a", "concept": [{"code": "b"}]}, {"code": "c"}],
}
AB = {"url": "urn:ab", "compose": {"include": [{"system": "urn:s", "concept": [{"code": "a"}, {"code": "b"}]}]}}


def members(*sets: Mapping[str, Any], systems: tuple[Mapping[str, Any], ...] = (SYSTEM,)) -> dict[str, list[str]]:
    return {each.url: [code for code, _ in each.codes] for each in value_sets(sets, systems)}


def made(**compose: Any) -> dict[str, Any]:
    return {"url": "urn:x", "compose": compose}


@pytest.mark.parametrize(
    ("given", "codes"),
    [
        ({"url": "urn:x", "expansion": {"contains": [{"code": "a", "contains": [{"code": "b"}]}]}}, ["a", "b"]),
        ({"url": "urn:x", "expansion": {"contains": [{"code": "a", "abstract": True}]}}, []),
        ({"url": "urn:x", "expansion": {"total": 0}}, []),
        (made(include=[{"system": "urn:s"}]), ["a", "b", "c"]),
        (made(include=[{"valueSet": ["urn:ab|1"]}]), ["a", "b"]),
        (made(include=[{"system": "urn:s", "concept": [{"code": "b"}, {"code": "c"}], "valueSet": ["urn:ab"]}]), ["b"]),
        (made(include=[{"system": "urn:s"}], exclude=[{"valueSet": ["urn:ab"]}]), ["c"]),
    ],
)
def test_members_are_worked_out(given: dict[str, Any], codes: list[str]) -> None:
    assert members(given, AB)["urn:x"] == codes


@pytest.mark.parametrize(
    "given",
    [
        made(include=[{"system": "urn:s", "filter": [{"property": "concept", "op": "is-a", "value": "a"}]}]),
        made(include=[{"system": "urn:elsewhere"}]),
        made(include=[{"valueSet": ["urn:gone"]}]),
        made(include=[{"valueSet": ["urn:x"]}]),
        made(include=[]),
        {"url": "urn:x"},
    ],
)
def test_what_cannot_be_listed_is_not_there(given: dict[str, Any]) -> None:
    assert "urn:x" not in members(given)


def test_an_incomplete_code_system_is_no_list() -> None:
    assert members(made(include=[{"system": "urn:s"}]), systems=({**SYSTEM, "content": "fragment"},)) == {}
