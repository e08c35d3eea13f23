"""Failures as users meet them: one sentence, the right exit code, an OperationOutcome where JSON is asked for."""

from __future__ import annotations

from typing import Any, Literal

from agents.models.audio import AudioUnusable
from agents.models.failures import EndpointRefused, ModelAway
from agents.models.hearing import HearingStopped, NothingHeard
from agents.models.needed import LibraryMissing
from agents.models.registry import ModelUnknown, ModelUnnamed, RegistryUnusable
from agents.models.reply import ModelFailed
from agents.models.weights import WeightsUnusable
from agents.offline.reasoner import TaskNotOffered
from graphs.node import RoundUnknown
from preround.fhir_login import LoginUnclear
from preround.speech import HearerMissing, HearerUnfit
from preround.wiring import HomeUnusable, ReasonerMissing
from review.errors import GateError, NotThere, WrongUse
from store.artifacts import ArtifactDamaged, ArtifactMissing
from store.database import DatabaseAway, DatabaseTooNew, DatabaseUnusable
from store.leases import LeaseHeld, LeaseLost
from tools.fhir.errors import (
    BadAddress,
    FhirError,
    FhirGarbled,
    FhirNotFound,
    FhirUnreachable,
    KeyUnusable,
    LoadError,
    LoginUnusable,
)
from tools.guidelines.library import GuidelineUnusable
from tools.literature.errors import IndexMissing, LiteratureError, SourceOff, SourceUnreachable

ExitCode = Literal[1, 2, 3, 4, 5]
WRONG_USE: ExitCode = 2
NOT_FOUND: ExitCode = 3
REFUSED: ExitCode = 4
UNREACHABLE: ExitCode = 5
_CODES: dict[ExitCode, str] = {1: "exception", 2: "invalid", 3: "not-found", 4: "conflict", 5: "transient"}


class Unusable(ValueError):
    """What was given cannot be used."""


class Missing(LookupError):
    """What was named does not exist."""


class Declined(RuntimeError):
    """What was asked for is refused."""


EXPECTED = (
    FhirError,
    GateError,
    RoundUnknown,
    LeaseHeld,
    LeaseLost,
    HomeUnusable,
    DatabaseAway,
    DatabaseTooNew,
    DatabaseUnusable,
    ArtifactDamaged,
    ArtifactMissing,
    GuidelineUnusable,
    LiteratureError,
    ReasonerMissing,
    ModelAway,
    ModelFailed,
    EndpointRefused,
    ModelUnknown,
    ModelUnnamed,
    RegistryUnusable,
    TaskNotOffered,
    LoginUnclear,
    AudioUnusable,
    NothingHeard,
    HearingStopped,
    HearerMissing,
    HearerUnfit,
    LibraryMissing,
    WeightsUnusable,
    Unusable,
    Missing,
    Declined,
)
"""Failures that are nobody's bug."""
_UNUSABLE = (
    AudioUnusable,
    NothingHeard,
    HearerUnfit,
    KeyUnusable,
    LoginUnclear,
    LoginUnusable,
    RegistryUnusable,
    ModelUnnamed,
    LoadError,
    BadAddress,
    WrongUse,
    Unusable,
    TaskNotOffered,
    HomeUnusable,
    DatabaseTooNew,
    DatabaseUnusable,
    ArtifactDamaged,
    ArtifactMissing,
    GuidelineUnusable,
)

_AWAY = (
    DatabaseAway,
    FhirUnreachable,
    FhirGarbled,
    SourceUnreachable,
    ReasonerMissing,
    HearerMissing,
    LibraryMissing,
    WeightsUnusable,
    ModelAway,
    ModelFailed,
)


def exit_code(error: Exception) -> ExitCode:
    """The exit code of a failure."""
    if isinstance(error, (FhirNotFound, NotThere, RoundUnknown, ModelUnknown, IndexMissing, Missing)):
        return NOT_FOUND
    if isinstance(error, _UNUSABLE):
        return WRONG_USE
    if isinstance(error, _AWAY):
        return UNREACHABLE
    if isinstance(
        error, (FhirError, GateError, LeaseHeld, LeaseLost, Declined, EndpointRefused, HearingStopped, SourceOff)
    ):
        return REFUSED
    if isinstance(error, LiteratureError):
        return WRONG_USE
    return 1


def outcome(error: Exception) -> dict[str, Any]:
    """A failure as a FHIR OperationOutcome."""
    code = exit_code(error)
    return {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": _CODES[code], "details": {"text": sentence(error)}}],
    }


def sentence(error: Exception) -> str:
    """The one sentence that a person reads."""
    text = " ".join(str(error).split()) or (type(error).__doc__ or "Something went wrong.").strip()
    return text if text.endswith((".", "?", "!")) else f"{text}."
