"""A small PNG without a library for it."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

from langchain_core.messages import HumanMessage


def png(grey: int, side: int = 64) -> bytes:
    """A grey square."""
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    rows = (b"\0" + bytes([grey]) * side) * side
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    made = (struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(made)


def shown(*pictures: bytes) -> HumanMessage:
    """A question about pictures."""
    parts: list[str | dict[Any, Any]] = [{"type": "text", "text": "What is seen?"}]
    parts += [{"type": "image", "base64": base64.b64encode(p).decode(), "mime_type": "image/png"} for p in pictures]
    return HumanMessage(content=parts)
