"""An endpoint on a port of this machine that keeps what it is told, and answers as a test wants."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(kw_only=True)
class Endpoint:
    """One that listens."""

    base: str = ""
    status: int = 200
    """What it answers."""
    told: list[Told] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        """What it was asked for, in order."""
        return [f"{one.method} {one.path}" for one in self.told]


@contextmanager
def listening() -> Iterator[Endpoint]:
    found = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def _take(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            found.told.append(Told(method=self.command, path=self.path, headers=headers, body=body))
            self.send_response(found.status)
            if found.status in {301, 302, 307}:
                self.send_header("location", f"{found.base}/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        do_POST = do_PUT = do_GET = _take

        def log_message(self, format: str, *args: object) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
