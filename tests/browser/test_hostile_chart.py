"""Two hundred scripts in names, codes, narratives and notes: none runs, though the browser is told to allow all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.hostile import PAYLOADS, hostile
from tests.browser.serving import serving
from tests.browser.ward import drafted_for
from tests.visiting import WITH_KEY

pytestmark = pytest.mark.browser

MOST_SOURCES = 24
LAID_OUT = """all => [...new Set(all.filter(one => /^(DocumentReference|Condition|Source \\d+: DocumentReference)/.test(
  one.getAttribute("aria-label") || one.textContent)).map(one => one.getAttribute("href").split("#")[0]))]"""
ACTING = "all => all.filter(one => one.attributes.length > (one.className === 'heading')).map(one => one.outerHTML)"
READ = """document.documentElement.textContent
  + [...document.querySelectorAll("textarea, input")].map((one) => one.value).join()"""


@pytest.fixture(scope="module")
def site(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("hostile")
    drafted_for(home, hostile())
    with serving(home) as found:
        yield found


@pytest.fixture
def naive(browser: Browser, site: str) -> Iterator[Page]:
    """A browser that ignores the content policy, so that nothing but the page's own markup holds a script back."""
    context = browser.new_context(base_url=site, extra_http_headers=WITH_KEY, bypass_csp=True)
    context.add_init_script("window.ran = window.ran || []")
    page = context.new_page()
    page.on("dialog", lambda dialog: dialog.dismiss())
    yield page
    context.close()


def test_the_trap_would_shut(naive: Page) -> None:
    naive.goto("/")
    naive.set_content(f"<main>{PAYLOADS[0]}{PAYLOADS[11]}</main>")
    naive.wait_for_function("ran.length > 1")


def test_two_hundred_scripts_and_none_runs(naive: Page) -> None:
    assert len(set(PAYLOADS)) == 200
    seen = ""
    naive.goto("/")
    item = naive.locator("tbody th a").first.get_attribute("href")
    naive.goto(f"{item}")
    links = naive.eval_on_selector_all("a[href*='/sources/']", "all => all.map(one => one.getAttribute('href'))")
    edits = naive.eval_on_selector_all("a[href*='/entries/']", "all => all.map(one => one.getAttribute('href'))")
    sources = sorted({link.partition("?")[0].partition("#")[0] for link in links})
    step = max(1, len(sources) // MOST_SOURCES)
    # A condition's source has a narrative, and one note is HTML: both are shown as markup, cleaned.
    laid_out = naive.eval_on_selector_all("a[href*='/sources/']", LAID_OUT)
    narratives = 0
    beside = naive.locator(".refs a").first
    beside.click()
    naive.wait_for_selector("#beside:not([hidden])")
    for path in ("/", f"{item}", *edits[:2], f"{edits[0]}?as=json", f"{item}/receipt", *sources[::step], *laid_out):
        naive.goto(path)
        naive.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
        naive.evaluate("document.querySelectorAll('[tabindex], input, select').forEach(one => one.focus())")
        seen += naive.evaluate(READ)
        assert naive.evaluate("ran") == [], path
        assert naive.locator("main :is(script, iframe, img, object, embed, video)").count() == 0
        narratives += naive.locator(".laid-out").count()
        assert naive.eval_on_selector_all(".laid-out *", ACTING) == [], path
    assert narratives > 5, "the cleaned narratives are on these pages"
    assert "The note as it is laid out" in seen
    shown = sum(f"ran.push({n})" in seen for n in range(len(PAYLOADS)))
    # What a summary folds away, most procedures say, stands on no page.
    assert shown > 120, f"{shown} of 200 stand on these pages at all"
