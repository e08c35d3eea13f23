"""What a picture says of itself, without a word that names anybody but the id that is compared and never shown."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pydicom import Dataset

Burned = Literal["no", "yes", "unstated"]
"""What the header says of names drawn into the pixels."""
Laterality = Literal["left", "right", "both"]
View = Literal["PA", "AP", "frontal", "left lateral", "right lateral", "lateral", "other"]
"""How a film was taken; `frontal` and `lateral` where the header does not say from which side."""

_ATTRIBUTES = """
    AcquisitionDate AcquisitionDateTime AcquisitionTime AnatomicRegionSequence BodyPartExamined BurnedInAnnotation
    Columns ImageLaterality ImageOrientationPatient ImagePositionPatient ImageType
    ImagerPixelSpacing InstanceNumber IssuerOfPatientIDQualifiersSequence Laterality Modality ModalitiesInStudy
    NumberOfFrames NumberOfStudyRelatedInstances PatientBirthDate PatientID PatientOrientation PixelAspectRatio
    PixelSpacing Rows SOPClassUID SOPInstanceUID SeriesInstanceUID StudyDate StudyInstanceUID StudyTime
    ViewCodeSequence ViewPosition
"""
TAGS = frozenset(_ATTRIBUTES.split())
"""The attributes that are looked at, and no others but those of overlays."""
OVERLAYS = tuple((group << 16) + 0x0010 for group in range(0x6000, 0x6020, 2))
"""Overlay Rows of each group that may hold one (PS3.5, 7.6): where it is, there is an overlay."""

_SIDES: dict[str, Laterality] = {"L": "left", "R": "right", "B": "both"}
_VIEWS: dict[str, View] = {"LL": "left lateral", "RL": "right lateral", "LAT": "lateral", "LATERAL": "lateral"}
_MOST_UNEVEN = 10
"""A pixel's longer side by its shorter one; what says more is no picture's."""
_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})")
_TIME = re.compile(r"(\d{2})(\d{2})?(\d{2})?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """One picture's own words; all of them None or empty for a file that is no DICOM."""

    patient_id: str = field(default="", repr=False)
    """The id of its patient in the archive; compared with the chart's, never shown."""
    issuer: str = field(default="", repr=False)
    """Who gave that id, as an OID; empty where it does not say."""
    born: str = field(default="", repr=False)
    """Date of birth, ISO 8601; compared, never shown."""
    study: str = ""
    """Study Instance UID."""
    series: str = ""
    """Series Instance UID."""
    instance: str = ""
    """SOP Instance UID."""
    sop_class: str = ""
    """SOP Class UID."""
    modality: str = ""
    """A DICOM modality, such as `DX`."""
    body_part: str = ""
    """As it says: Body Part Examined, or the anatomic region's meaning."""
    view: View | None = None
    """How it was taken; None where it does not say."""
    laterality: Laterality | None = None
    """Side of the body; None where it does not say."""
    taken: str = ""
    """When it was acquired, else its study: ISO 8601 without an offset; a date alone where there is no time."""
    studied: str = ""
    """The day of its study, ISO 8601: what archives and charts know of pictures that nobody has fetched."""
    number: int | None = None
    """Instance number within its series."""
    frames: int = 1
    """Frames in the file."""
    width: int = 0
    """Columns."""
    height: int = 0
    """Rows."""
    spacing: tuple[float, float] | None = None
    """Millimetres from row to row and from column to column."""
    aspect: float = 1.0
    """A pixel's height by its width; 1 where it does not say, or says what can't be."""
    overlays: int = 0
    """Graphics in the file that lie over the picture and are no part of its pixels."""
    position: tuple[float, float, float] | None = None
    """Centre of the first pixel in the patient, millimetres."""
    axes: tuple[float, ...] | None = None
    """Direction cosines of rows and columns, six numbers."""
    directions: tuple[str, str] | None = None
    """Towards which side of the patient rows and columns run, such as `("L", "F")`."""
    kind: tuple[str, ...] = ()
    """Image Type, such as `("ORIGINAL", "PRIMARY", "AXIAL")`."""
    burned_in: Burned = "unstated"
    """Whether names are drawn into the pixels."""


