"""The resources of one chart by reference, and what each says of itself, looked at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Library:
    """Resources of one patient and what they point at, each once: of two with one reference the later counts."""

    resources: dict[str, Mapping[str, Any]]
    """By ``Type/id``."""
    versions: dict[str, str | None]
    """Their versions, by ``Type/id`` in the same order."""
    marked: frozenset[str]
    """References of those that carry labels or tags; most of a chart carries none, and is not asked for any."""
    patients: tuple[str, ...]
    """References of the Patient resources, in order."""

    def origins(self, visible: Mapping[str, Mapping[str, Any]]) -> Iterable[tuple[str, str | None]]:
        """Reference and version of each resource that may be seen, in order."""
        if visible is self.resources:
            return self.versions.items()
        return [(reference, self.versions[reference]) for reference in visible]

    @classmethod
    def of(cls, resources: Iterable[Mapping[str, Any]]) -> Library:
        """Look at each once: walking over a chart costs as much as what is done on the way."""
        by_reference: dict[str, Mapping[str, Any]] = {}
        versions: dict[str, str | None] = {}
        marked, patients = set(), []
        for resource in resources:
            kind = resource.get("resourceType")
            reference = f"{kind}/{resource.get('id')}"
            by_reference[reference] = resource
            meta, version = resource.get("meta"), None
            if isinstance(meta, dict):
                version = meta.get("versionId")
                if "security" in meta or "tag" in meta:
                    marked.add(reference)
            elif meta is not None:
                marked.add(reference)
            versions[reference] = version if isinstance(version, str) else None
            if kind == "Patient" and reference not in patients:
                patients.append(reference)
        return cls(resources=by_reference, versions=versions, marked=frozenset(marked), patients=tuple(patients))
