"""A story's pictures as DICOM files: the phantom's pixels under the tags that the story's chart points at."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from fhir_fixtures.film import Film, uid
from fhir_fixtures.imaging import description, sop_class
from fhir_fixtures.moment import with_offset
from fhir_fixtures.phantom import CT_MM, CT_SIDE, CT_STEP, MM, chest, chest_slices
from fhir_fixtures.story import Story

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SEXES = {"female": "F", "male": "M"}


def pictures_of(story: Story, film: Film, *, repeat: int = 1) -> Iterator[bytes]:
    """The DICOM files of one study, one at a time: a film is one, a stack one a slice.

    Args:
        story: whose.
        film: the study.
        repeat: how often each pixel of a slice is repeated across and down, for slices as large as a scanner's.
    """
    if film.of == "chest-film":
        yield film_of(story, film, chest(film)[0])
        return
    for number, values in enumerate(chest_slices(film), start=1):
        yield _file(_slice(story, film, number, values.repeat(repeat, axis=0).repeat(repeat, axis=1)))


def film_of(story: Story, film: Film, values: NDArray[np.uint16]) -> bytes:
    """A film's DICOM file.

    Args:
        story: whose.
        film: the study.
        values: of 12 bits, dense is high.
    """
    return _file(_chest_film(story, film, values))


def write_pictures(story: Story, folder: Path) -> list[Path]:
    """Write all DICOM files of a story into a folder that is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for film in story.films:
        for number, body in enumerate(pictures_of(story, film), start=1):
            target = folder / f"{story.story}-{film.at[:10]}-{film.of}-{number:03}.dcm"
            target.write_bytes(body)
            written.append(target)
    return written


def _chest_film(story: Story, film: Film, values: NDArray[np.uint16]) -> Dataset:
    made = _dataset(story, film, 1, values)
    made.BodyPartExamined, made.ViewPosition = "CHEST", film.view
    made.PatientOrientation = ["L", "F"]
    made.ImagerPixelSpacing = [MM, MM]
    made.BitsStored, made.HighBit = 12, 11
    made.WindowCenter, made.WindowWidth = 2048, 4096
    if film.modality == "CR":
        made.PhotometricInterpretation, made.PresentationLUTShape = "MONOCHROME1", "INVERSE"
        made.PixelData = (4095 - values).astype("<u2").tobytes()
    return made


def _slice(story: Story, film: Film, number: int, values: NDArray[np.int16]) -> Dataset:
    made = _dataset(story, film, number, values + np.int16(1024))
    made.BodyPartExamined = "CHEST"
    made.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    half = -CT_SIDE * CT_MM / 2
    made.ImagePositionPatient = [half, half, number * CT_STEP]
    made.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    made.PixelSpacing, made.SliceThickness = [CT_MM * CT_SIDE / len(values)] * 2, CT_STEP
    made.FrameOfReferenceUID = uid(story.story, film, "frame of reference")
    made.RescaleSlope, made.RescaleIntercept, made.RescaleType = 1, -1024, "HU"
    made.WindowCenter, made.WindowWidth = [40, -600], [400, 1500]
    return made


def _dataset(story: Story, film: Film, number: int, values: NDArray[Any]) -> Dataset:
    """What all pictures say."""
    taken = with_offset(film.at, story.offset)
    day, clock = taken[:10].replace("-", ""), taken[11:19].replace(":", "")
    made = Dataset()
    made.SOPClassUID, made.SOPInstanceUID = sop_class(film), uid(story.story, film, str(number))
    made.StudyInstanceUID, made.SeriesInstanceUID = uid(story.story, film, "study"), uid(story.story, film, "series")
    last, _, given = story.patient.name.partition(", ")
    made.PatientID, made.PatientName = story.patient.mrn, f"{last}^{given}"
    made.PatientBirthDate = story.patient.born.replace("-", "") if len(story.patient.born) == 10 else ""
    made.PatientSex = _SEXES.get(story.patient.sex, "O")
    made.Modality, made.StudyDescription = film.modality, description(film)
    made.ImageType = ["ORIGINAL", "PRIMARY"]
    for stem in ("Study", "Series", "Content", "Acquisition"):
        setattr(made, f"{stem}Date", day)
        setattr(made, f"{stem}Time", clock)
    made.AccessionNumber, made.StudyID, made.SeriesNumber, made.InstanceNumber = "", "1", 1, number
    made.BurnedInAnnotation = "NO"
    made.Rows, made.Columns = values.shape
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated, made.BitsStored, made.HighBit = 16, 16, 15
    made.PixelRepresentation = int(values.dtype.kind == "i")
    made.PixelData = values.astype(values.dtype.newbyteorder("<")).tobytes()
    return made


def _file(made: Dataset) -> bytes:
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    target = io.BytesIO()
    made.save_as(target, enforce_file_format=True)
    return target.getvalue()
