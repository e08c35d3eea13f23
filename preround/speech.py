"""The model of speech that the settings name."""

from __future__ import annotations

from agents.models.hearing import Hearer, TransformersHearer
from agents.models.registry import ModelRow, RegistryUnusable, row_of
from agents.models.serving import Serving
from agents.models.weights import WeightsUnusable, checked, revision_of
from preround.settings import Settings
from tools.needed import LibraryMissing, needed


class HearerMissing(RuntimeError):
    """No model of speech is set up here."""

    def __init__(self, row: ModelRow) -> None:
        super().__init__(
            f"No model of speech is set up here; download {row.repository} and name its folder in PREROUND_HEAR_PATH."
        )


class HearerUnfit(ValueError):
    """The row or the folder that the settings name will not do."""


def hearing_row(settings: Settings) -> ModelRow:
    """The registry's row that the settings name.

    Raises:
        ModelUnknown, RegistryUnusable: when there is none.
        HearerUnfit: when it does not hear.
    """
    row = row_of(settings.hear_model, settings.models)
    if "hear" not in row.roles:
        raise HearerUnfit(f"The model {row.name} does not hear; name one with the role hear in PREROUND_HEAR_MODEL.")
    return row


def hearer_of(settings: Settings) -> Hearer:
    """What writes recordings down; its weights are read at the first one.

    Raises:
        ModelUnknown, RegistryUnusable: when there is no such row.
        HearerUnfit: the row does not hear, or the folder holds another revision than is pinned.
        HearerMissing: no folder is named, or it is not there.
    """
    row = hearing_row(settings)
    folder = settings.hear_path
    if folder is None or not folder.is_dir():
        raise HearerMissing(row)
    found = revision_of(folder)
    if found and row.revision and not (found.startswith(row.revision) or row.revision.startswith(found)):
        raise HearerUnfit(
            f"The folder in PREROUND_HEAR_PATH holds revision {found} of {row.name}, the pin says {row.revision}; "
            "download the pinned one or change the pin."
        )
    return TransformersHearer(folder=folder, model=(row.name, found or row.revision))


def heard_here(row: ModelRow, settings: Settings) -> Serving:
    """Whether a row that hears can be used in this process, without reading its weights."""
    if row.name != settings.hear_model:
        return Serving(state="not set up", detail=f"{row.name} is not the one in PREROUND_HEAR_MODEL")
    try:
        hearer_of(settings)
        folder = settings.hear_path
        if folder is not None:
            checked(folder)
        for library in ("torch", "transformers", "soundfile", "soxr"):
            needed(library, extra="models,hear")
    except HearerUnfit as error:
        return Serving(state="differs", detail=str(error))
    except (HearerMissing, LibraryMissing, WeightsUnusable, RegistryUnusable) as error:
        return Serving(state="not set up", detail=str(error))
    return Serving(
        state="in process", detail=f"{row.name} is run in this process, from the folder in PREROUND_HEAR_PATH"
    )
