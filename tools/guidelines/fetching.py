"""Guidelines over the network: one file of one host that the site allows, bounded in size and time."""

from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from urllib.parse import urljoin, urlsplit

import httpx

from tools.guidelines.unusable import GuidelineUnusable

MOST_BYTES = 128 * 1024 * 1024
SECONDS = 60.0
MOST_REDIRECTS = 3
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class HostNotAllowed(GuidelineUnusable):
    """No guidelines are fetched from this host: name it in PREROUND_GUIDELINE_HOSTS, or download the file yourself."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"no guidelines are fetched from {host}: name it in PREROUND_GUIDELINE_HOSTS (or guideline_hosts in "
            "preround.toml), or download the file yourself"
        )


def fetch(url: str, *, hosts: Sequence[str], clock: Callable[[], float], seconds: float = SECONDS) -> tuple[str, bytes]:
    """Fetch one file; nothing of a patient is sent, nor anything else but the address.

    Args:
        url: an https address; http only of this machine.
        hosts: hosts that the site allows, as `host` or `host:port`.
        clock: seconds that only grow.
        seconds: time limit of the whole.

    Returns:
        The name that ends the address, and the content.

    Raises:
        HostNotAllowed: the site does not allow the host.
        GuidelineUnusable: the address cannot be used, or what answers is too big, too slow, an error, or elsewhere.
    """
    _checked(url, hosts)
    end = clock() + seconds
    here = url
    try:
        with httpx.Client(follow_redirects=False, timeout=httpx.Timeout(min(seconds, 20.0)), trust_env=False) as client:
            for _ in range(MOST_REDIRECTS + 1):
                with client.stream("GET", here, headers={"Accept": "application/fhir+json, */*"}) as answer:
                    if not answer.is_redirect:
                        return PurePosixPath(urlsplit(here).path).name or "guidelines", _body(answer, end, clock)
                    here = _redirected(here, answer.headers.get("location", ""))
    except httpx.HTTPError as problem:
        raise GuidelineUnusable(f"{urlsplit(url).netloc} gave nothing: {type(problem).__name__}") from problem
    raise GuidelineUnusable(f"{urlsplit(url).netloc} sends from one address to the next; give the last one")


def _checked(url: str, hosts: Sequence[str]) -> None:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in ("https", "http") or not host or parts.username or parts.password:
        raise GuidelineUnusable("give an https address without a name and password in it, or a file")
    if not {host, parts.netloc} & set(hosts):
        raise HostNotAllowed(parts.netloc)
    if parts.scheme == "http" and host not in LOOPBACK:
        raise GuidelineUnusable("give an https address: what comes over http may have been changed on its way")


def _redirected(here: str, location: str) -> str:
    there = urljoin(here, location)
    if urlsplit(there)[:2] != urlsplit(here)[:2]:
        raise GuidelineUnusable(
            f"{urlsplit(here).netloc} sends elsewhere; give the address that it sends to, if you trust it"
        )
    return there


def _body(answer: httpx.Response, end: float, clock: Callable[[], float]) -> bytes:
    if answer.status_code != httpx.codes.OK:
        raise GuidelineUnusable(f"{answer.url.netloc.decode()} answers {answer.status_code}; check the address")
    pieces, size = [], 0
    for piece in answer.iter_bytes():
        size += len(piece)
        if size > MOST_BYTES:
            raise GuidelineUnusable(
                f"it is more than {MOST_BYTES >> 20} MB; download it and add the parts that you need"
            )
        if clock() > end:
            raise GuidelineUnusable("it took too long; download it yourself and add the file")
        pieces.append(piece)
    return b"".join(pieces)
