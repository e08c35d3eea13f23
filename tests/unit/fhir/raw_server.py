"""A server that speaks HTTP by hand over a real socket, so that it can do what no framework would."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

Say = Callable[[asyncio.StreamWriter], Awaitable[None]]
"""Writes one answer, or something else."""

CAPABLE = (
    b'{"resourceType":"CapabilityStatement","rest":[{"mode":"server","resource":[{"type":"Patient"},'
    b'{"type":"Observation"},{"type":"DocumentReference"}]}]}'
)


def answer(
    body: bytes,
    *,
    status: str = "200 OK",
    kind: str = "application/fhir+json",
    length: int | None = None,
    **headers: str,
) -> Say:
    """An answer, whose stated length may be a lie."""

    async def say(writer: asyncio.StreamWriter) -> None:
        named = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        size = len(body) if length is None else length
        writer.write(f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {size}\r\n{named}\r\n".encode())
        writer.write(body)
        await writer.drain()

    return say


async def silence(writer: asyncio.StreamWriter) -> None:
    """Take the request and never answer."""
    await asyncio.sleep(30)


async def headers_then_silence(writer: asyncio.StreamWriter) -> None:
    """Begin an answer and stop."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/fhir+json\r\ncontent-length: 100\r\n\r\n{")
    await writer.drain()
    await asyncio.sleep(30)


async def drip(writer: asyncio.StreamWriter) -> None:
    """Answer a byte at a time, for ever: each read succeeds."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/fhir+json\r\ntransfer-encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"1\r\n \r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


def flood(announced: bool) -> Say:
    """Send 200 MB, saying so beforehand or not."""

    async def say(writer: asyncio.StreamWriter) -> None:
        size = 200 * 1024 * 1024
        length = f"content-length: {size}" if announced else "transfer-encoding: chunked"
        writer.write(f"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n{length}\r\n\r\n".encode())
        part = b"a" * 65536
        for _ in range(size // len(part)):
            writer.write(part if announced else b"10000\r\n" + part + b"\r\n")
            await writer.drain()
        if not announced:
            writer.write(b"0\r\n\r\n")

    return say


class RawServer:
    """Answers by the start of the path; each path's answers are given in turn, the last one again and again."""

    def __init__(self, answers: Mapping[str, list[Say]]) -> None:
        self.answers = {path: list(says) for path, says in answers.items()}
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.base = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                path = head[0].split(" ")[1]
                headers = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
                self.seen.append((path, headers))
                says = next((s for start, s in self.answers.items() if path.startswith(start)), [answer(CAPABLE)])
                await (says.pop(0) if len(says) > 1 else says[0])(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()


@asynccontextmanager
async def raw(answers: Mapping[str, list[Say]] | None = None) -> AsyncIterator[RawServer]:
    """A raw server on a free port; its base is `server.base`."""
    served = RawServer(answers or {})
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(served.serve(reader, writer))
        tasks.add(task)
        with contextlib.suppress(asyncio.CancelledError):
            await task

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    served.base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/fhir"
    try:
        yield served
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
