"""A page that reads the OpenAPI description aloud: no script, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One thing to give."""

    name: str
    """Its name."""
    where: str
    """path, query or body."""
    required: bool
    """Whether it must be given."""
    words: str
    """What it means."""
    schema: Mapping[str, Any]
    """Its JSON Schema."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """One verb on one address."""

    method: str
    """GET or POST."""
    path: str
    """The address."""
    summary: str
    """What it does."""
    fields: tuple[Field, ...]
    """What to give."""


def operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    """The operations of an OpenAPI document, in its order."""
    for path, methods in document.get("paths", {}).items():
        for method, one in methods.items():
            yield Operation(
                method=method.upper(),
                path=path,
                summary=one.get("description") or one.get("summary", ""),
                fields=(*_parameters(one), *_body(one, document)),
            )


def _parameters(operation: Mapping[str, Any]) -> Iterator[Field]:
    for one in operation.get("parameters", ()):
        yield _field(one["name"], one["in"], one.get("required", False), one.get("schema", {}), one)


def _body(operation: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[Field]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    schema = document.get("components", {}).get("schemas", {}).get(name, {})
    for field, one in schema.get("properties", {}).items():
        yield _field(field, "body", field in schema.get("required", ()), one, one)


def _field(name: str, where: str, required: bool, schema: Mapping[str, Any], said: Mapping[str, Any]) -> Field:
    return Field(name=name, where=where, required=required, words=said.get("description", ""), schema=schema)
