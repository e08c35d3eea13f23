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
        yield Field(
            name=one["name"], where=one["in"], required=one.get("required", False), words=one.get("description", "")
        )


def _body(operation: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[Field]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    schema = document.get("components", {}).get("schemas", {}).get(name, {})
    for field, one in schema.get("properties", {}).items():
        yield Field(
            name=field, where="body", required=field in schema.get("required", ()), words=one.get("description", "")
        )
