"""What may be written, as data: deny by default."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Self

from tools.fhir.errors import WriteForbidden
from tools.fhir.query import is_id
from tools.fhir.wire import Json, Resource, same

_CODED = frozenset({"status", "intent"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """What one resource type may look like when it is written."""

    status: frozenset[str] = frozenset()
    """Codes allowed in `status`; empty where the type has no status, which then must be absent."""
    intent: frozenset[str] = frozenset()
    """Codes allowed in `intent`; empty where the type has no intent, which then must be absent."""
    withdrawn: frozenset[str] = frozenset()
    """Codes allowed in `status` when a version that was read is overwritten to take it back."""
    fields: frozenset[str] = frozenset()
    """Elements allowed beside `status`, `intent` and those of every type."""
    codes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Codes allowed in elements that are concepts."""
    withdrawn_codes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Codes allowed there beside, when a version that was read is overwritten to take it back."""
    needed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Elements that must be there as concepts, with the codes allowed in them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WritePolicy:
    """The types that may be written, with their rules."""

    rules: Mapping[str, Rule]
    """By resource type; a type that is not here is refused."""
    every: frozenset[str]
    """Elements allowed in every type."""
    nowhere: frozenset[str]
    """Elements that stand nowhere in what is written, however deep."""

    @classmethod
    @cache
    def own(cls) -> Self:
        """What people sign: `write_policy.toml` beside this module."""
        return cls.parse(_text("write_policy.toml"))

    @classmethod
    @cache
    def reports(cls) -> Self:
        """What Preround says of itself: `report_policy.toml` beside this module."""
        return cls.parse(_text("report_policy.toml"))

    @classmethod
    def parse(cls, text: str) -> Self:
        """A policy from TOML text laid out as `write_policy.toml`."""
        data = tomllib.loads(text)
        return cls(
            rules={kind: _rule(rule) for kind, rule in data["types"].items()},
            every=frozenset(data["every"]),
            nowhere=frozenset(data["nowhere"]),
        )

    def check(self, resource: Resource, *, base: Resource | None = None) -> None:
        """Say nothing where the resource may be written.

        Args:
            resource: what is to be written, with its id.
            base: the version that it goes over, where it goes over one; what stands there may stay.

        Raises:
            WriteForbidden: the type, a code or an element is not allowed, or the id can't be one.
        """
        kind, rule = str(resource.get("resourceType")), self.rule(resource)
        if not is_id(str(resource.get("id", ""))):
            msg = f"A {kind} without a usable id is not written: give it the id derived from its key."
            raise WriteForbidden(msg)
        update = base is not None
        _one_of(kind, "status", resource.get("status"), rule.status | (rule.withdrawn if update else frozenset()))
        _one_of(kind, "intent", resource.get("intent"), rule.intent)
        for name, allowed in rule.codes.items():
            more = rule.withdrawn_codes.get(name, frozenset()) if update else frozenset()
            for code in _codes(resource.get(name)):
                _one_of(kind, name, code, allowed | more)
        for name, allowed in rule.needed.items():
            for code in list(_codes(resource.get(name))) or [""]:
                _one_of(kind, name, code, allowed)
        self._check_elements(kind, resource, rule, base or {})

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

    def _check_elements(self, kind: str, resource: Resource, rule: Rule, base: Resource) -> None:
        for name, value in resource.items():
            if name in base and same(base[name], value):
                continue
            # An element's own extensions stand beside it under its name with an underscore.
            if name.removeprefix("_") not in rule.fields | self.every | _CODED:
                msg = f"The write policy does not allow {kind}.{name}: leave it out of what is proposed."
                raise WriteForbidden(msg)
            hidden = next((found for found in _names(value) if found in self.nowhere), None)
            if hidden is not None:
                msg = f"The write policy does not allow {hidden} anywhere in a {kind}: it changes what is said."
                raise WriteForbidden(msg)


def _text(name: str) -> str:
    return resources.files("tools.fhir").joinpath(name).read_text("utf-8")


def _rule(data: Mapping[str, Any]) -> Rule:
    def listed(name: str) -> frozenset[str]:
        return frozenset(data.get(name, ()))

    def by_element(name: str) -> dict[str, frozenset[str]]:
        return {element: frozenset(codes) for element, codes in data.get(name, {}).items()}

    return Rule(
        status=listed("status"),
        intent=listed("intent"),
        withdrawn=listed("withdrawn"),
        fields=listed("fields"),
        codes=by_element("codes"),
        withdrawn_codes=by_element("withdrawn_codes"),
        needed=by_element("needed"),
    )


def _one_of(kind: str, element: str, value: object, allowed: frozenset[str]) -> None:
    if value is None and not allowed:
        return
    if not isinstance(value, str) or value not in allowed:
        listed = ", ".join(sorted(allowed)) or "none"
        msg = f"The write policy does not allow this {element} of {kind}: use one of {listed}."
        raise WriteForbidden(msg)


def _codes(concept: Json) -> Iterator[object]:
    for one in concept if isinstance(concept, list) else [concept]:
        codings = one.get("coding") if isinstance(one, dict) else None
        yield from (coding.get("code") if isinstance(coding, dict) else None for coding in codings or ())


def _names(value: Json) -> Iterator[str]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield name
            yield from _names(member)
    elif isinstance(value, list):
        for member in value:
            yield from _names(member)
