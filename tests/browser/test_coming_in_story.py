"""A person comes in by the link of the terminal in a real browser, leaves, and has another link printed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from queue import Queue
from threading import Thread

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import accessible
from tests.browser.serving import STARTS_WITHIN

pytestmark = pytest.mark.browser


class Terminal:
    """A running server and what it prints."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._server = subprocess.Popen(
            [sys.executable, "-m", "preround", "serve", "--port", "0"],
            env={**os.environ, "PREROUND_HOME": str(home)},
            stderr=subprocess.PIPE,
            text=True,
        )
        self._lines: Queue[str] = Queue()
        self._reading = Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        assert self._server.stderr
        for line in self._server.stderr:
            self._lines.put(line)

    def link(self) -> str:
        """The next link that it shows: there is no terminal, so in a file, and not in its log."""
        line = self._lines.get(timeout=STARTS_WITHIN)
        link = (self._home / "link").read_text(encoding="utf-8").strip()
        assert link.partition("link=")[2] not in line
        assert (self._home / "link").stat().st_mode & 0o077 == 0
        return link

    def close(self) -> None:
        """End it."""
        self._server.terminate()
        self._server.wait(timeout=30)
        self._reading.join(timeout=30)
        assert self._server.stderr
        self._server.stderr.close()


def given_nobody_came_in(page: Page, site: str) -> None:
    page.goto(f"{site}/items/0123456789abcdef")
    expect(page.get_by_role("heading", level=1)).to_have_text("Come in first")
    accessible(page)


def then_the_queue_is_there(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("Review queue")
    assert "link=" not in page.url
    assert page.evaluate("document.cookie") == "", "no script can read it"


def test_by_the_link_out_again_and_by_another_link(browser: Browser, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    try:
        link = terminal.link()
        site = link.partition("/enter")[0]
        context = browser.new_context(java_script_enabled=True)
        page = context.new_page()
        given_nobody_came_in(page, site)
        page.goto(link)
        then_the_queue_is_there(page)
        accessible(page)
        page.get_by_role("button", name="Leave").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("You have left")
        page.goto(link)
        expect(page.get_by_role("alert")).to_contain_text("used already")
        accessible(page)
        page.get_by_role("button", name="Print a new link in the terminal").click()
        page.goto(terminal.link())
        then_the_queue_is_there(page)
        context.close()
    finally:
        terminal.close()
