"""Whose a picture is: held to the round's patient by id, and by date of birth where both say one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.imaging.errors import NobodysPicture, OthersPicture
from tools.imaging.header import Header


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """One identifier of the round's patient."""

    system: str = field(repr=False)
    """Who gave it: a URI, empty where it does not say."""
    value: str = field(repr=False)
    """The id."""

    @property
    def oid(self) -> str:
        """The giver as an OID; empty where it is none."""
        return self.system.removeprefix("urn:oid:") if self.system.startswith("urn:oid:") else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Owner:
    """The round's patient, as pictures name him."""

    known: tuple[Known, ...] = field(repr=False)
    """Identifiers of the Patient resource that are in use."""
    born: str = field(default="", repr=False)
    """Date of birth, ISO 8601, as precise as the chart has it."""

    @classmethod
    def of(cls, patient: Mapping[str, Any]) -> Owner:
        """The owner by a Patient resource; identifiers that are marked as old do not count."""
        listed = patient.get("identifier")
        found = [
            Known(system=str(one.get("system") or ""), value=str(one["value"]).strip())
            for one in (listed if isinstance(listed, list) else [])
            if isinstance(one, dict) and str(one.get("value") or "").strip() and one.get("use") != "old"
        ]
        return cls(known=tuple(found), born=str(patient.get("birthDate") or ""))

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids to ask an archive for, each once."""
        return tuple(dict.fromkeys(one.value for one in self.known))

    def admit(self, header: Header) -> None:
        """Let a picture pass that is this patient's.

        Raises:
            NobodysPicture: it names no patient.
            OthersPicture: it names another, or the same id with another date of birth or from another giver.
        """
        if not header.patient_id:
            raise NobodysPicture
        same = [one for one in self.known if one.value == header.patient_id]
        if not any(not (header.issuer and one.oid) or header.issuer == one.oid for one in same):
            raise OthersPicture
        if header.born and self.born and not _one_day(header.born, self.born):
            raise OthersPicture

    def admit_all(self, headers: Iterable[Header]) -> None:
        """Let several pass; raises as `admit` does."""
        for one in headers:
            self.admit(one)


def _one_day(one: str, other: str) -> bool:
    """Whether two dates agree as far as both go."""
    length = min(len(one), len(other))
    return one[:length] == other[:length]
