"""Archives and files that fail or mean harm, over real sockets: one clear sentence each, and nothing is handed on."""

from __future__ import annotations

import io
import json
import resource
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.uid import UID, JPEG2000Lossless, JPEGBaseline8Bit

from tests.unit.fhir.raw_server import Say, answer, flood, raw, silence
from tests.unit.imaging.pictures import OWNER, dataset, film, written
from tools.fhir.auth import BearerAuth
from tools.fhir.limits import Limits
from tools.imaging.archive import Archive
from tools.imaging.errors import (
    AnswerCut,
    ArchiveDeclined,
    ArchiveElsewhere,
    ArchiveGarbled,
    ArchiveRefused,
    ArchiveUnreachable,
    FrameMissing,
    ImagingError,
    NobodysPicture,
    OthersPicture,
    PictureBroken,
    PictureEmpty,
    PictureLarge,
    PictureTiny,
    PixelsMissing,
    PixelsUnsupported,
    StudyGone,
)
from tools.imaging.handing import handed
from tools.imaging.reading import read_picture
from tools.imaging.sent import Sent

QUICK = Limits(request_seconds=1, attempts=2, backoff_seconds=0.01, longest_wait_seconds=1)
MULTI = 'multipart/related; type="application/dicom"; boundary=xyz'


def multi(body: bytes, ended: bool = True) -> bytes:
    return b"--xyz\r\nContent-Type: application/dicom\r\n\r\n" + body + (b"\r\n--xyz--\r\n" if ended else b"")


async def seen(*says: Say, most_bytes: int = 8_000_000) -> Sent:
    """The whole way of one instance: fetched, held to the patient, decoded, checked, made ready."""
    async with (
        raw({"/fhir/studies": list(says)}) as server,
        Archive(server.base, limits=QUICK, auth=BearerAuth(token="s3cret"), most_bytes=most_bytes) as archive,  # noqa: S106
    ):
        body = await archive.instance("1.2", "1.3", "1.4")
        return handed(read_picture(body, owner=OWNER).picture, to="another machine")


