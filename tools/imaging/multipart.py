"""The parts of a multipart/related answer, as DICOMweb sends instances and frames."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.message import Message
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser

from tools.imaging.errors import AnswerCut, ArchiveGarbled

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One part."""

    content_type: str
    """Its media type with parameters; empty where it does not say."""
    body: bytes = field(repr=False)
    """Its content."""


def parts_of(content_type: str, body: bytes) -> tuple[Part, ...]:
    """The parts; an answer that is no multipart is one part.

    Args:
        content_type: of the answer.
        body: of the answer.

    Raises:
        AnswerCut: it ends before its last boundary.
        ArchiveGarbled: it has no boundary, or is not what it says.
    """
    if not content_type.lower().startswith("multipart/"):
        return (Part(content_type=content_type, body=body),)
    message = Message()
    message["content-type"] = content_type
    boundary = message.get_param("boundary")
    if not isinstance(boundary, str) or not boundary:
        raise ArchiveGarbled
    collected = _Collected()
    try:
        parser = MultipartParser(boundary, collected.callbacks())
        parser.write(body)
        parser.finalize()
    except FormParserError:
        raise ArchiveGarbled from None
    if not collected.ended:
        raise AnswerCut
    return tuple(collected.parts)


class _Collected:
    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.ended = False
        self._name = b""
        self._value = b""
        self._type = ""
        self._chunks: list[bytes] = []

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._named,
            "on_header_value": self._valued,
            "on_header_end": self._header,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._all,
        }

    def _begin(self) -> None:
        self._type, self._chunks = "", []

    def _named(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _valued(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header(self) -> None:
        if self._name.lower() == b"content-type":
            self._type = self._value.decode("latin-1")
        self._name = self._value = b""

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._chunks.append(data[start:end])

    def _end(self) -> None:
        self.parts.append(Part(content_type=self._type, body=b"".join(self._chunks)))

    def _all(self) -> None:
        self.ended = True
