"""A study as an archive names it when it is asked what there is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydicom import Dataset

from tools.imaging.header import Header, header_of


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundStudy:
    """One study that the archive has."""

    header: Header
    """What is said of the study as a whole."""
    modalities: tuple[str, ...]
    """Those of its series."""
    instances: int | None
    """How many pictures; None where the archive does not say."""


def found_study(dataset: Dataset) -> FoundStudy:
    """The study of one answer of QIDO-RS."""
    return FoundStudy(
        header=header_of(dataset),
        modalities=_listed(dataset.get("ModalitiesInStudy")),
        instances=_count(dataset.get("NumberOfStudyRelatedInstances")),
    )


def _listed(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - a string or pydicom's list of them
    if value is None or value == "":
        return ()
    return (value,) if isinstance(value, str) else tuple(str(one) for one in value)


def _count(value: Any) -> int | None:  # noqa: ANN401 - pydicom's integer string, or nothing
    return int(value) if isinstance(value, int) else None
