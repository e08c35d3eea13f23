"""What a site says about the systems that ask for cards: the table `[hooks]` of `preround.toml`."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator


class HookClient(BaseModel):
    """One system that may ask for cards."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    iss: str = Field(min_length=1)
    """The issuer that its tokens name."""
    jwks: Path | None = None
    """File with its public keys, a JWK set."""
    jwks_url: str | None = Field(default=None, pattern=r"^https://|^http://(127\.0\.0\.1|localhost)[:/]")
    """Where it publishes them, over https; in place of a file."""

    @model_validator(mode="after")
    def _one_source(self) -> HookClient:
        if (self.jwks is None) == (self.jwks_url is None):
            raise ValueError(f"give the client {self.iss} either jwks or jwks_url")
        return self


class HookSite(BaseModel):
    """Who may ask, from where, and which servers may be read for them."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    clients: tuple[HookClient, ...] = ()
    """Systems that may ask, each with `iss` and `jwks` or `jwks_url`; without any, who has the access key."""
    origins: tuple[str, ...] = ()
    """Origins whose pages may ask from a browser (CORS), like `https://ehr.example`; none without it."""
    servers: tuple[str, ...] = ()
    """FHIR servers that may be read with the token that a request brings; only what is prefetched without it."""
