"""The compose file as an engine reads it: anchors merged, variables filled in."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any

import yaml

from tests.unit.house.files import ROOT

FILE = ROOT / "docker-compose.yml"
TEXT = FILE.read_text(encoding="utf-8")
VARIABLE = re.compile(r"\$\{(?P<name>[A-Z][A-Z0-9_]*)(?P<empty>:?)-(?P<default>[^{}]*)\}")
"""The form that this file uses: a name with its default, which `:-` takes for an empty value too."""


def filled(text: str, given: Mapping[str, str] | None = None) -> str:
    """A text with its variables filled in, as an engine does it."""
    values = given or {}

    def value(found: re.Match[str]) -> str:
        set_to = values.get(found["name"])
        return found["default"] if set_to is None or (found["empty"] and not set_to) else set_to

    return VARIABLE.sub(value, text)


def compose(given: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The file with these variables set."""
    found: dict[str, Any] = yaml.safe_load(filled(TEXT, given))
    return found


SERVICES: dict[str, dict[str, Any]] = compose()["services"]


def words(service: Mapping[str, Any]) -> list[str]:
    """What a service runs: its entry point and its command, taken apart as a shell would."""
    parts: list[str] = []
    for name in ("entrypoint", "command"):
        given = service.get(name, [])
        parts += shlex.split(given) if isinstance(given, str) else given
    return parts
