"""A whole slide drawn by code: glass with blots of tissue, tiled, at several magnifications, with its label."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pydicom import Dataset
from pydicom.uid import generate_uid

from tests.unit.imaging.pictures import dataset, written

TILE = 128
GLASS = (242, 242, 242)
TISSUE = (190, 90, 160)


def glass(width: int, height: int, blots: list[tuple[int, int, int]]) -> Any:
    """Glass with round blots: column, row and radius."""
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.empty((height, width, 3), dtype=np.uint8)
    pixels[:] = GLASS
    for column, row, radius in blots:
        pixels[(x - column) ** 2 + (y - row) ** 2 <= radius**2] = TISSUE
    return pixels


def slide(folder: Path, pixels: Any, levels: int = 2, **said: Any) -> list[Path]:
    """The files of one slide, each level half of the one before; and its label."""
    study, series, frame_of_reference = (generate_uid(entropy_srcs=["slide", name]) for name in ("s", "t", "f"))
    common = {"StudyInstanceUID": study, "SeriesInstanceUID": series, "FrameOfReferenceUID": frame_of_reference} | said
    made = []
    for level in range(levels):
        step = 2**level
        made.append(_level(pixels[::step, ::step], level, step, common))
    label = _level(pixels[:TILE, :TILE], 9, 1, common)
    label.ImageType = ["ORIGINAL", "PRIMARY", "LABEL", "NONE"]
    label.BurnedInAnnotation = "YES"
    paths = []
    for number, one in enumerate([*made, label]):
        path = folder / f"slide-{number}.dcm"
        path.write_bytes(written(one))
        paths.append(path)
    return paths


def _level(pixels: Any, level: int, step: int, common: dict[str, Any]) -> Dataset:
    height, width = pixels.shape[:2]
    down, across = -(-height // TILE), -(-width // TILE)
    full = np.zeros((down * TILE, across * TILE, 3), dtype=np.uint8)
    full[:height, :width] = pixels
    tiles = full.reshape(down, TILE, across, TILE, 3).swapaxes(1, 2).reshape(-1, TILE, TILE, 3)
    spacing = Dataset()
    spacing.PixelSpacing, spacing.SliceThickness = [0.0005 * step, 0.0005 * step], 0.001
    shared, path, origin, colour = Dataset(), Dataset(), Dataset(), Dataset()
    shared.PixelMeasuresSequence = [spacing]
    colour.CodeValue, colour.CodingSchemeDesignator, colour.CodeMeaning = "111744", "DCM", "Brightfield illumination"
    path.OpticalPathIdentifier, path.IlluminationTypeCodeSequence = "1", [colour]
    origin.XOffsetInSlideCoordinateSystem, origin.YOffsetInSlideCoordinateSystem = 0, 0
    return dataset(
        tiles,
        **{
            "SOPClassUID": "1.2.840.10008.5.1.4.1.1.77.1.6",
            "SOPInstanceUID": generate_uid(entropy_srcs=["slide", str(level)]),
            "Modality": "SM",
            "ImageType": ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"],
            "SamplesPerPixel": 3,
            "PlanarConfiguration": 0,
            "PhotometricInterpretation": "RGB",
            "Rows": TILE,
            "Columns": TILE,
            "NumberOfFrames": len(tiles),
            "TotalPixelMatrixRows": height,
            "TotalPixelMatrixColumns": width,
            "TotalPixelMatrixFocalPlanes": 1,
            "NumberOfOpticalPaths": 1,
            "OpticalPathSequence": [path],
            "TotalPixelMatrixOriginSequence": [origin],
            "SharedFunctionalGroupsSequence": [shared],
            "DimensionOrganizationType": "TILED_FULL",
            "ImagedVolumeWidth": width * 0.0005 * step,
            "ImagedVolumeHeight": height * 0.0005 * step,
            "ImagedVolumeDepth": 0.001,
            "ImageOrientationSlide": [0, 1, 0, 1, 0, 0],
            "FocusMethod": "AUTO",
            "ExtendedDepthOfField": "NO",
            "SpecimenLabelInImage": "NO",
            "VolumetricProperties": "VOLUME",
            "ContainerIdentifier": "c",
            "ViewPosition": None,
            **common,
        },
    )