def header_of(dataset: Dataset) -> Header:
    """The header of a DICOM dataset, whole or as the archive's metadata."""
    directions = tuple(str(one).upper() for one in _many(dataset, "PatientOrientation"))
    axes = _placed(dataset, "PlaneOrientationSequence", "ImageOrientationPatient", 6)
    position = _placed(dataset, "PlanePositionSequence", "ImagePositionPatient", 3)
    spacing = _placed(dataset, "PixelMeasuresSequence", "PixelSpacing", 2) or _numbers(dataset, "ImagerPixelSpacing", 2)
    two = (directions[0], directions[1]) if len(directions) == 2 else None
    return Header(
        patient_id=_text(dataset, "PatientID"),
        issuer=_issuer(dataset),
        born=_day(_text(dataset, "PatientBirthDate")),
        study=_text(dataset, "StudyInstanceUID"),
        series=_text(dataset, "SeriesInstanceUID"),
        instance=_text(dataset, "SOPInstanceUID"),
        sop_class=_text(dataset, "SOPClassUID"),
        modality=_text(dataset, "Modality").upper(),
        body_part=_text(dataset, "BodyPartExamined") or _meaning(dataset, "AnatomicRegionSequence"),
        view=_view(dataset, two),
        laterality=_SIDES.get((_text(dataset, "ImageLaterality") or _text(dataset, "Laterality")).upper()),
        taken=_taken(dataset),
        number=_whole(dataset, "InstanceNumber"),
        frames=_whole(dataset, "NumberOfFrames") or 1,
        width=_whole(dataset, "Columns") or 0,
        height=_whole(dataset, "Rows") or 0,
        studied=_day(_text(dataset, "StudyDate")),
        spacing=(spacing[0], spacing[1]) if spacing else None,
        aspect=_aspect(spacing or _numbers(dataset, "PixelAspectRatio", 2)),
        overlays=sum(tag in dataset for tag in OVERLAYS),
        position=(position[0], position[1], position[2]) if position else None,
        axes=axes,
        directions=two,
        kind=tuple(str(one).upper() for one in _many(dataset, "ImageType")),
        burned_in=_burned(dataset),
    )


def _burned(dataset: Dataset) -> Burned:
    said = _text(dataset, "BurnedInAnnotation").upper()
    return "no" if said == "NO" else "yes" if said == "YES" else "unstated"


def _view(dataset: Dataset, directions: tuple[str, str] | None) -> View | None:
    said = _text(dataset, "ViewPosition").upper() or _spoken_view(_meaning(dataset, "ViewCodeSequence"))
    if said in ("PA", "AP"):
        return "PA" if said == "PA" else "AP"
    if said:
        return _VIEWS.get(said, "other")
    if directions is None:
        return None
    across = directions[0][:1]
    return "frontal" if across in ("L", "R") else "lateral" if across in ("A", "P") else None


def _spoken_view(meaning: str) -> str:
    words = re.sub(r"[^a-z]", "", meaning.lower())
    for start, view in (("posteroanterior", "PA"), ("anteroposterior", "AP"), ("leftlateral", "LL")):
        if words.startswith(start):
            return view
    return "RL" if words.startswith("rightlateral") else "LATERAL" if words.startswith("lateral") else meaning.upper()


def _issuer(dataset: Dataset) -> str:
    for one in _many(dataset, "IssuerOfPatientIDQualifiersSequence"):
        return _text(one, "UniversalEntityID")
    return ""


def _meaning(dataset: Dataset, name: str) -> str:
    for one in _many(dataset, name):
        return _text(one, "CodeMeaning")
    return ""


def _taken(dataset: Dataset) -> str:
    """The moment of acquisition, else the study's: each date with its own time and no other's.

    When a picture was processed, sent or looked at (Content, Series) says nothing of the patient's day.
    """
    whole = _text(dataset, "AcquisitionDateTime")
    if day := _day(whole):
        return day + _clock(whole[8:])
    for stem in ("Acquisition", "Study"):
        if day := _day(_text(dataset, f"{stem}Date")):
            return day + _clock(_text(dataset, f"{stem}Time"))
    return ""


def _aspect(pixel: tuple[float, ...] | None) -> float:
    height, width = pixel or (1.0, 1.0)
    found = height / width if height > 0 and width > 0 else 1.0
    return found if 1 / _MOST_UNEVEN <= found <= _MOST_UNEVEN else 1.0


def _day(text: str) -> str:
    found = _DATE.match(text)
    return "-".join(found.groups()) if found else ""


def _clock(text: str) -> str:
    found = _TIME.match(text)
    return "T" + ":".join(part or "00" for part in found.groups()) if found else ""


def _text(dataset: Dataset, name: str) -> str:
    value = dataset.get(name)
    if value is None or isinstance(value, (list, tuple)):
        return ""
    return str(value).strip().strip("\0").strip()


def _many(dataset: Dataset, name: str) -> list[Any]:
    value = dataset.get(name)
    if value is None or value == "":
        return []
    return list(value) if not isinstance(value, (str, bytes, int, float)) else [value]


def _numbers(dataset: Dataset, name: str, count: int) -> tuple[float, ...] | None:
    try:
        found = tuple(float(one) for one in _many(dataset, name))
    except (TypeError, ValueError):
        return None
    return found if len(found) == count else None


def _placed(dataset: Dataset, group: str, name: str, count: int) -> tuple[float, ...] | None:
    """At the top of the file, else in a functional group, of the first frame where they differ."""
    if (found := _numbers(dataset, name, count)) is not None:
        return found
    from tools.imaging.functional_groups import functional_group  # pydicom comes with the extra `imaging` alone

    said = functional_group(dataset, 1, group)
    return None if said is None else _numbers(said, name, count)


def _whole(dataset: Dataset, name: str) -> int | None:
    try:
        return int(float(_text(dataset, name)))
    except (ValueError, OverflowError):
        return None
