"""The room in which pictures are read: who sees, who sorts, and where the archive is, as the settings say it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agents.models.asking import Asker
from agents.models.embedding import ImageEmbedder, TransformersImageEmbedder
from agents.models.endpoint import allowed, on_this_machine
from agents.models.making import loaded_chat, served_chat, weights_can_be_run
from agents.models.registry import ModelRow, row_of
from agents.models.weights import revision_of
from agents.seeing.seer import Seer
from preround.failure import Unusable
from preround.imaging.door import OFF
from preround.imaging.site import Imaging
from preround.progress import MODEL, answers_words
from preround.settings import Settings
from tools.fhir.auth import Auth, BasicAuth, BearerAuth, NoAuth
from tools.imaging.archive import Archive
from tools.observer import NOBODY, Observer


@dataclass(frozen=True, kw_only=True)
class Room:
    """What is needed to read pictures."""

    seer: Seer
    """Who sees."""
    archive: Callable[[], Archive] | None = None
    """Opens the image archive; None where none is set up."""
    sorter: ImageEmbedder | None = None
    """Who sorts; None where nobody does."""


def room_of(
    settings: Settings, progress: Callable[[str, str], None] = lambda name, state: None, observer: Observer = NOBODY
) -> Room:
    """The room that the settings make.

    Args:
        settings: whose table `[imaging]` counts.
        progress: told how far an answer is.
        observer: who watches the model's calls.

    Raises:
        Unusable: it is off, or something in the table cannot be used.
        ModelUnknown, RegistryUnusable: a model is in no row.
        EndpointRefused: the model lies where charts may not go.
    """
    given = settings.imaging
    if not given.enabled:
        raise Unusable(OFF)
    return Room(seer=_seer(settings, progress, observer), archive=archive_of(given), sorter=sorter_of(settings))


def seeing_row(settings: Settings) -> ModelRow:
    """The registry's row that sees.

    Raises:
        Unusable: it does not see.
        ModelUnknown, RegistryUnusable: there is none.
    """
    given = settings.imaging
    row = row_of(given.model, settings.models, revision=given.model_revision, served=given.model_served)
    if "see" not in row.roles:
        raise Unusable(f"The model {row.name} does not see; name one with the role see as model under [imaging]")
    return row


def archive_of(given: Imaging) -> Callable[[], Archive] | None:
    """What opens the archive that the settings name."""
    if given.archive is None:
        return None
    root, auth = given.archive, _login(given)
    return lambda: Archive(root, auth=auth)


def sorter_of(settings: Settings) -> ImageEmbedder | None:
    """Who sorts pictures, where a folder is named.

    Raises:
        Unusable: the row does not embed pictures, the folder is missing, or it holds another revision.
    """
    folder = settings.imaging.sort_path
    if folder is None:
        return None
    row = row_of(settings.imaging.sort_model, settings.models)
    if "embed-image" not in row.roles:
        raise Unusable(f"The model {row.name} does not embed pictures; correct sort_model under [imaging]")
    if not folder.is_dir():
        raise Unusable(f"The folder in sort_path under [imaging] is not there; download {row.repository} into it")
    found = revision_of(folder)
    if found and row.revision and not (found.startswith(row.revision) or row.revision.startswith(found)):
        raise Unusable(f"The folder in sort_path holds revision {found} of {row.name}, the pin says {row.revision}")
    return TransformersImageEmbedder(folder=folder, model=(row.name, found or row.revision))


def _seer(settings: Settings, progress: Callable[[str, str], None], observer: Observer) -> Seer:
    given, row, seconds = settings.imaging, seeing_row(settings), settings.model_seconds
    if given.model_path is not None:
        if not given.model_path.is_dir() or not weights_can_be_run():
            raise Unusable(
                "The model that sees cannot be run in this process: install the extra `models`, and correct model_path "
                "under [imaging]"
            )
        chat, reasoner, here = loaded_chat(row, given.model_path, seconds=seconds), "transformers", True
    else:
        key = settings.model_key.get_secret_value() if settings.model_key else None
        endpoint = allowed(row.url or given.model_url or settings.model_url, hosts=settings.model_hosts, key=key)
        chat, reasoner, here = served_chat(row, endpoint, seconds=seconds), "vllm", on_this_machine(endpoint)

    def watch(under_way: int, pieces: int) -> None:
        progress(MODEL, answers_words(under_way, pieces))

    return Seer(
        asker=Asker(
            chat,
            seconds=seconds,
            room=row.prompt_tokens,
            watch=watch,
            observer=observer,
            named=(reasoner, row.name),
        ),
        row=row.name,
        reasoner=reasoner,
        model=(row.served_name, row.revision),
        where="this machine" if here else "another machine",
        image_tokens=row.image_tokens or 256,
    )


def _login(given: Imaging) -> Auth:
    if given.archive_token:
        return BearerAuth(token=given.archive_token.get_secret_value())
    if given.archive_user and given.archive_password:
        return BasicAuth(user=given.archive_user, password=given.archive_password.get_secret_value())
    return NoAuth()
