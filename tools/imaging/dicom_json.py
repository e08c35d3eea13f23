"""What an archive says of its pictures in DICOM JSON (PS3.18, F), as far as a header is made of it."""

from __future__ import annotations

import contextlib
import json
import warnings
from typing import Any

from pydicom import Dataset
from pydicom.datadict import tag_for_keyword

from tools.imaging.errors import ArchiveGarbled
from tools.imaging.header import OVERLAYS, TAGS

_TAGS = frozenset(f"{tag:08X}" for tag in (*(tag_for_keyword(name) for name in TAGS), *OVERLAYS))


def datasets_of(body: bytes) -> list[Dataset]:
    """The datasets of an answer, each with the attributes that a header needs and no others.

    Raises:
        ArchiveGarbled: it is no list of datasets, or one does not name its study.
    """
    found = [_dataset(one) for one in _listed(body)]
    if any("StudyInstanceUID" not in one for one in found):
        raise ArchiveGarbled
    return found


def whole_datasets_of(body: bytes) -> list[Dataset]:
    """The datasets of an answer with everything in them; what the archive keeps apart as bulk is empty.

    Raises:
        ArchiveGarbled: it is no list of datasets.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return [Dataset.from_json(one, bulk_data_uri_handler=lambda uri: b"") for one in _listed(body)]
        except ArchiveGarbled:
            raise
        except Exception:  # what pydicom raises on hostile JSON is not to be listed
            raise ArchiveGarbled from None


def _listed(body: bytes) -> list[Any]:
    try:
        listed = json.loads(body)
    except ValueError:
        raise ArchiveGarbled from None
    if not isinstance(listed, list):
        raise ArchiveGarbled
    return listed


def _dataset(said: Any) -> Dataset:  # noqa: ANN401 - any JSON value
    """What a header is made of; an attribute that is not as it should be is left out, and so is everything else."""
    if not isinstance(said, dict):
        raise ArchiveGarbled
    found = Dataset()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for tag in _TAGS & said.keys():
            # What pydicom raises on hostile JSON is not to be listed.
            with contextlib.suppress(Exception):
                found.update(Dataset.from_json({tag: said[tag]}))
    return found