def cut(body: bytes) -> bytes:
    return body[: len(body) // 2]


def truncated_jpeg(syntax: str, kind: str) -> bytes:
    made = io.BytesIO()
    rows, columns = np.mgrid[0:256, 0:256]
    Image.fromarray(((rows * columns) % 251).astype(np.uint8)).save(made, kind)
    stream = made.getvalue()
    one = dataset(np.zeros((256, 256), dtype=np.uint8))
    one.file_meta.TransferSyntaxUID = UID(syntax)
    one.PixelData = encapsulate([stream[: len(stream) // 2]])
    one["PixelData"].VR = "OB"
    return written(one)


def bomb(side: int = 60_000) -> bytes:
    """A PNG of a few hundred kilobytes that promises so many pixels by as many."""
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(side + 1) * 500)), (b"IEND", b""))
    made = (struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(made)


FAULTS: list[tuple[str, Say, type[ImagingError], str]] = [
    ("gone", answer(b"", status="404 Not Found"), StudyGone, "no longer has this"),
    ("deleted", answer(b"", status="410 Gone"), StudyGone, "no longer has this"),
    ("forbidden", answer(b"", status="403 Forbidden"), ArchiveRefused, "check the credentials"),
    ("who are you", answer(b"", status="401 Unauthorized"), ArchiveRefused, "check the credentials"),
    ("not taken", answer(b"", status="400 Bad Request"), ArchiveDeclined, r"\(400\)"),
    ("a web page", answer(b"<html>", kind="text/html"), ArchiveGarbled, "not DICOMweb"),
    ("silence", silence, ArchiveUnreachable, "could not be reached"),
    ("busy", answer(b"", status="503 Busy"), ArchiveUnreachable, "could not be reached"),
    ("half an answer", answer(multi(film())[:9000], kind=MULTI, length=90000), ArchiveUnreachable, "could not"),
    ("no last boundary", answer(multi(cut(film()), ended=False), kind=MULTI), AnswerCut, "ended early"),
    ("no boundary named", answer(multi(film()), kind="multipart/related"), ArchiveGarbled, "not DICOMweb"),
    ("other boundary", answer(multi(film()), kind=MULTI.replace("xyz", "abc")), ArchiveGarbled, "not DICOMweb"),
    ("half a frame", answer(multi(cut(film())), kind=MULTI), PictureBroken, "damaged or incomplete"),
    ("half a JPEG", answer(multi(truncated_jpeg(JPEGBaseline8Bit, "JPEG")), kind=MULTI), PictureBroken, "end early"),
    ("half a J2K", answer(multi(truncated_jpeg(JPEG2000Lossless, "JPEG2000")), kind=MULTI), PictureBroken, "early"),
    ("too much, announced", flood(announced=True), PictureLarge, "larger than allowed"),
    ("too much, unannounced", flood(announced=False), PictureLarge, "larger than allowed"),
    ("2 GB announced", answer(b"x", kind=MULTI, length=2 << 30), PictureLarge, "larger than allowed"),
    (
        "elsewhere",
        answer(b"", status="302 Found", location="http://127.0.0.2:9/x"),
        ArchiveElsewhere,
        "another address",
    ),
    ("another's", answer(multi(film(PatientID="FILM-2")), kind=MULTI), OthersPicture, "another patient's"),
    ("nobody's", answer(multi(film(PatientID=None)), kind=MULTI), NobodysPicture, "does not say whose"),
    ("nameless", answer(multi(film(PatientID="")), kind=MULTI), NobodysPicture, "does not say whose"),
    ("a PNG", answer(multi(bomb()), kind=MULTI), ArchiveGarbled, "not DICOMweb"),
    ("no pixels", answer(multi(film(PixelData=None)), kind=MULTI), PixelsMissing, "no pixels"),
    ("black", answer(multi(film(np.zeros((512, 512), np.uint16))), kind=MULTI), PictureEmpty, "one shade"),
    (
        "tiny",
        answer(multi(film(np.arange(400, dtype=np.uint16).reshape(20, 20))), kind=MULTI),
        PictureTiny,
        "too small",
    ),
]


@pytest.mark.parametrize(("say", "kind", "words"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
async def test_a_fault_is_one_sentence_and_nothing_is_sent(say: Say, kind: type[ImagingError], words: str) -> None:
    with pytest.raises(ImagingError, match=words) as failed:
        await seen(say)
    assert type(failed.value) is kind
    said = str(failed.value)
    assert said.endswith(".")
    assert said.count(". ") == 0
    for secret in ("FILM", "Testpatient", "1960", "s3cret"):
        assert secret not in said


async def test_a_sound_film_is_sent() -> None:
    """What the faults above have in common with it is that they are not it."""
    sent = await seen(answer(multi(film()), kind=MULTI))
    assert sent.fit.side == 896
    plain = await seen(answer(film(), kind="application/dicom"))
    assert plain.png == sent.png


async def test_the_token_goes_to_the_archive_alone() -> None:
    async with raw({}) as other:
        away = answer(b"", status="302 Found", location=f"{other.base}/studies/1.2")
        with pytest.raises(ArchiveElsewhere):
            await seen(away)
        assert other.seen == []


async def test_what_is_too_large_is_not_held() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(PictureLarge):
        await seen(flood(announced=False), most_bytes=4_000_000)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


@pytest.mark.parametrize("side", [60_000, 11_000], ids=["more than Pillow opens", "more than we allow"])
def test_a_png_bomb_is_refused_before_it_is_decoded(side: int) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(PictureLarge, match="larger than allowed"):
        read_picture(bomb(side), owner=OWNER, vouched="chart")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


def test_a_dicom_bomb_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(PictureLarge):
        read_picture(film(Rows=65535, Columns=65535), owner=OWNER)
    with pytest.raises(FrameMissing):
        read_picture(film(), owner=OWNER, frame=2)


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.102", "1.2.3.4.5"])
def test_an_encoding_that_nobody_knows_is_named(syntax: str) -> None:
    one = dataset()
    one.file_meta.TransferSyntaxUID = UID(syntax)
    one.PixelData = encapsulate([b"\0" * 64])
    with pytest.raises(PixelsUnsupported):
        read_picture(written(one), owner=OWNER)


@pytest.mark.parametrize("uid", ["", "..", "1/../..", "1.2?x=1", "1.2/rendered", "a", "1" * 65, ".1"])
async def test_what_is_no_uid_never_reaches_a_path(uid: str) -> None:
    async with raw({}) as server, Archive(server.base, limits=QUICK) as archive:
        with pytest.raises(StudyGone):
            await archive.headers(uid)
        assert server.seen == []


JSON = [b"{}", b"[1]", b"[", b'[{"0020000D": {"vr": "UI", "Value": 7}}]', b"null", b'[{"zz": {}}]']


@pytest.mark.parametrize("body", JSON)
async def test_what_is_no_dicom_json_is_named(body: bytes) -> None:
    says = {"/fhir/studies": [answer(body, kind="application/dicom+json")]}
    async with raw(says) as server, Archive(server.base, limits=QUICK) as archive:
        with pytest.raises(ArchiveGarbled, match="not DICOMweb"):
            await archive.studies("X")


async def test_odd_values_of_a_header_are_left_out() -> None:
    odd = {
        "0020000D": {"vr": "UI", "Value": ["1.2"]},
        "00080060": {"vr": "CS", "Value": ["dx"]},
        "00200013": {"vr": "IS", "Value": []},
        "00280008": {"vr": "IS"},
        "00200037": {"vr": "DS", "Value": [1, 0, 0]},
        "00080020": {"vr": "DA", "Value": ["2026-1-1"]},
        "00880200": {"vr": "OB", "InlineBinary": "AAAA"},
        "7FE00010": {"vr": "OW", "BulkDataURI": "http://127.0.0.2:9/pixels"},
    }
    says = {"/fhir/studies": [answer(json.dumps([odd]).encode(), kind="application/dicom+json")]}
    async with raw(says) as server, Archive(server.base, limits=QUICK) as archive:
        (header,) = await archive.headers("1.2")
        assert len(server.seen) == 1
    assert (header.modality, header.number, header.frames, header.axes, header.taken) == ("DX", None, 1, None, "")


WHOLE = film()


@given(st.data())
def test_a_mutilated_film_ends_in_a_picture_or_in_one_of_our_errors(data: st.DataObject) -> None:
    """Any bytes of the header turned, any length cut: never another exception."""
    body = bytearray(WHOLE[: data.draw(st.just(len(WHOLE)) | st.integers(0, len(WHOLE)))])
    for _ in range(data.draw(st.integers(1, 8))):
        if body:
            body[data.draw(st.integers(0, min(len(body), 1200) - 1))] = data.draw(st.integers(0, 255))
    try:
        made = read_picture(bytes(body), owner=OWNER)
    except ImagingError as error:
        said = str(error)
        assert said
        return
    assert made.picture.pixels.dtype == np.uint8
