"""A scenario is played step by step in the browser, with the real queue and items beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import accessible, fits, served

pytestmark = pytest.mark.browser


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """The address of `preround demo --scenario stale-chart`; overrides the shared one."""
    with served(tmp_path / "home", tmp_path / "log", "demo", "--scenario", "stale-chart") as found:
        yield found


@pytest.mark.parametrize(
    "page", [{"viewport": {"width": 390, "height": 844}, "java_script_enabled": True}], indirect=True
)
def test_each_click_plays_one_step(page: Page, tmp_path: Path) -> None:
    page.goto("/scenario")
    expect(page.get_by_role("heading", name="The chart changes before the signature")).to_be_visible()
    accessible(page)
    page.get_by_role("button", name="Play step 1").click()
    expect(page.get_by_text("The round is awaiting review, tier 1.")).to_be_visible()
    page.get_by_role("link", name="Open the item of step 1").click()
    expect(page.get_by_role("heading", name="Act on / verify first")).to_be_visible()
    page.go_back()
    page.get_by_role("button", name="Play step 2").click()
    page.get_by_role("button", name="Play step 3").click()
    expect(page.get_by_text("Refused: The chart changed since this was drafted")).to_be_visible()
    page.get_by_role("button", name="Play step 4").click()
    expect(page.get_by_text("Written: Composition.")).to_be_visible()
    expect(page.get_by_text("All came as the scenario says.")).to_be_visible()
    expect(page.get_by_role("main").get_by_role("button")).to_have_count(0)
    accessible(page)
    fits(page)
    page.goto("/")
    expect(page.get_by_text("Nothing waits for a decision")).to_be_visible()
    assert not (tmp_path / "home").exists(), "the visitor's own state is not touched"
