"""Every page of the reference, by its path under `docs/`."""

from __future__ import annotations

from collections.abc import Mapping

from preround.reference import cards
from preround.reference.command_page import command_page
from preround.reference.http_page import http_page
from preround.reference.schema_page import schema_page
from preround.reference.settings_page import settings_page


async def pages() -> Mapping[str, str]:
    """Path and text of each generated page."""
    return {
        "reference/cli.md": command_page(),
        "reference/settings.md": settings_page(),
        "reference/schemas.md": schema_page(),
        "reference/http.md": await http_page(),
        **cards.cards(),
    }
