"""What doctor says of reading pictures: off, on, and what is wrong with the archive or the model."""

from __future__ import annotations

import asyncio

from preround.commands.doctor import Check, _imaging
from preround.imaging.door import ON
from preround.imaging.site import Imaging
from preround.settings import Settings


def checks(**given: object) -> dict[str, Check]:
    settings = Settings(imaging=Imaging.model_validate(given))
    return {one.name: one for one in asyncio.run(_imaging(settings))}


def test_it_is_off_and_says_so() -> None:
    (one,) = checks().values()
    assert one.ok
    assert one.detail.startswith("off")


def test_it_is_on_and_what_is_away_is_named() -> None:
    found = checks(enabled=True, archive="http://127.0.0.1:9/dicom-web", model_url="http://127.0.0.1:9/v1")
    assert found["imaging"].ok
    assert ON in found["imaging"].detail
    assert not found["imaging archive"].ok
    assert "could not be reached" in found["imaging archive"].detail
    assert not found["imaging model"].ok


def test_a_model_that_does_not_see_is_a_fault() -> None:
    found = checks(enabled=True, model="medasr")
    assert not found["imaging"].ok
    assert "does not see" in found["imaging"].detail
