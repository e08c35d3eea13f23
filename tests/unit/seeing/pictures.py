"""Pictures as they are sent, without a file behind them."""

from __future__ import annotations

import hashlib
import io

from PIL import Image

from tools.imaging.fit import Fit
from tools.imaging.header import Header, View
from tools.imaging.sent import Sent


def sent(
    *,
    width: int = 896,
    height: int = 896,
    view: View | None = "PA",
    taken: str = "2026-11-01",
    label: str = "",
    grey: int = 90,
) -> Sent:
    """One grey picture in its square."""
    made = io.BytesIO()
    Image.new("L", (896, 896), grey).save(made, "PNG")
    png = made.getvalue()
    return Sent(
        png=png,
        sha256=hashlib.sha256(png).hexdigest(),
        fit=Fit.of(width, height),
        label=label,
        source="0" * 64,
        frame=1,
        shown_by="window 40/400",
        turned="",
        header=Header(view=view, taken=taken, modality="DX", body_part="CHEST"),
    )
