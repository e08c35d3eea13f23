"""An image archive in this process, over DICOMweb: what tests store is found and fetched, or refused as they say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from preround.sandbox.archive import image_archive
from tools.fhir.transport import in_process
from tools.imaging.archive import Archive


@dataclass
class Shelf:
    """Some DICOM files."""

    files: list[bytes] = field(default_factory=list)
    """What it holds."""
    answers: Mapping[str, int] = field(default_factory=dict)
    """The status of requests whose path ends so, in place of an answer."""
    asked: list[str] = field(default_factory=list)
    """The paths that were asked for."""

    def archive(self) -> Archive:
        """A client of it."""
        inner = image_archive(lambda: self.files)

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            path = str(scope["path"])
            self.asked.append(path)
            status = next((s for end, s in self.answers.items() if path.endswith(end)), None)
            await (inner if status is None else Response(status_code=status))(scope, receive, send)

        return Archive("http://127.0.0.1:9/dicom-web", transport=in_process(app))
