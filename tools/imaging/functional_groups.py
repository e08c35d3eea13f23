"""Functional groups: where an enhanced file says what older ones say at their top (PS3.3, C.7.6.16)."""

from __future__ import annotations

from pydicom import Dataset


def functional_group(dataset: Dataset, frame: int, name: str) -> Dataset | None:
    """What this frame (from 1) says of itself, in a group such as `PixelMeasuresSequence`, else what all share."""
    of_frames = dataset.get("PerFrameFunctionalGroupsSequence") or ()
    for item in (*of_frames[frame - 1 : frame], *(dataset.get("SharedFunctionalGroupsSequence") or ())):
        for group in (item.get(name) if isinstance(item, Dataset) else None) or ():
            return group if isinstance(group, Dataset) else None
    return None
