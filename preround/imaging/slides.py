"""A whole slide as it is read in a round: the patches that fit into the model's context, ready to be sent."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from preround.imaging.source import Patches, Source
from tools.imaging.errors import SlideUnusable
from tools.imaging.handing import Where, handed, may_go
from tools.imaging.header import Header
from tools.imaging.patch import Patch
from tools.imaging.sent import Sent
from tools.imaging.slide import MOST_PATCHES
from tools.imaging.whose import Owner


async def slide_sent(
    source: Source, headers: Sequence[Header], owner: Owner, *, where: Where, most: int
) -> tuple[tuple[Sent, ...], list[str]]:
    """The patches of one slide, and what a reader should know of them.

    Args:
        source: has the files.
        headers: of the slide's series; its label and the photograph of the glass are not even fetched.
        owner: the round's patient.
        where: where the model runs.
        most: pictures that fit into its context.

    Raises:
        ImagingError: it can't be had, or read.
    """
    volume = [one for one in headers if "VOLUME" in one.kind]
    if not volume:
        raise SlideUnusable
    for one in volume:
        may_go(one, where)
    patches = await source.slide(volume, owner, min(MOST_PATCHES, max(1, most)))
    return await asyncio.to_thread(_sent, patches, where)


def _sent(patches: Patches, where: Where) -> tuple[tuple[Sent, ...], list[str]]:
    sent: list[Sent] = []
    patch: Patch | None = None
    for patch, picture in patches():
        sent.append(handed(picture, to=where, label=patch.label))
    notes = [_said(len(sent), patch)] if patch else []
    return tuple(sent), [*notes, "A slide is compared with no earlier one."]


def _said(count: int, patch: Patch) -> str:
    """How much of the tissue was looked at, and how finely."""
    fine = f"{patch.microns:.2f} micrometres a pixel" if patch.microns else "a magnification that is not said"
    coarser = f", {patch.downsampling:.0f} times coarser than its finest" if patch.downsampling > 1 else ""
    return f"{count} of the slide's {patch.of} patches with tissue were looked at, at {fine}{coarser}."
