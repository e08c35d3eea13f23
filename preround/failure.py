"""Failures as users meet them: one sentence, the right exit code, an OperationOutcome where JSON is asked for."""

from __future__ import annotations

from typing import Any, Literal

from agents.models.audio import AudioUnusable
from agents.models.failures import EndpointRefused, ModelAway, NothingInPrompt
from agents.models.hearing import HearingStopped, NothingHeard
from agents.models.registry import ModelUnknown, ModelUnnamed, RegistryUnusable
from agents.models.reply import ModelFailed
from agents.models.weights import WeightsUnusable
from agents.offline.reasoner import TaskNotOffered
from chart.site_tables import TableUnusable
from fhir_fixtures.source import StoryError
from graphs.node import RoundUnknown
from preround.fhir_login import LoginUnclear
from preround.home import HomeUnusable
from preround.reasoners import ReasonerMissing
from preround.speech import HearerMissing, HearerUnfit
from review.errors import GateError, NotThere, WrongUse
from store.artifacts import ArtifactDamaged, ArtifactMissing, ArtifactPurged
from store.audit import ChainBroken
from store.backup import CopyUnsound
from store.database import DatabaseAway, DatabaseTooNew
from store.engine import DatabaseUnusable
from store.holds import HoldUnknown
from store.leases import LeaseHeld, LeaseLost
from store.switches import SwitchesUnreadable
from store.vault import KeyMissing, SealBroken
from store.vault import KeyUnusable as StateKeyUnusable
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
from tools.imaging.errors import (
    ArchiveGarbled,
    ArchiveRefused,
    ArchiveUnreachable,
    ImagingError,
    NobodysPicture,
    OthersPicture,
    PictureNames,
    StudyGone,
)
from tools.literature.errors import IndexMissing, LiteratureError, SourceOff, SourceUnreachable
from tools.needed import LibraryMissing
from tools.tape import TapeUnusable

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


class Outdated(Declined):
    """The chart changed after what was signed had been drafted; a fresh item waits in its place."""


class Crashed(RuntimeError):
    """The program failed; report it."""

    def __init__(self, error: Exception) -> None:
        super().__init__(f"The program failed ({type(error).__name__}): report it with the lines above.")


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
    ArtifactPurged,
    HoldUnknown,
    SwitchesUnreadable,
    ChainBroken,
    KeyMissing,
    SealBroken,
    CopyUnsound,
    StateKeyUnusable,
    GuidelineUnusable,
    LiteratureError,
    ImagingError,
    ReasonerMissing,
    ModelAway,
    ModelFailed,
    EndpointRefused,
    ModelUnknown,
    ModelUnnamed,
    RegistryUnusable,
    TableUnusable,
    TaskNotOffered,
    LoginUnclear,
    AudioUnusable,
    NothingHeard,
    HearingStopped,
    HearerMissing,
    HearerUnfit,
    LibraryMissing,
    WeightsUnusable,
    NothingInPrompt,
    StoryError,
    TapeUnusable,
    Unusable,
    Missing,
    Declined,
)
"""Failures that are nobody's bug."""
_UNUSABLE = (
    NothingInPrompt,
    StoryError,
    TapeUnusable,
    AudioUnusable,
    NothingHeard,
    HearerUnfit,
    KeyUnusable,
    LoginUnclear,
    LoginUnusable,
    RegistryUnusable,
    TableUnusable,
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
    KeyMissing,
    SealBroken,
    CopyUnsound,
    StateKeyUnusable,
    GuidelineUnusable,
)

_AWAY = (
    DatabaseAway,
    FhirUnreachable,
    FhirGarbled,
    SourceUnreachable,
    ArchiveUnreachable,
    ArchiveGarbled,
    ReasonerMissing,
    HearerMissing,
    LibraryMissing,
    WeightsUnusable,
    ModelAway,
    ModelFailed,
)
_REFUSED = (
    ChainBroken,
    FhirError,
    GateError,
    SwitchesUnreadable,
    LeaseHeld,
    LeaseLost,
    Declined,
    EndpointRefused,
    HearingStopped,
    SourceOff,
    ArchiveRefused,
    NobodysPicture,
    OthersPicture,
    PictureNames,
)


_NOT_FOUND = (
    FhirNotFound,
    NotThere,
    RoundUnknown,
    ModelUnknown,
    IndexMissing,
    StudyGone,
    ArtifactPurged,
    HoldUnknown,
    Missing,
)


def exit_code(error: Exception) -> ExitCode:
    """The exit code of a failure."""
    if isinstance(error, _NOT_FOUND):
        return NOT_FOUND
    if isinstance(error, _UNUSABLE):
        return WRONG_USE
    if isinstance(error, _AWAY):
        return UNREACHABLE
    if isinstance(error, _REFUSED):
        return REFUSED
    if isinstance(error, (LiteratureError, ImagingError)):
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
