"""A JSON Schema as constrained decoding takes it: references written out, all bounded, refused keywords left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_REFUSED = frozenset({"uniqueItems", "multipleOf", "title", "description", "default", "examples", "$defs", "$schema"})
"""xgrammar answers 400 to the first two; the others are words that a grammar does not need."""
STRING, ITEMS = 64, 16
"""Bounds of a string and of a list that its form leaves open: a model must not be able to go on for ever."""


def constrainable(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema that xgrammar and guidance both take; what it accepts, the form still has to validate.

    Raises:
        ValueError: the schema refers to itself, so it has no bound.
    """
    made = _walk(schema, schema.get("$defs", {}), ())
    if not isinstance(made, dict):
        raise ValueError("A schema is an object; give a pydantic model's own.")
    return made


def _walk(node: Any, defs: Mapping[str, Any], above: tuple[str, ...]) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(node, list):
        return [_walk(n, defs, above) for n in node]
    if not isinstance(node, Mapping):
        return node
    if "$ref" in node:
        name = str(node["$ref"]).rpartition("/")[2]
        if name in above:
            raise ValueError(f"The form {name} refers to itself; give it a bounded shape.")
        rest = {k: v for k, v in node.items() if k != "$ref"}
        return _walk({**defs[name], **rest}, defs, (*above, name))
    if "allOf" in node:
        merged: dict[str, Any] = {k: v for k, v in node.items() if k != "allOf"}
        for part in node["allOf"]:
            merged.update(_walk(part, defs, above))
        return _walk(merged, defs, above)
    made = {k: _value(k, v, defs, above) for k, v in node.items() if k not in _REFUSED}
    return _bounded(made)


def _value(key: str, value: Any, defs: Mapping[str, Any], above: tuple[str, ...]) -> Any:  # noqa: ANN401 - any JSON value
    if key == "properties":
        # Names of properties are not keywords: one may be called "title".
        return {name: _walk(v, defs, above) for name, v in value.items()}
    return value if key in ("enum", "const", "required") else _walk(value, defs, above)


def _bounded(node: dict[str, Any]) -> dict[str, Any]:
    kind = node.get("type")
    if kind == "string" and not {"enum", "const"} & set(node):
        if "pattern" in node:
            # A pattern and a length together are refused; the pattern says more, the form checks the length.
            node.pop("maxLength", None)
            node.pop("minLength", None)
        else:
            node.setdefault("maxLength", STRING)
    if kind == "array":
        node.setdefault("maxItems", ITEMS)
    if kind == "object" and "properties" in node:
        node.setdefault("additionalProperties", False)
    return node
