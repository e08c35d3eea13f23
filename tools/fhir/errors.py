"""What can go wrong between Preround and a FHIR server; each message says what to do and holds no patient data."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from tools.failing import ToolFailure

if TYPE_CHECKING:
    from tools.fhir.stored import Stored


NOT_TAKEN = frozenset({400, 403, 404, 405, 422, 501})
"""Statuses with which a server says that it will not have such a resource; another that says the same may be taken."""


class FhirError(ToolFailure):
    """The FHIR server's answer could not be used: check the server and try again."""


class BadAddress(FhirError):
    """The FHIR server's address is not usable: give one like https://host/fhir, without user name or query."""


class KeyUnusable(FhirError):
    """The private key can't be read: give an RSA key of 2048 bits or more, or a P-384 one, as PEM or JWK."""


class LoginUnusable(FhirError):
    """The token endpoint's address is not usable: set PREROUND_FHIR_TOKEN_URL to one like https://host/token."""


class LoginRefused(FhirError):
    """The FHIR server's login refused this client: check the client id, its key and its scopes."""


class FhirUnreachable(FhirError):
    """The FHIR server could not be reached: check its address and that it is running, then try again."""


class FhirNotFound(FhirError):
    """The FHIR server has no such resource: check the type and the id."""


class FhirGone(FhirNotFound):
    """The FHIR server once had this resource and it was deleted: look at its history there."""


class FhirRefused(FhirError):
    """The FHIR server refused the request: read its reason and change the request or its permissions."""

    def __init__(self, message: str | None = None, *, status: int = 0) -> None:
        super().__init__(message)
        self.status = status
        """The HTTP status, 4xx or 5xx; 0 where the request was refused before it was sent."""
        self.key: str | None = None
        """The entry of a group that it was about, where that is known."""


class FhirGarbled(FhirError):
    """The FHIR server answered with something that is not FHIR JSON: check that the address is the FHIR base URL."""


class FhirTooLarge(FhirGarbled):
    """The server's answer is larger than allowed and was not read: ask for smaller pages."""


class OtherOrigin(FhirError):
    """A link leaves the FHIR server's own address and was not followed: use the server's public base URL."""


class WrongPatient(FhirError):
    """The request or its answer is about another patient and was refused: ask only about this round's patient."""


class WriteRefused(FhirRefused):
    """The FHIR server did not accept the write: read its reason, correct the proposal and decide again."""

    stored: Mapping[str, "Stored"] = MappingProxyType({})
    """What of the group the server holds all the same, by key."""


class WriteForbidden(WriteRefused):
    """The write policy does not allow this resource: propose a type, status and intent that the policy lists."""


class WriteConflict(WriteRefused):
    """The FHIR server holds something else at our id than what was signed: look at it there before deciding again."""


class WriteStale(WriteConflict):
    """The resource changed on the server since it was read: run the round again and decide on the fresh version."""


class LoadError(FhirError):
    """A file could not be loaded: correct it and load again, which leaves what is already there as it is."""
