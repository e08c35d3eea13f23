"""What a chart or a person says of a picture that does not say it itself; what the picture says always counts first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from preround.failure import Unusable
from tools.imaging.gate import table
from tools.imaging.header import Header, View
from tools.imaging.prior import FAMILIES
from tools.imaging.worded import VIEWS, Worded, modality_in, same, view_in


@dataclass(frozen=True, kw_only=True, slots=True)
class Supplied:
    """What is said of a picture, and by whom."""

    by: str
    """A resource such as `Media/7`; empty for whoever asked."""
    said: Worded
    """What is said."""

    def over(self, header: Header) -> tuple[Header, tuple[str, ...]]:
        """The header with what it does not say itself, and a line about that.

        Raises:
            Unusable: somebody says by hand what is said otherwise already.
        """
        if not self.by:
            _against(header, self.said)
        found = self.said.over(header)
        added = [
            f"{name} {new}"
            for name, old, new in (
                ("modality", header.modality, found.modality),
                ("body part", header.body_part, found.body_part),
                ("view", header.view, found.view),
                ("side", header.laterality, found.laterality),
                ("day", header.taken, found.taken[:10]),
            )
            if new and not old
        ]
        who = f"By {self.by}" if self.by else "By whoever asked"
        return found, (f"{who}, not by the picture itself: {', '.join(added)}.",) if added else ()


def by_hand(*, modality: str = "", body_part: str = "", view: str = "", taken: str = "") -> Worded | None:
    """What a person says of a picture, in words that are known here; None where he says nothing.

    Args:
        modality: a DICOM modality, or words such as `x-ray`.
        body_part: such as `chest`.
        view: such as `PA`.
        taken: a date.

    Raises:
        Unusable: one of them is not known; the sentence says which are.
    """
    made = modality_in(modality)
    if modality and not made:
        raise Unusable(f"{modality} is no modality that is known here; write a DICOM code such as DX, CT, XC or OP")
    if body_part and not same(body_part, body_part):
        parts = ", ".join(sorted(table().body_parts))
        raise Unusable(f"{body_part} is no body part that is known here; write one of {parts}")
    if not (modality or body_part or view or taken):
        return None
    return Worded(modality=made, body_part=body_part, view=_view(view), taken=_day(taken))


def _view(words: str) -> View | None:
    found = view_in(words) if words else None
    if words and found not in VIEWS:
        raise Unusable(f"{words} is no view that is known here; write one of {', '.join(VIEWS)}")
    return found


def _day(words: str) -> str:
    try:
        return date.fromisoformat(words).isoformat() if words else ""
    except ValueError:
        raise Unusable(f"{words} is not a date; write it like 2026-03-01") from None


def _against(header: Header, said: Worded) -> None:
    """Nobody overrules what a picture or the chart says of it."""
    pairs = (
        ("modality", header.modality, said.modality, _kind(header.modality) == _kind(said.modality)),
        ("body-part", header.body_part, said.body_part, same(header.body_part, said.body_part)),
        ("view", header.view, said.view, header.view == said.view),
        ("taken", header.taken[:10], said.taken, header.taken[:10] == said.taken),
    )
    for option, there, given, agree in pairs:
        if there and given and not agree:
            raise Unusable(f"The picture is said to be of {option} {there}, not {given}; leave --{option} out")


def _kind(modality: str) -> str:
    return FAMILIES.get(modality, modality)
