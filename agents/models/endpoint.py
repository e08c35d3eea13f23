"""Where a model may be asked: this machine, and hosts that the site names; a chart goes nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from agents.models.failures import EndpointRefused
from tools.loopback import is_this_machine


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """An OpenAI-compatible server that may be asked; made by :func:`allowed`."""

    root: str
    """Address without ``/v1`` and without a slash at its end."""
    key: str | None = field(default=None, repr=False)
    """Bearer key that the server wants; never shown."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What the settings of one kind of endpoint are called."""

    what: str
    """The endpoint."""
    goes: str
    """What is sent there."""
    url: str
    """The setting of its address."""
    hosts: str
    """The setting of the hosts that are allowed."""
    secret: str
    """What to do in place of a password in the address."""


MODEL = Settings(
    what="model endpoint",
    goes="charts",
    url="PREROUND_MODEL_URL",
    hosts="PREROUND_MODEL_HOSTS",
    secret="give the key in PREROUND_MODEL_KEY",  # noqa: S106 - the name of a setting
)
"""Of the model."""


def allowed(url: str, *, hosts: Sequence[str] = (), key: str | None = None, settings: Settings = MODEL) -> Endpoint:
    """The endpoint of an address, if charts may go there.

    Args:
        url: ``http://127.0.0.1:8001`` or ``https://gpu1:8000/v1``.
        hosts: names that the site allows, each ``host`` or ``host:port``; loopback always is.
        key: bearer key.
        settings: what the address and the list are called, for the sentence of a refusal.

    Raises:
        EndpointRefused: the host is not on the list, or the address is not plain http(s).
    """
    parts = urlsplit(url.strip())
    try:
        port = parts.port
    except ValueError:
        raise EndpointRefused("its address has no usable port", settings.what) from None
    host = parts.hostname
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise EndpointRefused(f"its address must look like http://HOST:PORT/v1; correct {settings.url}", settings.what)
    if parts.username is not None or parts.password is not None:
        raise EndpointRefused(f"its address holds a password; {settings.secret}", settings.what)
    names = {h.strip().lower().rstrip("/") for h in hosts}
    port = port or (443 if parts.scheme == "https" else 80)
    if not (is_this_machine(host) or host in names or f"{host}:{port}" in names):
        reason = f"{host} is not this machine; if {settings.goes} may go there, add it to {settings.hosts}"
        raise EndpointRefused(reason, settings.what)
    shown = f"[{host}]" if ":" in host else host
    path = parts.path.rstrip("/").removesuffix("/v1")
    return Endpoint(root=f"{parts.scheme}://{shown}:{port}{path}", key=key)


def on_this_machine(endpoint: Endpoint) -> bool:
    """Whether an endpoint lies on this machine, so that what is sent there does not leave it."""
    return is_this_machine(urlsplit(endpoint.root).hostname or "")
