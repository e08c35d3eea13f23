"""The schemas: the fields of what goes in and out, record by record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from preround.reference.writing import code, heading, plain, table
from preround.shown.schemas import MODELS

Schema = Mapping[str, Any]

_WORDS = """`preround schema NAME` prints the JSON Schema of each, `preround schema reject-reasons` the codes of a
refusal. The settings have [a page of their own](settings.md). `result`, `queue-row`, `item` and `decision` are what
`run`, `queue`, `show` and `decide` give with `--json`: fields may be added to them, and none is taken away."""


def schema_page() -> str:
    """Every schema as tables."""
    parts = [heading("Schemas", _WORDS)]
    seen: set[str] = set()
    for name, model in MODELS.items():
        if name == "settings":
            continue
        schema = model.model_json_schema()
        parts.append(f"## {code(name)}\n\n{_record(schema)}")
        for title, one in schema.get("$defs", {}).items():
            if title not in seen and "properties" in one:
                seen.add(title)
                parts.append(f"### {title}\n\n{_record(one)}")
    return "\n".join(parts)


def _record(schema: Schema) -> str:
    said = plain(" ".join(schema.get("description", "").split()))
    return f"{said}\n\n{table(('field', 'holds', 'default', 'is'), _rows(schema))}"


def _rows(schema: Schema) -> Iterator[tuple[str, str, str, str]]:
    required = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        default = "required" if name in required else _default(field.get("default"))
        yield code(name), holds(field), default, plain(field.get("description", ""))


def _default(value: object) -> str:
    return "–" if value in (None, [], {}, "") else code(str(value).lower() if isinstance(value, bool) else str(value))


def holds(field: Schema) -> str:
    """What a field of a JSON Schema holds, in words."""
    if "$ref" in field:
        return _named(field["$ref"])
    if "enum" in field:
        return ", ".join(code(str(one)) for one in field["enum"])
    if "const" in field:
        return code(str(field["const"]))
    for several in ("anyOf", "oneOf", "allOf"):
        if several in field:
            return " or ".join(dict.fromkeys(holds(one) for one in field[several] if one.get("type") != "null"))
    if field.get("type") == "array":
        return f"list of {holds(field.get('items', {}))}" if "items" in field else "list"
    if field.get("type") == "object" and isinstance(field.get("additionalProperties"), dict):
        return f"{holds(field['additionalProperties'])} by name"
    return str(field.get("format") or field.get("type", "any JSON"))


def _named(reference: str) -> str:
    title = reference.rpartition("/")[2]
    return f"[{title}](#{title.lower()})"
