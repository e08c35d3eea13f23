"""A real server, a real Chromium, and an accessibility check at the end of each story."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, Queue
from typing import IO

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from fhir_fixtures import PATIENTS
from fhir_fixtures.bundles import bundles
from fhir_fixtures.loading import load_story

STORY = "diabetes-ckd"
STARTS_WITHIN = 60.0
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


def preround(home: Path, *args: str) -> str:
    """Run a command and give what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "preround", *args],
        env={**os.environ, "PREROUND_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("No Chromium on this machine: install chromium, or name it in PREROUND_CHROMIUM.")
        pytest.skip("needs Chromium: install chromium, or name it in PREROUND_CHROMIUM")
    # Only for this module: while it is open Playwright keeps an event loop running, and no other test could start one.
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=list(ARGS))
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def drafted(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one fixture patient loaded and one round that waits."""
    home = tmp_path_factory.mktemp("browser")
    file = home / "bundle.json"
    file.write_bytes(next(body for name, body in bundles() if name == STORY))
    story = load_story(PATIENTS / f"{STORY}.yaml")
    preround(home, "load", str(file))
    preround(home, "run", f"fx-{story.story}-patient", "--as-of", str(story.as_of))
    return home


@pytest.fixture
def home(drafted: Path, tmp_path: Path) -> Path:
    """That home, for one story alone."""
    return Path(shutil.copytree(drafted, tmp_path / "home"))


@pytest.fixture
def site(home: Path) -> Iterator[str]:
    """The address of `preround serve` on a free port, ended by its own process id."""
    server = subprocess.Popen(
        [sys.executable, "-m", "preround", "serve", "--port", "0"],
        env={**os.environ, "PREROUND_HOME": str(home)},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert server.stderr
    try:
        yield address(server.stderr)
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        server.stderr.close()


def address(stderr: IO[str]) -> str:
    """What the server says that it listens on."""
    lines: Queue[str] = Queue()

    def pump() -> None:
        try:
            for line in stderr:
                lines.put(line)
        except ValueError:
            return  # closed while reading: the story is over

    threading.Thread(target=pump, daemon=True).start()
    seen = ""
    try:
        while "http://" not in seen:
            seen += lines.get(timeout=STARTS_WITHIN)
    except Empty:
        pytest.fail(f"The server did not start: {seen}")
    return seen[seen.index("http://") :].split()[0]


@pytest.fixture
def page(browser: Browser, site: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of a new visitor; `visitor` parameters say how wide it is and whether scripts run."""
    settings = getattr(request, "param", {})
    context = browser.new_context(base_url=site, **{"viewport": {"width": 1280, "height": 800}, **settings})
    context.set_default_timeout(30_000)
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
