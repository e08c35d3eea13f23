"""What a FHIR server may be asked about: its types, its ids, and the parameters of a search."""

import re
from collections.abc import Sequence

from tools.fhir.errors import FhirRefused

_TYPE = re.compile(r"[A-Z][A-Za-z]{1,63}")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_IDENTIFYING = frozenset({"patient", "subject", "beneficiary", "_id", "identifier"})

Params = Sequence[tuple[str, str]]
"""Search parameters in order; a name may come more than once."""


def is_id(text: str) -> bool:
    """True for a FHIR logical id that is safe in a path."""
    return _ID.fullmatch(text) is not None and text not in {".", ".."}


def known_type(resource_type: str) -> None:
    """Refuse what can't be the name of a type.

    Raises:
        FhirRefused: it can't.
    """
    if _TYPE.fullmatch(resource_type) is None:
        msg = "That is not a FHIR resource type: use a name such as Observation."
        raise FhirRefused(msg)


def ids_in(params: Params) -> tuple[str, ...]:
    """What of a search's parameters identifies somebody, and is hidden in what a server says of it."""
    values = [value for name, value in params if name.split(":")[0].split(".")[0] in _IDENTIFYING]
    return tuple(part for value in values for part in re.split(r"[,|/]", value) if part not in {"", "Patient"})
