"""Guidelines over the network, from a server of this machine: allowed hosts only, bounded, nothing from elsewhere."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tools.guidelines import fetching
from tools.guidelines.fetching import HostNotAllowed, fetch
from tools.guidelines.unusable import GuidelineUnusable


class Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/there.json":
            return self._redirect("/bundle.json")
        if self.path == "/round":
            return self._redirect("/round")
        if self.path == "/elsewhere":
            return self._redirect("http://127.0.0.1:9/bundle.json")
        if self.path == "/gone":
            self.send_response(404)
            self.end_headers()
            return None
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}" * (200_000 if self.path == "/big" else 1))
        return None

    def _redirect(self, place: str) -> None:
        self.send_response(302)
        self.send_header("Location", place)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def got(host: str, path: str) -> tuple[str, bytes]:
    return fetch(f"http://{host}{path}", hosts=[host], clock=time.monotonic)


def test_a_file_of_an_allowed_host_comes(host: str) -> None:
    assert got(host, "/bundle.json") == ("bundle.json", b"{}")
    assert got(host, "/there.json") == ("bundle.json", b"{}")


def test_no_host_is_allowed_unless_the_site_says_so(host: str) -> None:
    with pytest.raises(HostNotAllowed, match=f"from {host}: name it in PREROUND_GUIDELINE_HOSTS"):
        fetch(f"http://{host}/bundle.json", hosts=[], clock=time.monotonic)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/elsewhere", "sends elsewhere"),
        ("/round", "from one address to the next"),
        ("/gone", "answers 404"),
        ("/big", "more than"),
    ],
)
def test_what_is_refused_says_why(host: str, path: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "MOST_BYTES", 100_000)
    with pytest.raises(GuidelineUnusable, match=said):
        got(host, path)


def test_it_may_not_take_longer_than_its_time(host: str) -> None:
    ticks = iter([0.0, 100.0, 200.0])
    with pytest.raises(GuidelineUnusable, match="too long"):
        fetch(f"http://{host}/bundle.json", hosts=[host], clock=lambda: next(ticks))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://example.org/x", "https address"),
        ("http://example.org/x", "changed on its way"),
        ("https://me:secret@example.org/x", "without a name and password"),
        ("https:///x", "https address"),
    ],
)
def test_only_https_and_of_this_machine_http(url: str, said: str) -> None:
    with pytest.raises(GuidelineUnusable, match=said):
        fetch(url, hosts=["example.org"], clock=time.monotonic)


def test_nobody_there_is_said() -> None:
    with pytest.raises(GuidelineUnusable, match="gave nothing"):
        fetch("http://127.0.0.1:9/x", hosts=["127.0.0.1"], clock=time.monotonic)
