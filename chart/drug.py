"""What a medicine is: ingredients, strength, form and classes, read from the record's own name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from chart.site_tables import read_table
from chart.strength import spoken

_STRENGTH = re.compile(
    r"(?P<amount>\d[\d.,]*)\s*-?\s*(?P<unit>mg|mcg|µg|ug|g|unt|units?|iu|meq|ml|%)(?:\s*/\s*(?P<per>\d*\.?\d*\s*(?:ml|actuat|hr|h|mg|l)))?\b",
    re.I,
)
_LEAD = re.compile(r"^(?:NDA\d+\s+|\d+(?:\.\d+)?\s*(?:ACTUAT|HR|ML|MG|DAY)\s+)+", re.I)
_BRAND = re.compile(r"\[([^\]]+)\]\s*$")
_FORMS = (
    ("extended release", "XR"),
    ("delayed release", "DR"),
    ("chewable tablet", "chewable"),
    ("dry powder inhaler", "DPI"),
    ("metered dose inhaler", "inhaler"),
    ("inhal", "inhaler"),
    ("mucosal spray", "spray"),
    ("nasal", "nasal"),
    ("auto-injector", "auto-injector"),
    ("auto injector", "auto-injector"),
    ("injectable", "injection"),
    ("injection", "injection"),
    ("oral suspension", "suspension"),
    ("oral solution", "solution"),
    ("suspension", "suspension"),
    ("transdermal", "patch"),
    ("patch", "patch"),
    ("topical", "topical"),
    ("cream", "topical"),
    ("ophthalmic", "eye drops"),
    ("intrauterine", "intrauterine"),
    ("implant", "implant"),
    ("capsule", "capsule"),
    ("tablet", "tablet"),
)
_NOISE = re.compile(
    r"\b(extended|delayed|release|chewable|oral|tablet|tab|tabs|capsule|cap|solution|suspension|injectable|injection|metered|dose|dry|powder|inhaler|mucosal|spray|"
    r"prefilled|syringe|auto-injector|pack|film|coated|once|twice|daily|by|mouth|po|bid|tid|qd|prn|ec|er|xr|sr|dr|human)\b\.?",
    re.I,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ingredient:
    """One active substance and its strength in this product."""

    name: str
    """Lower-case name as the table has it, or the record's own words."""
    strength: str
    """Such as ``20 mg`` or ``0.09 mg/actuat``; empty when the name gives none."""
    known: bool
    """Whether the medication table knows it; an unknown one triggers no class rule and is counted as unknown."""
    classes: frozenset[str]
    """Its classes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Drug:
    """A medicine read from its name."""

    ingredients: tuple[Ingredient, ...]
    """At least one; sorted by name."""
    form: str
    """``tablet``, ``inhaler``, … or empty."""
    brand: str
    """The brand in the name, or empty."""

    @property
    def key(self) -> str:
        """What courses fold by: ingredients with strengths and form class."""
        parts = [f"{i.name} {i.strength}".strip() for i in self.ingredients]
        return " + ".join(parts) + (f" ({self.form})" if self.form in ("XR", "DR", "spray", "patch") else "")

    @property
    def substances(self) -> frozenset[str]:
        """The ingredients' names."""
        return frozenset(i.name for i in self.ingredients)

    @property
    def classes(self) -> frozenset[str]:
        """All classes of all ingredients."""
        return frozenset().union(*(i.classes for i in self.ingredients))

    @property
    def known(self) -> bool:
        """Whether every ingredient is in the table."""
        return all(i.known for i in self.ingredients)

    @property
    def strengths(self) -> tuple[tuple[str, str], ...]:
        """The strengths as said, number and unit, in the order of the ingredients; those that the name gives."""
        return tuple(spoken(i.strength, self.form) for i in self.ingredients if i.strength)

    @property
    def short(self) -> str:
        """As a clinician writes it: ``amlodipine 2.5 mg``, ``fluticasone/salmeterol 250/50 mcg DPI``, ``Humulin``."""
        names = "/".join(i.name for i in self.ingredients)
        amounts = self.strengths
        if self.brand and len(self.ingredients) > 1:
            return f"{self.brand} {'/'.join(number for number, _ in amounts)}".strip()
        units = {unit for _, unit in amounts}
        if len(units) == 1:
            strength = "/".join(number for number, _ in amounts) + " " + units.pop()
        else:
            strength = " / ".join(f"{number} {unit}" for number, unit in amounts)
        form = self.form if self.form not in ("tablet", "capsule", "") else ""
        return " ".join(part for part in (names, strength, form) if part)


