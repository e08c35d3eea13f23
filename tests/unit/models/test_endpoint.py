"""Charts go to this machine and to hosts that the site names, and nowhere else."""

from __future__ import annotations

import pytest

from agents.models.endpoint import allowed
from agents.models.failures import EndpointRefused


@pytest.mark.parametrize(
    ("url", "root"),
    [
        ("http://127.0.0.1:8001/v1", "http://127.0.0.1:8001"),
        ("http://127.9.9.9:8001/", "http://127.9.9.9:8001"),
        ("http://localhost:8001", "http://localhost:8001"),
        ("http://[::1]:8001/v1/", "http://[::1]:8001"),
        ("https://GPU1.hospital.example/llm/v1", "https://gpu1.hospital.example:443/llm"),
        ("http://gpu2:9000/v1", "http://gpu2:9000"),
    ],
)
def test_allowed(url: str, root: str) -> None:
    assert allowed(url, hosts=("gpu1.hospital.example", "gpu2:9000")).root == root


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com/v1",
        "http://gpu2:9001/v1",
        "http://127.0.0.1.example.com/v1",
        "http://127.0.0.1@example.com/v1",
        "http://localhost.example.com/v1",
        "http://gpu1.hospital.example.evil.example/v1",
        "http://0.0.0.0:8001/v1",
        "http://[::ffff:8.8.8.8]/v1",
        "http://2130706433.example/v1",
        "ftp://127.0.0.1/v1",
        "file:///v1",
        "127.0.0.1:8001",
        "http://127.0.0.1:99999/v1",
        "http://user:pw@127.0.0.1:8001/v1",
        "http://127.0.0.1:8001/v1?key=x",
        "",
    ],
)
def test_refused(url: str) -> None:
    with pytest.raises(EndpointRefused) as caught:
        allowed(url, hosts=("gpu1.hospital.example", "gpu2:9000"))
    assert str(caught.value).startswith("Nothing was sent")
    assert "pw" not in str(caught.value)
