"""The page of patterns in a browser: accessible on a desk and a phone, served beside invented patients alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from preround.web.patterns import PatternsPage
from tests.browser.conftest import accessible, fits
from tests.browser.serving import serving
from tests.visiting import WITH_KEY

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server as `preround demo` starts it, without its patients."""
    with serving(tmp_path_factory.mktemp("patterns") / "home", PatternsPage().router) as found:
        yield found


@pytest.mark.parametrize(
    "page", [{}, {"viewport": {"width": 390, "height": 844}}], indirect=True, ids=["desk", "phone"]
)
def test_every_state_of_every_pattern_is_accessible_and_fits(page: Page) -> None:
    page.goto("/patterns")
    expect(page.get_by_role("heading", level=1)).to_have_text("Patterns")
    accessible(page)
    fits(page)
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    accessible(page)
    fits(page)


def test_nobody_sees_it_who_has_not_come_in_and_a_ward_has_none(site: str, tmp_path: Path) -> None:
    stranger = httpx.get(f"{site}/patterns", timeout=60)
    assert stranger.status_code == 401
    assert "Patterns" not in stranger.text
    with serving(tmp_path / "home") as ward:
        for path in ("/patterns", "/patterns/pictures/1"):
            assert httpx.get(f"{ward}{path}", headers=WITH_KEY, timeout=60).status_code == 404
