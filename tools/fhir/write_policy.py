"""What may be written, as data: deny by default."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Self

from tools.fhir.client import is_id
from tools.fhir.errors import WriteForbidden
from tools.fhir.wire import Resource


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """What one resource type may look like when it is written."""

    status: frozenset[str]
    """Codes allowed in `status`; empty where the type has no status, which then must be absent."""
    intent: frozenset[str]
    """Codes allowed in `intent`; empty where the type has no intent, which then must be absent."""
    withdrawn: frozenset[str]
    """Codes allowed in `status` when a version that was read is overwritten to take it back."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WritePolicy:
    """The types that may be written, with their rules."""

    rules: Mapping[str, Rule]
    """By resource type; a type that is not here is refused."""

    @classmethod
    def own(cls) -> Self:
        """Preround's own policy, `write_policy.toml` beside this module."""
        text = resources.files("tools.fhir").joinpath("write_policy.toml").read_text("utf-8")
        return cls.parse(text)

    @classmethod
    def parse(cls, text: str) -> Self:
        """A policy from TOML text laid out as `write_policy.toml`."""
        return cls(
            rules={
                kind: Rule(**{name: frozenset(rule.get(name, ())) for name in ("status", "intent", "withdrawn")})
                for kind, rule in tomllib.loads(text)["types"].items()
            }
        )

    def check(self, resource: Resource, *, update: bool) -> None:
        """Say nothing where the resource may be written.

        Args:
            resource: what is to be written, with its id.
            update: True where it goes over a version that was read.

        Raises:
            WriteForbidden: the type, status or intent is not allowed, or the id can't be one.
        """
        kind, rule = str(resource.get("resourceType")), self.rule(resource)
        if not is_id(str(resource.get("id", ""))):
            msg = f"A {kind} without a usable id is not written: give it the id derived from its key."
            raise WriteForbidden(msg)
        _one_of(kind, "status", resource.get("status"), rule.status | (rule.withdrawn if update else frozenset()))
        _one_of(kind, "intent", resource.get("intent"), rule.intent)

    def rule(self, resource: Resource) -> Rule:
        """The rule of the resource's type.

        Raises:
            WriteForbidden: there is none.
        """
        kind = str(resource.get("resourceType"))
        rule = self.rules.get(kind)
        if rule is None:
            msg = f"The write policy does not allow {kind}: propose a type that it lists."
            raise WriteForbidden(msg)
        return rule


def _one_of(kind: str, field: str, value: object, allowed: frozenset[str]) -> None:
    if value is None and not allowed:
        return
    if not isinstance(value, str) or value not in allowed:
        listed = ", ".join(sorted(allowed)) or "none"
        msg = f"The write policy does not allow this {field} of {kind}: use one of {listed}."
        raise WriteForbidden(msg)
