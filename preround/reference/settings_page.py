"""The settings: each with its variable, what it takes, its default and what it is for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from preround.reference.writing import code, heading, plain, table
from preround.settings import Settings

_WORDS = """Each may stand in the environment as `PREROUND_NAME`, in `preround.toml` in the folder where a command
runs under its name in small letters, or, where a container engine puts secrets, in a file
`/run/secrets/preround_name`. The environment wins over that file, and that over `preround.toml`. An empty variable
counts as none; a name in `preround.toml` that there is not is an error. `PREROUND_IMAGING__NAME` stands there as
`name` in the table `[imaging]`, and so with other names that hold `__`. In the environment lists take commas between
their parts, or are JSON where it says so; in `preround.toml` they are lists."""
_TYPES: dict[Any, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Path: "path",
    SecretStr: "secret",
}


def settings_page() -> str:
    """The table of all settings."""
    return heading("Settings", _WORDS) + "\n" + table(("variable", "takes", "default", "is"), _rows())


def _rows() -> Iterator[tuple[str, str, str, str]]:
    for name, field in variables():
        yield code(name), _takes(field), _default(field.default), plain(field.description or "")


def variables() -> Iterator[tuple[str, FieldInfo]]:
    """Each setting by its variable; those of a table one by one."""
    prefix = Settings.model_config["env_prefix"].upper()
    for name, field in Settings.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            parts = kind.model_fields.items()
            yield from ((f"{prefix}{name.upper()}__{part.upper()}", inner) for part, inner in parts)
        else:
            yield f"{prefix}{name.upper()}", field


def _takes(field: FieldInfo) -> str:
    parts = [one for one in get_args(field.annotation) or (field.annotation,) if one not in (type(None), ...)]
    if get_origin(field.annotation) is dict:
        return _one(field.annotation)
    if get_origin(field.annotation) is Literal:
        return ", ".join(code(one) for one in parts)
    if get_origin(field.annotation) is tuple:
        with_commas = any(getattr(one, "__name__", "") == "NoDecode" for one in field.metadata)
        return f"list of {_one(parts[0])}" + ("" if with_commas else ", as JSON")
    return " or ".join(_one(one) for one in parts)


def _one(kind: Any) -> str:  # noqa: ANN401 - any annotation
    if get_origin(kind) is dict:
        return "table of lists, as JSON"
    if get_origin(kind) is Literal:
        return " and ".join(code(one) for one in get_args(kind))
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return f"tables of {', '.join(kind.model_fields)}"
    return _TYPES.get(kind, str(kind))


def _default(value: Any) -> str:  # noqa: ANN401 - any setting
    if value is None or value in ((), {}):
        return "–"
    if isinstance(value, Path) and value.is_absolute():
        return f"{code(value.name)} beside the program"
    return code(str(value).lower() if isinstance(value, bool) else str(value))
