"""A real server, a real Chromium, and an accessibility check at the end of each story."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.serving import STARTS_WITHIN, WAITS, serving
from tests.browser.ward import drafted_for, patient
from tests.visiting import KEY, WITH_KEY

STORY = "diabetes-ckd"
ARGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium() -> str | None:
    """The browser of this machine."""
    named = os.environ.get("PREROUND_CHROMIUM")
    return named or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("No Chromium on this machine: install chromium, or name it in PREROUND_CHROMIUM.")
        pytest.skip("needs Chromium: install chromium, or name it in PREROUND_CHROMIUM")
    expect.set_options(timeout=WAITS)
    # Only for this folder: while it is open Playwright keeps an event loop running, and no other test could start one.
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=list(ARGS))
        yield opened
        opened.close()


@pytest.fixture(scope="package")
def drafted(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one fixture patient loaded and one round that waits."""
    home = tmp_path_factory.mktemp("browser")
    drafted_for(home, patient(STORY))
    return home


@pytest.fixture
def home(drafted: Path, tmp_path: Path) -> Path:
    """That home, for one story alone."""
    return Path(shutil.copytree(drafted, tmp_path / "home"))


@pytest.fixture
def site(home: Path) -> Iterator[str]:
    """The address of a server of this story's own."""
    with serving(home) as found:
        yield found


@contextmanager
def served(home: Path, log: Path, *command: str, **environment: str) -> Iterator[str]:
    """The address that a command serves on, on a free port, in a process of its own, which is ended by its id.

    The one-time link opens once; stories come in with the key of programs, and one story of its own by the link.

    Args:
        home: where it keeps its state.
        log: the file that takes what it writes to stderr.
        command: what is served.
        environment: further settings.
    """
    with log.open("w", encoding="utf-8") as stderr:
        server = subprocess.Popen(
            [sys.executable, "-m", "preround", *command, "--port", "0"],
            env={**os.environ, "PREROUND_HOME": str(home), "PREROUND_ACCESS_KEY": KEY, **environment},
            stderr=stderr,
            stdout=subprocess.DEVNULL,
        )
    try:
        yield _address(server, log)
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(timeout=60)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _address(server: subprocess.Popen[bytes], log: Path) -> str:
    """What the server says that it listens on."""
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline and server.poll() is None:
        if found := re.search(r"http://[^\s/\"]+(?=[\s/\"])", log.read_text(encoding="utf-8")):
            return found[0]
        time.sleep(0.05)
    pytest.fail(f"The server did not start: {log.read_text(encoding='utf-8')}")


@pytest.fixture
def page(browser: Browser, site: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of a new visitor; `visitor` parameters say how wide it is and whether scripts run."""
    settings = getattr(request, "param", {})
    context = browser.new_context(
        base_url=site,
        extra_http_headers=WITH_KEY,
        **{"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce", **settings},
    )
    context.set_default_timeout(WAITS)
    opened = context.new_page()
    problems: list[str] = []
    opened.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: problems.append(str(error)))
    outside: list[str] = []
    opened.on("request", lambda sent: outside.append(sent.url) if not sent.url.startswith(site) else None)
    yield opened
    context.close()
    assert outside == [], "a page asked for something from elsewhere"
    expected = ("status of 4", "status of 5")
    assert [p for p in problems if not any(part in p for part in expected)] == []


def accessible(page: Page) -> None:
    """No violation of what axe checks."""
    found = Axe().run(page).response["violations"]
    assert found == [], json.dumps([(v["id"], [n["html"][:200] for n in v["nodes"]]) for v in found], indent=1)


def fits(page: Page) -> None:
    """Nothing sticks out of the page sideways."""
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
