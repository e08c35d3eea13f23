"""From what a person names to a list of patients: a file, a Group, a search, everybody, a bulk export."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl

from preround.failure import Missing, Unusable
from tools.fhir.client import FhirClient
from tools.fhir.cohort import exported, listed_in, members, searched
from tools.fhir.query import is_id

Kind = Literal["file", "group", "search", "all", "export"]
_HEADERS = frozenset({"id", "patient", "patient_id", "patientid"})


@dataclass(frozen=True, kw_only=True)
class Cohort:
    """What was named."""

    kind: Kind
    """How its patients are found."""
    value: str = ""
    """The file's path, the Group's id, the search."""

    @property
    def words(self) -> str:
        """For lists: `group icu`."""
        named = Path(self.value).name if self.kind == "file" else self.value
        return f"{self.kind} {named}".strip()

    async def patients(self, client: FhirClient) -> tuple[str, ...]:
        """The references of its patients, `Patient/id`, each once.

        Raises:
            Unusable: what was named can't be used.
            Missing: nobody is in it.
            FhirError: the server could not say.
        """
        found = tuple(f"Patient/{one}" for one in await self._ids(client))
        if not found:
            raise Missing(f"Nobody is in the cohort ({self.words}); list who is there with `preround patients`")
        return found

    async def _ids(self, client: FhirClient) -> Sequence[str]:
        if self.kind == "file":
            return ids_in_file(Path(self.value))
        if self.kind == "group":
            return await members(client, self.value.removeprefix("Group/"))
        if self.kind == "search":
            resource_type, params = search_of(self.value)
            return await searched(client, resource_type, params)
        if self.kind == "export":
            return await exported(client)
        return await searched(client, "Patient", ())


def search_of(query: str) -> tuple[str, list[tuple[str, str]]]:
    """`Condition?code=44054006` as a type and its parameters; without a type it is about patients.

    Raises:
        Unusable: when it is no search.
    """
    kind, mark, rest = query.strip().partition("?")
    if not mark and "=" in kind:
        kind, rest = "Patient", kind
    if not (kind.isalpha() and kind[0].isupper()) or (rest and not parse_qsl(rest)):
        raise Unusable(f"{query} is not a search; write it like birthdate=lt1950 or Condition?code=44054006")
    return kind, parse_qsl(rest)


def ids_in_file(path: Path) -> tuple[str, ...]:
    """The ids of a file: one a line, the first column of a CSV, a JSON list, or a FHIR Group.

    Raises:
        Unusable: it can't be read, or a line is no id.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Unusable(f"Could not read {path}; give a text file with one patient id a line") from error
    if text.lstrip().startswith(("[", "{")):
        return _from_json(text, path)
    lines = [(n, line.partition("#")[0].strip()) for n, line in enumerate(text.splitlines(), start=1)]
    cells = [(n, line.replace(";", ",").replace("\t", ",").split(",")[0].strip(' "')) for n, line in lines if line]
    if cells and cells[0][1].lower() in _HEADERS:
        cells = cells[1:]
    return _checked(((f"line {n}", cell) for n, cell in cells), path)


def _from_json(text: str, path: Path) -> tuple[str, ...]:
    try:
        value: Any = json.loads(text)
    except ValueError as error:
        raise Unusable(f"{path} is not JSON; give a list of patient ids, or one id a line") from error
    if isinstance(value, dict) and value.get("resourceType") == "Group":
        return listed_in(value)
    if not isinstance(value, list):
        raise Unusable(f"{path} holds neither a list of patient ids nor a Group; give one id a line")
    return _checked(((f"entry {n}", str(one)) for n, one in enumerate(value, start=1)), path)


def _checked(cells: Iterable[tuple[str, str]], path: Path) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for where, cell in cells:
        name = cell.removeprefix("Patient/")
        if not is_id(name):
            raise Unusable(f"{where.capitalize()} of {path} is not a patient id; correct it or take it out")
        found[name] = None
    return tuple(found)
