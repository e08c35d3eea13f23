"""What a site says about rounds that begin by themselves: the table `[subscriptions]` of `preround.toml`."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class SubscriptionSite(BaseModel):
    """Whether, by which rules and how fast."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    enabled: bool = False
    """Whether `serve` begins rounds because of what is new on the FHIR server."""
    rules: Path | None = None
    """A site's own rules of what begins which round, in place of ours (`preround subscribe rules`)."""
    url: str | None = Field(default=None, pattern=r"^https://|^http://(127\.0\.0\.1|localhost|\[::1\])([:/]|$)")
    """How the FHIR server reaches `serve`; `PREROUND_PUBLIC_URL` without it, else port 8000 of this machine."""
    poll_seconds: float = Field(default=60.0, ge=0)
    """How often the FHIR server is asked for what is new, beside what it tells; at 0 only when it tells."""
    overlap_seconds: float = Field(default=600.0, ge=1)
    """So long before the newest that was seen is looked again: what was being stored then may be visible only now."""
    most: int = Field(default=10_000, ge=10)
    """How many resources one look reads; the next goes on from there."""
    rounds_an_hour: int = Field(default=60, ge=1)
    """How many rounds begin by themselves in an hour; what is more waits."""
    notifications_a_minute: int = Field(default=600, ge=1)
    """How many notifications of one subscription are taken in a minute."""
    sandbox_hosts: tuple[str, ...] = ()
    """Hosts beside this machine that the embedded sandbox may tell, `host` or `host:port`."""
