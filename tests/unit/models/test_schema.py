"""Forms become schemas that a grammar can hold, and nothing that a form refuses in shape gets through."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field

from agents.models.schema import constrainable
from agents.worded.answers import AnswerForm, DraftForm, MoreForm, RepairForm

FORMS = (AnswerForm, DraftForm, MoreForm, RepairForm)


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    """All schemas inside a schema."""
    if isinstance(node, dict):
        if {"type", "enum", "anyOf", "const"} & set(node):
            yield node
        for key, value in node.items():
            if key == "properties":
                for one in value.values():
                    yield from nodes(one)
            elif key in ("items", "anyOf", "oneOf"):
                yield from nodes(value)
    elif isinstance(node, list):
        for one in node:
            yield from nodes(one)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_ours_is_bounded_and_plain(form: type[BaseModel]) -> None:
    made = constrainable(form.model_json_schema())
    text = json.dumps(made)
    assert not any(word in text for word in ("$ref", "$defs", "allOf", "uniqueItems", "multipleOf", '"pattern"'))
    assert len(text) < 8000
    found = list(nodes(made))
    assert len(found) > 3
    for node in found:
        if node.get("type") == "string" and "enum" not in node:
            assert node["maxLength"] <= 400
        if node.get("type") == "array":
            assert node["maxItems"] <= 30
        if node.get("type") == "object":
            assert node["additionalProperties"] is False


class Inner(BaseModel):
    """Inner words."""

    title: str = Field(pattern="^[a-z]+$", max_length=5, description="words")


class Outer(BaseModel):
    """Outer words."""

    one: Annotated[Inner, Field(description="more words")]
    many: set[int] = Field(default_factory=set)
    step: int = Field(default=5, multiple_of=5)


def test_what_a_grammar_refuses_is_left_out() -> None:
    assert constrainable(Outer.model_json_schema()) == {
        "type": "object",
        "properties": {
            "one": {
                "type": "object",
                "properties": {"title": {"type": "string", "pattern": "^[a-z]+$"}},
                "required": ["title"],
                "additionalProperties": False,
            },
            "many": {"type": "array", "items": {"type": "integer"}, "maxItems": 16},
            "step": {"type": "integer"},
        },
        "required": ["one"],
        "additionalProperties": False,
    }


def test_all_of_is_merged() -> None:
    made = constrainable({"allOf": [{"type": "string"}, {"maxLength": 3}]})
    assert made == {"type": "string", "maxLength": 3}


class Endless(BaseModel):
    """Refers to itself."""

    children: list[Endless]


def test_a_form_without_a_bound_is_refused() -> None:
    with pytest.raises(ValueError, match="refers to itself"):
        constrainable(Endless.model_json_schema())
