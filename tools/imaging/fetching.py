"""Files of pictures by where they lie: the archive, an attachment of the chart, or a folder of this machine."""

from __future__ import annotations

from pathlib import Path

from tools.fhir.attachments import attachment_bytes
from tools.fhir.client import FhirClient
from tools.fhir.errors import (
    FhirError,
    FhirGarbled,
    FhirNotFound,
    FhirTooLarge,
    FhirUnreachable,
    LoginRefused,
    LoginUnusable,
    OtherOrigin,
    WrongPatient,
)
from tools.fhir.scope import PatientScope
from tools.imaging.archive import MOST_BYTES
from tools.imaging.errors import (
    ArchiveElsewhere,
    ArchiveRefused,
    ArchiveUnreachable,
    ImagingError,
    OthersPicture,
    PictureBroken,
    PictureLarge,
    PictureUnknown,
    StudyGone,
)
from tools.imaging.study import AttachedPicture

_SAID: tuple[tuple[type[FhirError], type[ImagingError], str], ...] = (
    (FhirUnreachable, ArchiveUnreachable, "The FHIR server that holds the picture could not be reached: try again."),
    (FhirTooLarge, PictureLarge, ""),
    (
        OtherOrigin,
        ArchiveElsewhere,
        "The picture's link leads to another server, where nothing was asked: open it there.",
    ),
    (WrongPatient, OthersPicture, ""),
    (FhirNotFound, StudyGone, "The FHIR server no longer has the picture: look at the resource that points at it."),
    (FhirGarbled, PictureBroken, ""),
    (LoginRefused, ArchiveRefused, "The FHIR server refused to give the picture: check the credentials."),
    (LoginUnusable, ArchiveRefused, "The FHIR server refused to give the picture: check the credentials."),
    (FhirError, ArchiveRefused, "The FHIR server refused to give the picture: check the credentials."),
)


async def attached(
    client: FhirClient, scope: PatientScope, picture: AttachedPicture, *, most: int = MOST_BYTES
) -> bytes:
    """The file of a picture that a resource of the chart holds or points at.

    Raises:
        ImagingError: it could not be had; the sentence says why.
    """
    try:
        body, _ = await attachment_bytes(client, scope, dict(picture.attachment), most=most)
    except FhirError as error:
        for kind, ours, sentence in _SAID:
            if isinstance(error, kind):
                raise ours(sentence or None) from None
        raise
    if not body:
        raise PictureUnknown
    return body


def local(path: Path, *, most: int = MOST_BYTES) -> bytes:
    """The file at a path of this machine.

    Raises:
        StudyGone: there is none, or it can't be read.
        PictureLarge: it has more bytes than `most`.
    """
    try:
        if not path.is_file():
            raise StudyGone("There is no such file: check the path.")
        if path.stat().st_size > most:
            raise PictureLarge
        return path.read_bytes()
    except OSError:
        raise StudyGone("The file cannot be read: check its permissions.") from None
