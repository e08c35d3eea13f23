"""Pictures and DICOM files made for a test."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from tools.imaging.header import Header
from tools.imaging.picture import Picture
from tools.imaging.whose import Known, Owner

OWNER = Owner(known=(Known(system="urn:oid:1.2.3", value="FILM-1"),), born="1960-05-04")
"""Whose the films are."""


def picture(pixels: Any, **said: Any) -> Picture:
    """A decoded picture; `said` goes into its header."""
    height, width = pixels.shape[:2]
    header = Header(width=width, height=height, **said)
    return Picture(pixels=pixels, header=header, frame=1, shown_by="as stored", turned="", sha256="0" * 64)


def film(pixels: Any = None, **said: Any) -> bytes:
    """A DICOM chest film of 16 bits; `said` sets or, with None, takes out attributes."""
    return written(dataset(pixels, **said))


def dataset(pixels: Any = None, **said: Any) -> Dataset:
    """The dataset of `film`."""
    if pixels is None:
        rows, columns = np.mgrid[0:480, 0:512]
        pixels = (rows * 5 + columns * 2).astype(np.uint16)
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.SOPClassUID = "1.2.840.10008.5.1.4.1.1.1.1"
    made.SOPInstanceUID = generate_uid(entropy_srcs=["instance"])
    made.StudyInstanceUID = generate_uid(entropy_srcs=["study"])
    made.SeriesInstanceUID = generate_uid(entropy_srcs=["series"])
    made.PatientID, made.PatientName, made.PatientBirthDate = "FILM-1", "Testpatient^Nobody", "19600504"
    made.Modality, made.BodyPartExamined, made.ViewPosition = "DX", "CHEST", "PA"
    made.BurnedInAnnotation = "NO"
    made.StudyDate, made.StudyTime = "20260102", "0911"
    made.Rows, made.Columns = pixels.shape[-2:] if pixels.ndim < 4 else pixels.shape[1:3]
    if pixels.ndim > 2:
        made.NumberOfFrames = len(pixels)
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated = made.BitsStored = pixels.dtype.itemsize * 8
    made.HighBit, made.PixelRepresentation = made.BitsStored - 1, int(pixels.dtype.kind == "i")
    made.PixelData = pixels.tobytes()
    for name, value in said.items():
        if value is None:
            delattr(made, name)
        else:
            setattr(made, name, value)
    return made


def written(made: Dataset) -> bytes:
    """The bytes of a dataset as a file."""
    target = io.BytesIO()
    made.save_as(target, implicit_vr=False, little_endian=True, enforce_file_format=True)
    return target.getvalue()
