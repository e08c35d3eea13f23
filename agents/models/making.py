"""Chat models made from a row of the registry."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from langchain_core.language_models import BaseChatModel

from agents.models.endpoint import Endpoint
from agents.models.in_process import TransformersChat
from agents.models.registry import ModelRow
from agents.models.vllm import VllmChat
from agents.models.wire import Patience


def served_chat(row: ModelRow, endpoint: Endpoint, *, seconds: float, thinks: bool = False) -> BaseChatModel:
    """A row's model behind a server.

    Args:
        row: the model.
        endpoint: where it is served.
        seconds: limit of one call, retries counted.
        thinks: whether it is told to think first, where it can, in calls without a JSON form.
    """
    return VllmChat(
        endpoint=endpoint,
        served=row.served_name,
        max_tokens=row.answer_tokens,
        thinking=row.thinking.instruction if thinks and row.thinking else "",
        banned=(row.thinking.open,) if row.thinking else (),
        patience=Patience(seconds=seconds),
    )


def loaded_chat(row: ModelRow, folder: Path, *, seconds: float, thinks: bool = False) -> BaseChatModel:
    """A row's model in this process; its weights are read at the first call.

    Args:
        row: the model.
        folder: its weights; the base's, where the row is a LoRA adapter, which lies in the row's `repository`.
        seconds: limit of one call.
        thinks: whether it is told to think first, where it can, in calls without a JSON form.
    """
    return TransformersChat(
        folder=folder,
        adapter=Path(row.repository) if row.adapter else None,
        template=row.template,
        max_tokens=row.answer_tokens,
        thinking=row.thinking.instruction if thinks and row.thinking else "",
        banned=(row.thinking.open,) if row.thinking else (),
        seconds=seconds,
    )


def weights_can_be_run() -> bool:
    """Whether torch and transformers are installed here."""
    return all(importlib.util.find_spec(name) is not None for name in ("torch", "transformers"))
