"""Who a record is about, as a person reads it: name, birth date, sex, number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """Who a page is about, from the Patient resource that the round read."""

    name: str
    """Family name in capitals, then given names; the reference where the record has no name."""
    born: str | None
    """Birth date as the record has it."""
    sex: str | None
    """Administrative gender."""
    number: str | None
    """The medical record number, where the record has one."""
    language: str | None = None
    """The code of the language that the person speaks with the ward, preferred first; ``None`` where nothing says."""


def identity_of(resource: Mapping[str, Any], reference: str) -> Identity:
    """Who a Patient resource is; odd or missing parts are left out."""
    names = [n for n in _dicts(resource.get("name")) if n.get("use") != "old"]
    name = names[0] if names else {}
    family, given = str(name.get("family") or "").upper(), name.get("given")
    first = " ".join(str(part) for part in given) if isinstance(given, list) else ""
    words = ", ".join(part for part in (family, first) if part) or str(name.get("text") or "") or reference
    return Identity(
        name=words,
        born=_text(resource.get("birthDate")),
        sex=_text(resource.get("gender")),
        number=next((_text(i.get("value")) for i in _dicts(resource.get("identifier")) if _medical(i)), None),
        language=_language(resource),
    )


def _language(resource: Mapping[str, Any]) -> str | None:
    spoken = sorted(_dicts(resource.get("communication")), key=lambda one: one.get("preferred") is not True)
    for one in spoken:
        concept = one.get("language")
        codes = _dicts(concept.get("coding")) if isinstance(concept, Mapping) else []
        found = next((code for c in codes if (code := _text(c.get("code")))), None)
        if found:
            return found.partition("-")[0].lower()
    return None


def _medical(identifier: Mapping[str, Any]) -> bool:
    kind = identifier.get("type")
    return isinstance(kind, Mapping) and any(c.get("code") == "MR" for c in _dicts(kind.get("coding")))


def _dicts(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
