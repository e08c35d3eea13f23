"""An image archive in this process, over DICOMweb: finds and gives DICOM files, and stores none."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from functools import lru_cache

from pydicom import Dataset, dcmread
from pydicom.uid import ExplicitVRLittleEndian
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

_PART = "multipart/related; type={kind}; boundary=films"
_SERIES = "/dicom-web/studies/{study}/series/{series}"


def image_archive(files: Callable[[], Sequence[bytes]]) -> Starlette:
    """The archive, its DICOMweb root at `/dicom-web`.

    Args:
        files: what it holds at a time; their pixels unpacked, little endian.
    """
    held = _Held(files)
    return Starlette(
        routes=[
            Route("/dicom-web/studies", held.studies),
            Route("/dicom-web/studies/{study}/metadata", held.metadata),
            Route(f"{_SERIES}/metadata", held.metadata),
            Route(f"{_SERIES}/instances/{{instance}}", held.instance),
            Route(f"{_SERIES}/instances/{{instance}}/frames/{{numbers}}", held.frames),
        ]
    )


class _Held:
    def __init__(self, files: Callable[[], Sequence[bytes]]) -> None:
        self._files = files

    async def studies(self, request: Request) -> Response:
        """The studies of one patient id (QIDO-RS)."""
        wanted = request.query_params.get("PatientID")
        found = {str(one.StudyInstanceUID): one for _, one in self._headers() if str(one.PatientID) == wanted}
        return JSONResponse([one.to_json_dict() for one in found.values()])

    async def metadata(self, request: Request) -> Response:
        """The headers of a study, or of one of its series (WADO-RS)."""
        asked = request.path_params
        found = [
            one.to_json_dict()
            for _, one in self._headers()
            if str(one.StudyInstanceUID) == asked["study"]
            and asked.get("series", one.SeriesInstanceUID) == one.SeriesInstanceUID
        ]
        return JSONResponse(found, status_code=200 if found else 404)

    async def instance(self, request: Request) -> Response:
        """One file."""
        body = self._body(request)
        return Response(status_code=404) if body is None else _parts("application/dicom", [body])

    async def frames(self, request: Request) -> Response:
        """Frames by their numbers, as they are stored."""
        body = self._body(request)
        whole = dcmread(io.BytesIO(body)) if body else Dataset()
        size = len(whole.get("PixelData", b"")) // int(whole.get("NumberOfFrames") or 1)
        numbers = [int(n) for n in request.path_params["numbers"].split(",") if n.isdigit()]
        frames = [whole.PixelData[(n - 1) * size : n * size] if size else b"" for n in numbers]
        if not frames or not all(frames):
            return Response(status_code=404)
        return _parts("application/octet-stream", frames, f"; transfer-syntax={ExplicitVRLittleEndian}")

    def _body(self, request: Request) -> bytes | None:
        wanted = request.path_params["instance"]
        return next((file for file, one in self._headers() if str(one.SOPInstanceUID) == wanted), None)

    def _headers(self) -> list[tuple[bytes, Dataset]]:
        return [(one, _header(one)) for one in self._files()]


def _parts(kind: str, bodies: Sequence[bytes], more: str = "") -> Response:
    head = f"--films\r\nContent-Type: {kind}{more}\r\n\r\n".encode()
    content = b"".join(head + one + b"\r\n" for one in bodies) + b"--films--\r\n"
    return Response(content, headers={"content-type": _PART.format(kind=f'"{kind}"')})


@lru_cache(maxsize=256)
def _header(file: bytes) -> Dataset:
    return dcmread(io.BytesIO(file), stop_before_pixels=True)
