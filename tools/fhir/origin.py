"""The origin rule: a request, and the token with it, goes to the base URL's scheme, host, port and path or nowhere."""

import re
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from tools.fhir.errors import BadAddress, OtherOrigin

_DOTS = re.compile(r"(^|/)(\.|%2e){1,2}(/|$)", re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """A FHIR base URL and the rule of what lies under it."""

    base: httpx.URL
    """The base URL without a slash at its end."""

    @classmethod
    def of(cls, base_url: str) -> "Origin":
        """The origin of a base URL such as `https://host/fhir`.

        Raises:
            BadAddress: not an http or https URL, or one with a user name, query or fragment.
        """
        try:
            url = httpx.URL(base_url.strip().rstrip("/"))
            urllib.parse.urlsplit(base_url)  # finds broken IPv6 hosts, which httpx lets through
        except (httpx.InvalidURL, ValueError):
            raise BadAddress from None
        if url.scheme not in _PORTS or not url.host or url.userinfo or url.query or url.fragment:
            raise BadAddress
        return cls(base=url)

    def url(self, path: str, params: Sequence[tuple[str, str]] = ()) -> httpx.URL:
        """The URL of a path under the base; an empty path is the base itself."""
        base = str(self.base)
        url = httpx.URL(f"{base}/{path}" if path else base)
        return self._held(url.copy_merge_params(list(params)) if params else url)

    def follow(self, link: str, seen_at: httpx.URL) -> httpx.URL:
        """The URL of a link (absolute or relative) found in the answer from `seen_at`.

        Raises:
            OtherOrigin: the link leaves the base URL's scheme, host, port or path.
        """
        try:
            url = seen_at.join(link)
            raw = httpx.URL(link)
        except (httpx.InvalidURL, ValueError):
            raise OtherOrigin from None
        if _DOTS.search(raw.raw_path.decode("ascii").partition("?")[0]):
            raise OtherOrigin
        return self._held(url)

    def _held(self, url: httpx.URL) -> httpx.URL:
        here, there = self.base, url
        path, root = there.raw_path.decode("ascii").partition("?")[0], here.raw_path.decode("ascii").rstrip("/")
        alike = (
            here.scheme == there.scheme
            and here.host.lower() == there.host.lower()
            and (here.port or _PORTS[here.scheme]) == (there.port or _PORTS[here.scheme])
            and not there.userinfo
            and (path.rstrip("/") == root or path.startswith(f"{root}/"))
            and not _DOTS.search(path)
        )
        if not alike:
            raise OtherOrigin
        return url
