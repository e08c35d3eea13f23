"""A real Orthanc with its DICOMweb plugin, for the length of some tests, on a free port of 127.0.0.1.

Debian's Orthanc listens on every address of its machine. Here it runs in a network namespace of its own, where there is
none but loopback, and a thread that has entered the namespace carries each connection over.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
_PORT = 8042
_NEW_NETWORK = 0x40000000
_SET_FLAGS, _UP = 0x8914, 0x1


@dataclass(frozen=True, kw_only=True, slots=True)
class Orthanc:
    """One that runs."""

    root: str
    """Its own address, without a slash at its end."""

    @property
    def dicomweb(self) -> str:
        """The DICOMweb root."""
        return f"{self.root}/dicom-web"

    def store(self, *files: bytes) -> None:
        """Put DICOM files in, by STOW-RS and past our own client."""
        line = b"--films\r\nContent-Type: application/dicom\r\n\r\n"
        body = b"".join(line + one + b"\r\n" for one in files) + b"--films--\r\n"
        kind = 'multipart/related; type="application/dicom"; boundary=films'
        url = f"{self.dicomweb}/studies"
        reply = httpx.post(url, content=body, timeout=60, headers={"Content-Type": kind, "Accept": "application/json"})
        assert reply.status_code == 200, reply.text
        assert not reply.json().get("00081198", {}).get("Value"), reply.text

    def forget(self, study: str) -> None:
        """Delete a study, by Orthanc's own interface."""
        with httpx.Client(base_url=self.root, timeout=60) as client:
            for one in client.post("/tools/lookup", content=study).json():
                client.delete(one["Path"]).raise_for_status()


@contextmanager
def orthanc(folder: Path) -> Iterator[Orthanc]:
    """Run an Orthanc that keeps its files in `folder`; skips by name where it cannot be had."""
    binary = shutil.which("Orthanc")
    if binary is None or not PLUGIN.exists():
        pytest.skip("Orthanc is not installed here: apt-get install orthanc orthanc-dicomweb")
    if subprocess.run(["unshare", "-n", "true"], check=False, capture_output=True).returncode:
        pytest.skip("Orthanc cannot run here: no network namespace may be made (unshare -n)")
    settings = folder / "orthanc.json"
    settings.write_text(json.dumps(_settings(folder)))
    with subprocess.Popen(
        ["unshare", "-n", binary, settings], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder
    ) as process:
        try:
            with _carried(process.pid) as port:
                root = f"http://127.0.0.1:{port}"
                _until_ready(process, root)
                yield Orthanc(root=root)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def _settings(folder: Path) -> dict[str, object]:
    return {
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "index"),
        "HttpPort": _PORT,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomServerEnabled": False,
        "Plugins": [str(PLUGIN)],
        "DicomWeb": {"Enable": True, "StudiesMetadata": "Full", "SeriesMetadata": "Full"},
        "ConcurrentJobs": 1,
        "HttpThreadsCount": 4,
    }


def _until_ready(process: subprocess.Popen[bytes], root: str) -> None:
    for _ in range(600):
        assert process.poll() is None, "Orthanc ended as it started"
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{root}/dicom-web/studies", timeout=5).status_code == 200:
                return
        time.sleep(0.1)
    pytest.fail("Orthanc did not answer within a minute")


@contextmanager
def _carried(pid: int) -> Iterator[int]:
    """A port here whose connections come out in the namespace of a process."""
    own = os.readlink("/proc/self/ns/net")
    for _ in range(100):
        if os.readlink(f"/proc/{pid}/ns/net") != own:
            break
        time.sleep(0.05)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        entered = threading.Event()
        thread = threading.Thread(target=_carry, args=(listening, pid, entered), daemon=True)
        thread.start()
        assert entered.wait(10), "the network namespace could not be entered"
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def _carry(listening: socket.socket, pid: int, entered: threading.Event) -> None:
    """Enter the namespace, as this one thread, and carry until the listener is closed."""
    with open(f"/proc/{pid}/ns/net") as namespace:
        if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), _NEW_NETWORK):
            return
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sh14x", b"lo", _UP))
    entered.set()
    while True:
        try:
            here, _ = listening.accept()
        except OSError:
            return
        try:
            there = socket.create_connection(("127.0.0.1", _PORT), timeout=60)
        except OSError:
            here.close()
            continue
        for source, target in ((here, there), (there, here)):
            threading.Thread(target=_pour, args=(source, target), daemon=True).start()


def _pour(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while part := source.recv(65536):
            target.sendall(part)
    for one in (source, target):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