@dataclass(frozen=True, kw_only=True)
class Drugs:
    """The medication table."""

    classes: Mapping[str, frozenset[str]]
    """Ingredient → classes."""
    same: Mapping[str, str]
    """Other name → ingredient."""
    salts: frozenset[str]
    """Words that only name a salt."""
    keep: frozenset[str]
    """Names in which the salt matters."""
    high_risk: frozenset[str]
    """Classes that raise a proposal to tier 4."""

    def read(self, name: str) -> Drug:
        """Read a medicine's name; never fails: an unreadable one is a single unknown ingredient."""
        brand = _BRAND.search(name)
        text = _LEAD.sub("", _BRAND.sub("", name).strip())
        found = [self._ingredient(part) for part in re.split(r"\s+/\s+|\s+\+\s+|;", text) if part.strip()]
        lower = name.lower()
        return Drug(
            ingredients=tuple(sorted((i for i in found if i.name), key=lambda i: i.name))
            or (Ingredient(name=lower.strip() or "unnamed", strength="", known=False, classes=frozenset()),),
            form=next((short for words, short in _FORMS if words in lower), ""),
            brand=brand[1].strip() if brand else "",
        )

    def _ingredient(self, text: str) -> Ingredient:
        strength = _STRENGTH.search(text)
        words = text[: strength.start()] if strength and strength.start() > 0 else _STRENGTH.sub(" ", text)
        plain = " ".join(words.lower().split()).strip(" ,.-")
        lower = " ".join(_NOISE.sub(" ", words).lower().strip(" ,.-").split()) or plain
        name = self._name(plain if plain in self.same or plain in self.classes else lower)
        return Ingredient(
            name=name,
            strength=_strength_text(strength) if strength else "",
            known=name in self.classes,
            classes=self.classes.get(name, frozenset()),
        )

    def _name(self, lower: str) -> str:
        whole = self.same.get(lower, lower)
        if whole in self.classes:
            return whole
        stripped = (
            " ".join(w for w in lower.split() if w.strip(",") not in self.salts) if lower not in self.keep else lower
        )
        stripped = self.same.get(stripped, stripped) or lower
        if stripped in self.classes:
            return stripped
        # "take aspirin", "started on metformin": one known substance among other words
        inside = [w for w in re.findall(r"[a-z][a-z-]+", stripped) if w in self.classes]
        return inside[0] if len(set(inside)) == 1 else stripped


def _strength_text(found: re.Match[str]) -> str:
    unit = {"µg": "mcg", "ug": "mcg", "unt": "units", "unit": "units", "iu": "units"}.get(
        found["unit"].lower(), found["unit"].lower()
    )
    amount = found["amount"].rstrip(".,")
    per = "/" + " ".join(found["per"].lower().split()).lstrip("/") if found["per"] else ""
    return f"{amount} {unit}{per}"


@lru_cache(maxsize=4)
def drugs(site: Path | None = None) -> Drugs:
    """The medication table, read once."""
    table = read_table("medications", site)
    classes: dict[str, set[str]] = {}
    for name, members in table["classes"].items():
        for member in members:
            classes.setdefault(member, set()).add(name)
    return Drugs(
        classes={member: frozenset(found) for member, found in classes.items()},
        same=table["same"],
        salts=frozenset(table["salts"]["words"]),
        keep=frozenset(table["salts"]["keep"]),
        high_risk=frozenset(table["high_risk"]["classes"]),
    )
