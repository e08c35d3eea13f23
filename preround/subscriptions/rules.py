"""The rules of what begins which round: data, read from the top; what no rule meets begins nothing."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from claims.claim import Task
from preround.failure import Unusable
from tools.fhir.query import is_id
from tools.fhir.wire import Resource

Watched = Literal["Encounter", "Observation", "DiagnosticReport"]
Element = Literal["status", "class", "category", "code", "type"]
"""Elements that are search parameters of the same name."""
_ELEMENTS: dict[Watched, frozenset[Element]] = {
    "Encounter": frozenset({"status", "class", "type"}),
    "Observation": frozenset({"status", "category", "code"}),
    "DiagnosticReport": frozenset({"status", "category", "code"}),
}


class RulesUnusable(Unusable):
    """The rules of what begins a round can't be used."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"The rules in {where} can't be used: {why}; correct them")


class Rule(BaseModel):
    """One rule."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    """Its name."""
    type: Watched
    """What is watched."""
    where: dict[Element, tuple[str, ...]]
    """Elements that must hold one of these codes."""
    tasks: tuple[Task, ...] = Field(min_length=1)
    """Tasks of the round that begins."""
    every_version: bool = False
    """Whether a later version of the same resource counts as new."""
    wait_seconds: float = Field(default=0.0, ge=0)
    """So long after the first of them the round begins."""
    apart_seconds: float = Field(default=3600.0, ge=0)
    """So long lies at least between two rounds of one patient."""

    @field_validator("where")
    @classmethod
    def _codes(cls, given: dict[Element, tuple[str, ...]]) -> dict[Element, tuple[str, ...]]:
        if not given or not all(given.values()):
            raise ValueError("name at least one element, with at least one code")
        if any(not code or set(code) & set(",$\\&?# ") for codes in given.values() for code in codes):
            raise ValueError("a code is written `code` or `system|code`")
        return given

    @property
    def params(self) -> tuple[tuple[str, str], ...]:
        """The search for what may meet it."""
        return tuple((name, ",".join(codes)) for name, codes in sorted(self.where.items()))

    @property
    def criteria(self) -> str:
        """The same as a Subscription's criteria."""
        return f"{self.type}?" + "&".join(f"{name}={codes}" for name, codes in self.params)

    def meets(self, resource: Resource) -> bool:
        """Whether a resource, as it was read, is what the rule waits for."""
        return resource.get("resourceType") == self.type and all(
            any(_same(wanted, held) for wanted in codes for held in _held(resource.get(name)))
            for name, codes in self.where.items()
        )


class Rules(BaseModel):
    """All of them, in order."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: tuple[Rule, ...] = Field(min_length=1, max_length=50)

    @field_validator("rule")
    @classmethod
    def _checked(cls, given: tuple[Rule, ...]) -> tuple[Rule, ...]:
        if len({one.name for one in given}) != len(given):
            raise ValueError("two rules have one name")
        for one in given:
            if strange := set(one.where) - _ELEMENTS[one.type]:
                raise ValueError(f"{one.type} is not watched by {', '.join(sorted(strange))} (rule {one.name})")
        return given

    def of(self, resource: Resource) -> Rule | None:
        """The first rule that a resource meets."""
        return next((one for one in self.rule if one.meets(resource)), None)

    def named(self, name: str) -> Rule | None:
        """The rule of this name."""
        return next((one for one in self.rule if one.name == name), None)


def load_rules(path: Path | None) -> Rules:
    """A site's rules, or ours.

    Raises:
        RulesUnusable: why not.
    """
    where = str(path or "preround/subscriptions/rules.toml")
    try:
        text = (
            files("preround.subscriptions").joinpath("rules.toml").read_text("utf-8")
            if path is None
            else path.read_text("utf-8")
        )
        return Rules.model_validate(tomllib.loads(text))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise RulesUnusable(where, f"{place}: {first['msg']}") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RulesUnusable(
            where, error.strerror or "no such file" if isinstance(error, OSError) else str(error)
        ) from None


def patient_of(resource: Resource, base: str) -> str | None:
    """Whose a resource is, as `Patient/id` on the server that it was read from; None where that can't be told."""
    subject = resource.get("subject")
    text = subject.get("reference") if isinstance(subject, dict) else None
    kind, _, rest = (text if isinstance(text, str) else "").removeprefix(f"{base}/").partition("/")
    name, _, version = rest.partition("/_history/")
    return f"Patient/{name}" if kind == "Patient" and is_id(name) and "/" not in version else None


def _held(value: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - whatever the element holds
    """System and code of a code, Coding, CodeableConcept, or a list of them."""
    if isinstance(value, str):
        yield "", value
    elif isinstance(value, list):
        for one in value:
            yield from _held(one)
    elif isinstance(value, dict):
        if isinstance(value.get("code"), str):
            yield str(value.get("system") or ""), value["code"]
        yield from _held(value.get("coding") if isinstance(value.get("coding"), list) else [])


def _same(wanted: str, held: tuple[str, str]) -> bool:
    system, bar, code = wanted.rpartition("|")
    return code == held[1] and (not bar or system == held[0])
