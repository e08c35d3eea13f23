"""Take the pictures of `docs/screenshots` again: `python -m tests.browser.screenshots docs/screenshots`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, sync_playwright

from preround.subscriptions.site import SubscriptionSite
from tests.browser.conftest import ARGS, chromium
from tests.browser.serving import serving
from tests.browser.ward import drafted_for, namesakes, patient
from tests.integration.happening import admission
from tests.visiting import WITH_KEY

STORIES = ("diabetes-ckd", "pregnancy", "child-asthma")
AURORA = "TESTPATIENT, Aurora"
DESK, PHONE = ViewportSize(width=1200, height=760), ViewportSize(width=390, height=760)


def main(folder: Path) -> None:
    """All of them, of invented patients."""
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        drafted_for(Path(home), *map(patient, STORIES), *namesakes("overdue-screening", "Delta", "Fir", "Rowan"))
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(ARGS))
        watching = SubscriptionSite(enabled=True, poll_seconds=0)
        with serving(Path(home), subscriptions=watching) as site:
            for size, take in ((DESK, desk), (PHONE, phone)):
                context = browser.new_context(
                    base_url=site, extra_http_headers=WITH_KEY, viewport=size, reduced_motion="reduce"
                )
                take(context.new_page(), folder)
                context.close()
        browser.close()


def desk(page: Page, folder: Path) -> None:
    """The queue, an item, a source beside it, a form, a receipt, and the pages of those who run it."""

    def keep(name: str) -> None:
        page.screenshot(path=folder / f"{name}.png")

    page.goto("/")
    keep("queue")
    page.get_by_role("link", name=AURORA).click()
    page.wait_for_selector(".first")
    keep("item")
    page.locator(".first .refs a").first.click()
    page.wait_for_selector("#beside:not([hidden]) mark#cited")
    keep("source")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Edit entry 3").click()
    page.wait_for_selector(".field.short")
    keep("edit")
    page.go_back()
    page.get_by_label("Your name").fill("Ada Nowak")
    page.get_by_role("radio", name="Approve only the entries ticked").check()
    page.locator("#tick-1").check()
    page.get_by_role("button", name="Record the decision").click()
    page.wait_for_selector(".receipts")
    keep("receipt")
    page.goto("/rollout")
    keep("rollout")
    page.goto("/watching")
    page.get_by_role("button", name="Subscribe: admission").click()
    stay = admission("admitted", f"Patient/{patient(STORIES[0]).patient_id}")
    assert page.request.put("/fhir/Encounter/admitted", data=stay).status == 201
    for _ in range(20):
        page.wait_for_timeout(500)
        page.goto("/watching?")
        if page.get_by_text("1 waits").count():
            break
    keep("watching")
    page.goto("/quality")
    keep("quality")


def phone(page: Page, folder: Path) -> None:
    """An item on a phone."""
    page.goto("/")
    page.get_by_role("link", name="TESTPATIENT, Fir").click()
    page.wait_for_selector(".first")
    page.screenshot(path=folder / "phone.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
