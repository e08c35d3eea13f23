"""The raw chart: resources as the bundle has them, every number kept as the text that was written."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any

Resource = Mapping[str, Any]
_STEP = re.compile(r"([A-Za-z]+)(?:\[(\d+)\])?")
_WHEN = (
    "effectiveDateTime",
    "effectiveInstant",
    "effectivePeriod.start",
    "effectiveTiming.event",
    "onsetDateTime",
    "onsetPeriod.start",
    "authoredOn",
    "period.start",
    "performedDateTime",
    "performedPeriod.start",
    "occurrenceDateTime",
    "date",
    "dateAsserted",
    "recordedDate",
    "issued",
    "birthDate",
)
"""Where a resource says when it was true, the first that is there."""


class Number(str):
    """A JSON number as written."""

    __slots__ = ()


@dataclass(frozen=True, kw_only=True)
class RawChart:
    """One patient's part of a bundle."""

    patient: str
    """Id of the patient."""
    as_of: datetime
    """Clinical now."""
    resources: Mapping[str, Resource]
    """All resources of the bundle, by `Type/id`; other patients' too."""

    @cached_property
    def own(self) -> frozenset[str]:
        """References that belong to this patient: by their subject, or because an order points at them."""
        mine = {f"Patient/{self.patient}"}
        mine |= {
            name
            for name, resource in self.resources.items()
            for role in ("subject", "patient")
            if last_part(str((resource.get(role) or {}).get("reference", ""))) == self.patient
        }
        pointed = {
            last_part(str((self.resources[name].get("medicationReference") or {}).get("reference", "")))
            for name in mine
            if name in self.resources
        }
        return frozenset(mine | {f"Medication/{one}" for one in pointed if f"Medication/{one}" in self.resources})

    def standing(self, kind: str) -> Iterator[Resource]:
        """The patient's resources of a type that were known at `as_of` and are not said to be wrong."""
        for name in sorted(self.own):
            resource = self.resources.get(name)
            if name.startswith(f"{kind}/") and resource and not wrong(resource) and not self.later(resource):
                yield resource

    def later(self, resource: Resource) -> bool:
        """Whether a resource is dated after `as_of`, or a problem or allergy was only then written down."""
        texts = [when(resource)]
        if resource["resourceType"] in ("Condition", "AllergyIntolerance"):
            texts.append(str(resource.get("recordedDate", "")))
        return any(text and instant(text) > self.as_of for text in texts)

    def months_ago(self, months: int) -> date:
        """The day so many months before `as_of`."""
        total = self.as_of.year * 12 + self.as_of.month - 1 - months
        for day in range(self.as_of.day, 27, -1):
            try:
                return date(total // 12, total % 12 + 1, day)
            except ValueError:
                continue
        return date(total // 12, total % 12 + 1, min(self.as_of.day, 28))


def read_bundles(texts: Sequence[str | bytes]) -> dict[str, Resource]:
    """Every resource of some bundles, by `Type/id`, numbers as :class:`Number`."""
    found = {}
    for text in texts:
        for entry in json.loads(text, parse_float=Number, parse_int=Number)["entry"]:
            resource = entry["resource"]
            found[f"{resource['resourceType']}/{resource['id']}"] = resource
    return found


def walk(resource: Resource, path: str) -> str | None:
    """The literal that a path names, or None: `Observation.component[1].value.value`."""
    head, *steps = path.split(".")
    if resource.get("resourceType") != head:
        return None
    here: Any = resource
    for step in steps:
        match = _STEP.fullmatch(step)
        if match is None or not isinstance(here, dict):
            return None
        here = _member(here, match[1])
        if isinstance(here, list):
            if match[2] is None and len(here) > 1:
                return None
            place = int(match[2] or 0)
            here = here[place] if place < len(here) else None
        elif match[2]:
            return None
    if isinstance(here, bool):
        return str(here).lower()
    return str(here) if isinstance(here, str) else None


def _member(node: Mapping[str, Any], name: str) -> Any:
    if name in node:
        return node[name]
    many = [key for key in node if re.fullmatch(rf"{name}[A-Z]\w*", key)]
    return node[many[0]] if len(many) == 1 else None


def wrong(resource: Resource) -> bool:
    """Whether a resource is entered in error or refuted."""
    codes = [c.get("code") for c in (resource.get("verificationStatus") or {}).get("coding", [])]
    return resource.get("status") == "entered-in-error" or bool({"entered-in-error", "refuted"} & set(codes))


def when(resource: Resource) -> str:
    """The date that a resource carries, as written; empty where it has none."""
    for name in _WHEN:
        here: Any = resource
        for part in name.split("."):
            here = here.get(part) if isinstance(here, dict) else None
            here = here[0] if isinstance(here, list) else here
        if isinstance(here, str) and here:
            return here
    return ""


def instant(text: str) -> datetime:
    """The first instant that a FHIR date can mean; without an offset in UTC."""
    padded = text + {4: "-01-01", 7: "-01"}.get(len(text), "")
    found = datetime.fromisoformat(padded.replace("Z", "+00:00"))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def day_of(text: str) -> date:
    """The calendar day as written."""
    return date.fromisoformat((text + {4: "-01-01", 7: "-01"}.get(len(text), ""))[:10])


def last_part(reference: str) -> str:
    """The id of a reference, whatever its form."""
    return re.split(r"[/:]", reference.split("/_history/")[0])[-1]


def plain(reference: str) -> str:
    """`Type/id` of a versioned reference."""
    return reference.split("/_history/")[0]


def note_words(resource: Resource) -> str:
    """All readable text of a note, white space folded."""
    attachments = [c["attachment"] for c in resource.get("content", [])] + list(resource.get("presentedForm", []))
    found = []
    for one in attachments:
        if one.get("data") and str(one.get("contentType", "text/")).startswith("text/"):
            text = base64.b64decode(one["data"]).decode("utf-8", "replace")
            found.append(re.sub(r"<[^>]*>", " ", text) if "html" in one.get("contentType", "") else text)
    return " ".join(" ".join(found).split())
