"""An image archive over DICOMweb: finds studies, reads headers, fetches instances, frames and rendered pictures.

It cannot store or delete. Requests go through the same connection as a FHIR server's: one address, one token for it and
for nothing else, bounds on time and size, retries where they help (docs/adr/0012).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import TracebackType
from typing import Self, Unpack

from pydicom import Dataset

from tools.fhir.connection import Answer, Connection, Reach
from tools.fhir.errors import (
    FhirError,
    FhirTooLarge,
    FhirUnreachable,
    LoginRefused,
    LoginUnusable,
    OtherOrigin,
)
from tools.imaging.dicom import is_dicom
from tools.imaging.dicom_json import datasets_of, whole_datasets_of
from tools.imaging.errors import (
    ArchiveDeclined,
    ArchiveElsewhere,
    ArchiveGarbled,
    ArchiveRefused,
    ArchiveUnreachable,
    FrameMissing,
    PictureLarge,
    StudyGone,
)
from tools.imaging.found_study import FoundStudy, found_study
from tools.imaging.header import Header, header_of
from tools.imaging.multipart import parts_of

MOST_BYTES = 256 * 1024 * 1024
"""Of one answer; a film has 10 to 50 MB, a slice half of one."""
_DICOM = 'multipart/related; type="application/dicom"; transfer-syntax=*'
_FRAME = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'
_JSON = "application/dicom+json"
_RENDERED = ("image/png", "image/jpeg")
"""Asked for one after the other: not every archive reads a list."""
_UID = re.compile(r"[0-9.]{1,64}")
_GONE = frozenset({404, 410})
_NOT_ALLOWED = frozenset({401, 403})
_TOO_MANY = 1000


class Archive:
    """Reads one image archive: `async with Archive("https://host/dicom-web") as archive: …`."""

    def __init__(self, base_url: str, *, most_bytes: int = MOST_BYTES, **reach: Unpack[Reach]) -> None:
        """Prepare a client; nothing is sent yet.

        Args:
            base_url: the DICOMweb root, under which `/studies` lies.
            most_bytes: of one answer.
            reach: how it is reached.

        Raises:
            tools.fhir.errors.BadAddress: the address is not usable.
        """
        self._most = most_bytes
        self._connection = Connection(base_url, methods=frozenset({"GET"}), **reach)

    async def __aenter__(self) -> Self:
        """Open the client."""
        await self._connection.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the client."""
        await self._connection.__aexit__(kind, error, trace)

    @property
    def requests(self) -> int:
        """Requests sent so far, retries counted."""
        return self._connection.requests

    @property
    def received(self) -> int:
        """Bytes of answers read so far."""
        return self._connection.bytes

    async def studies(self, patient_id: str, *, most: int = 100) -> tuple[FoundStudy, ...]:
        """The studies of one patient id, by QIDO-RS; none is an answer.

        Raises:
            ArchiveUnreachable, ArchiveRefused, ArchiveGarbled, ArchiveElsewhere: there was no answer.
        """
        asked = [("PatientID", patient_id), ("limit", str(min(most, _TOO_MANY))), ("includefield", "PatientBirthDate")]
        found = await self._datasets("studies", asked)
        return tuple(found_study(one) for one in found[:most])

    async def headers(self, study: str, series: str | None = None) -> tuple[Header, ...]:
        """The headers of a study's pictures, or of one series', by WADO-RS metadata, in the order of their numbers.

        Raises:
            StudyGone: the archive has no such study.
            ArchiveUnreachable, ArchiveRefused, ArchiveGarbled, ArchiveElsewhere, PictureLarge: there was no answer.
        """
        found = [header_of(one) for one in await self._datasets(f"{_path(study, series)}/metadata", [])]
        if not found:
            raise StudyGone
        return tuple(sorted(found, key=lambda one: (one.series, one.number or 0, one.instance)))

    async def datasets(self, study: str, series: str) -> dict[str, Dataset]:
        """Everything that the archive says of a series, by SOP Instance UID; pixels and other bulk are left out.

        Raises:
            StudyGone: the archive has no such series.
            ArchiveUnreachable, ArchiveRefused, ArchiveGarbled, ArchiveElsewhere, PictureLarge: there was no answer.
        """
        answer = await self._get(f"{_path(study, series)}/metadata", [], _JSON)
        return {str(one.get("SOPInstanceUID")): one for one in whole_datasets_of(answer.body)}

    async def instance(self, study: str, series: str, instance: str) -> bytes:
        """One DICOM file, encoded as the archive has it.

        Raises:
            StudyGone: the archive has no such instance.
            AnswerCut: the answer ended early.
            ArchiveUnreachable, ArchiveRefused, ArchiveGarbled, ArchiveElsewhere, PictureLarge: there was no answer.
        """
        body = _only(await self._get(_path(study, series, instance), [], _DICOM))
        if not is_dicom(body):
            raise ArchiveGarbled
        return body

    async def frame(self, study: str, series: str, instance: str, number: int) -> tuple[str, bytes]:
        """One frame's encoded pixels, and their media type with the transfer syntax; raises as `frames` does."""
        return (await self.frames(study, series, instance, (number,)))[0]

    async def frames(
        self, study: str, series: str, instance: str, numbers: Sequence[int]
    ) -> tuple[tuple[str, bytes], ...]:
        """Some frames' encoded pixels in the order asked for, each with its media type; raises as `instance` does.

        Raises:
            FrameMissing: the archive does not give one of these numbers.
        """
        listed = ",".join(f"{number:d}" for number in numbers)
        try:
            answer = await self._get(f"{_path(study, series, instance)}/frames/{listed}", [], _FRAME)
        except ArchiveDeclined:
            raise FrameMissing from None
        parts = parts_of(answer.headers.get("content-type", ""), answer.body)
        if len(parts) != len(numbers):
            raise ArchiveGarbled
        return tuple((one.content_type, one.body) for one in parts)

    async def rendered(self, study: str, series: str, instance: str, number: int | None = None) -> bytes:
        """PNG or JPEG as the archive renders it, for people to look at; raises as `instance` does."""
        frame = "" if number is None else f"/frames/{number:d}"
        path = f"{_path(study, series, instance)}{frame}/rendered"
        try:
            answer = await self._get(path, [], _RENDERED[0])
        except ArchiveDeclined:
            answer = await self._get(path, [], _RENDERED[1])
        return _only(answer)

    async def _datasets(self, path: str, params: list[tuple[str, str]]) -> list[Dataset]:
        answer = await self._get(path, params, _JSON)
        if answer.status == 204 or not answer.body:
            return []
        return datasets_of(answer.body)

    async def _get(self, path: str, params: list[tuple[str, str]], accept: str) -> Answer:
        try:
            url = self._connection.origin.url(path, params)
            answer = await self._connection.send(
                "GET", url, headers={"Accept": accept}, repeatable=True, most=self._most
            )
        except FhirUnreachable:
            raise ArchiveUnreachable from None
        except FhirTooLarge:
            raise PictureLarge from None
        except (LoginRefused, LoginUnusable):
            raise ArchiveRefused from None
        except OtherOrigin:
            raise ArchiveElsewhere from None
        except FhirError:
            raise ArchiveGarbled from None
        _refuse(answer.status)
        return answer


def _refuse(status: int) -> None:
    if 200 <= status < 300:
        return
    if status in _GONE:
        raise StudyGone
    if status in _NOT_ALLOWED:
        raise ArchiveRefused
    msg = f"The image archive does not take such a request ({status}): check that its address is the DICOMweb root."
    raise ArchiveDeclined(msg)


def _path(study: str, series: str | None = None, instance: str | None = None) -> str:
    """The path of a study, series or instance.

    Raises:
        StudyGone: a UID can't be one.
    """
    parts = (("studies", study), ("series", series), ("instances", instance))
    named = [(name, uid) for name, uid in parts if uid is not None]
    if any(_UID.fullmatch(uid) is None or ".." in uid or uid.startswith(".") for _, uid in named):
        raise StudyGone
    return "/".join(f"{name}/{uid}" for name, uid in named)


def _only(answer: Answer) -> bytes:
    parts = parts_of(answer.headers.get("content-type", ""), answer.body)
    if len(parts) != 1:
        raise ArchiveGarbled
    return parts[0].body
