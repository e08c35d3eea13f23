"""Messages as Gemma takes them: no system role, user and model in turn, tool results inside a user turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from langchain_core.messages import AIMessage, BaseMessage

Part = dict[str, Any]
"""A part of a message as the OpenAI wire has it: ``{"type": "text"|"image_url", …}``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """One turn of the talk."""

    role: Literal["user", "assistant"]
    """Who speaks."""
    parts: tuple[Part, ...]
    """Text and images, in order."""

    @property
    def text(self) -> str:
        """The text alone."""
        return "\n\n".join(p["text"] for p in self.parts if p["type"] == "text")

    @property
    def content(self) -> str | list[Part]:
        """As the wire wants it: a plain string where there is no image."""
        if all(p["type"] == "text" for p in self.parts):
            return self.text
        return list(self.parts)


def turns(messages: Sequence[BaseMessage], *, first: str = "") -> list[Turn]:
    """Merge messages into turns that alternate and begin with the user.

    Args:
        messages: system, user, tool and model messages in any order.
        first: a line to put before everything, such as the one that switches thinking on.
    """
    made: list[Turn] = []
    if first:
        made.append(Turn(role="user", parts=({"type": "text", "text": first},)))
    for message in messages:
        role: Literal["user", "assistant"] = "assistant" if isinstance(message, AIMessage) else "user"
        if role == "assistant" and not made:
            made.append(Turn(role="user", parts=({"type": "text", "text": ""},)))
        parts = _parts(message)
        if made and made[-1].role == role:
            made[-1] = Turn(role=role, parts=(*made[-1].parts, *parts))
        else:
            made.append(Turn(role=role, parts=parts))
    return made


def _parts(message: BaseMessage) -> tuple[Part, ...]:
    if isinstance(message.content, str):
        return ({"type": "text", "text": message.content},)
    return tuple(_part(one) for one in message.content)


def _part(one: str | dict[Any, Any]) -> Part:
    if isinstance(one, str):
        return {"type": "text", "text": one}
    if one.get("type") == "text":
        return {"type": "text", "text": str(one.get("text", ""))}
    if one.get("type") == "image" and one.get("base64"):
        url = f"data:{one.get('mime_type', 'image/png')};base64,{one['base64']}"
        return {"type": "image_url", "image_url": {"url": url}}
    if one.get("type") == "image_url":
        found = one["image_url"]
        url = str(found["url"] if isinstance(found, dict) else found)
        # An image by address would make the server fetch it from somewhere: bytes only.
        if url.startswith("data:"):
            return {"type": "image_url", "image_url": {"url": url}}
    raise ValueError("A message may hold text and images as data; give an image as base64.")
