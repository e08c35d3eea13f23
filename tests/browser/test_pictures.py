"""A reading of pictures in a browser: both films side by side, boxes with words, sliders where scripts run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from preround.doing import rounds
from preround.imaging.looking import look
from preround.imaging.site import Imaging
from tests.browser.conftest import accessible
from tests.browser.serving import apart, serving
from tests.dicomweb import Shelf
from tests.integration.films import answer, files, finding, opened, order, room
from tests.visiting import WITH_KEY

SAID = answer(
    finding(finding="opacity", change="better", box_2d=[520, 130, 700, 400], words="fading shadow at the right base"),
    finding(state="absent", change="resolved", box_2d=[], words="sharp angle"),
    finding(
        finding="line or tube", change="new", box_2d=[100, 380, 560, 470], words="line ending over the mediastinum"
    ),
)


async def _drafted(folder: Path) -> str:
    async with opened(folder) as house:
        run = await look(house, room(SAID, shelf=Shelf(files=list(files(0, 2))))[0], order())
        return rounds.item_of_run(house, run.run_id)


@pytest.fixture(scope="module")
def item(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an item with two films."""
    folder = tmp_path_factory.mktemp("pictures")
    found = apart(_drafted(folder))
    with serving(folder / "home", imaging=Imaging(enabled=True)) as site:
        yield f"{site}/items/{found}"


@pytest.mark.browser
def test_films_side_by_side_with_sliders(item: str, browser: Browser) -> None:
    page = browser.new_page(extra_http_headers=WITH_KEY, viewport={"width": 1280, "height": 1400})
    errors: list[str] = []
    page.on("console", lambda one: errors.append(one.text) if one.type == "error" else None)
    loaded: list[str] = []
    page.on("response", lambda one: loaded.append(one.url) if one.headers.get("content-type") == "image/png" else None)
    page.goto(item)
    page.wait_for_load_state("networkidle")
    films = page.locator("figure.picture svg")
    assert films.count() == 2
    left, right = (films.nth(n).bounding_box() for n in range(2))
    assert left is not None
    assert right is not None
    assert left["y"] == right["y"]
    assert left["x"] + left["width"] <= right["x"]
    assert "Right opacity (better), in the" in (films.nth(1).get_attribute("aria-label") or "")
    assert page.locator("figure.picture .boxes rect").count() == 2
    assert sorted(one.split("/")[-1] for one in loaded) == ["1", "2"]
    if screenshots := os.environ.get("TEST_SCREENSHOTS"):
        page.screenshot(path=Path(screenshots) / "pictures.png", full_page=True)
    current = page.locator("figure.picture").nth(1)
    current.get_by_label("Zoom").fill("4")
    current.get_by_label("Window width").fill("100")
    assert films.nth(1).get_attribute("viewBox") == "336 336 224 224"
    assert current.locator("feFuncR").get_attribute("slope") == "2.55"
    current.get_by_role("checkbox", name="Boxes").uncheck()
    assert not current.locator(".boxes rect").first.is_visible()
    current.get_by_role("button", name="As it was").click()
    assert films.nth(1).get_attribute("viewBox") == "0 0 896 896"
    accessible(page)
    assert errors == []
    page.close()


@pytest.mark.browser
def test_without_scripts_nothing_is_missing(item: str, browser: Browser) -> None:
    context = browser.new_context(extra_http_headers=WITH_KEY, java_script_enabled=False)
    page = context.new_page()
    page.goto(item)
    assert page.locator("figure.picture svg").count() == 2
    assert page.locator("fieldset.looking").count() == 0
    assert page.get_by_text("Right opacity (better)").first.is_visible()
    context.close()
