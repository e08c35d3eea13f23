"""Who words the drafts, as the settings say: the offline reasoner, or a model behind the list of allowed hosts."""

from __future__ import annotations

from collections.abc import Callable

from langchain_core.language_models import BaseChatModel

from agents.models.asking import Asker
from agents.models.endpoint import Endpoint, allowed
from agents.models.making import loaded_chat, served_chat, weights_can_be_run
from agents.models.registry import ModelRow, ModelUnnamed, row_of
from agents.offline.reasoner import OfflineReasoner
from agents.reasoner import Reasoner
from agents.worded.reasoner import WordedReasoner
from preround.progress import MODEL, answers_words
from preround.settings import Settings
from tools.observer import NOBODY, Observer


class ReasonerMissing(RuntimeError):
    """This reasoner is not set up here; install its extra, or run with --reasoner offline."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The reasoner {name} is not set up here; run with --reasoner offline.")


def reasoner_of(
    settings: Settings,
    progress: Callable[[str, str], None],
    around: Callable[[BaseChatModel], BaseChatModel] = lambda chat: chat,
    observer: Observer = NOBODY,
) -> Reasoner:
    """Who words the drafts, as the settings say.

    Raises:
        ReasonerMissing, ModelUnnamed, ModelUnknown, RegistryUnusable, EndpointRefused: when it cannot be had.
    """
    if settings.reasoner == "offline":
        return OfflineReasoner()
    row, chat = chat_of(settings)

    def watch(under_way: int, pieces: int) -> None:
        progress(MODEL, answers_words(under_way, pieces))

    asker = Asker(
        around(chat),
        seconds=settings.model_seconds,
        room=row.prompt_tokens,
        watch=watch,
        observer=observer,
        named=(settings.reasoner, row.name),
    )
    return WordedReasoner(asker, name=settings.reasoner, model=(row.served_name, row.revision))


def chat_of(settings: Settings, *, thinks: bool = False) -> tuple[ModelRow, BaseChatModel]:
    """The chat model that the settings name, behind the list of allowed hosts or in this process.

    Args:
        settings: with a reasoner that has a model.
        thinks: whether it is told to think first, where it can.

    Raises:
        ReasonerMissing, ModelUnnamed, ModelUnknown, RegistryUnusable, EndpointRefused: when it cannot be had.
    """
    row = model_row(settings)
    if settings.reasoner == "vllm":
        if not row.named:
            raise ModelUnnamed(row.name)
        return row, served_chat(row, endpoint_of(row, settings), seconds=settings.model_seconds, thinks=thinks)
    if settings.model_path is None or not weights_can_be_run():
        raise ReasonerMissing(settings.reasoner)
    return row, loaded_chat(row, settings.model_path, seconds=settings.model_seconds, thinks=thinks)


def model_row(settings: Settings) -> ModelRow:
    """The registry's row that the settings name, with the site's pin.

    Raises:
        ModelUnknown, RegistryUnusable: when there is none.
    """
    return row_of(settings.model, settings.models, revision=settings.model_revision, served=settings.model_served)


def endpoint_of(row: ModelRow, settings: Settings) -> Endpoint:
    """Where a row's model is asked.

    Raises:
        EndpointRefused: when charts may not go there.
    """
    key = settings.model_key.get_secret_value() if settings.model_key else None
    return allowed(row.url or settings.model_url, hosts=settings.model_hosts, key=key)
