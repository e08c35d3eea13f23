"""How a site lets people in: the tables `[sign_in]` and `[smart]` of `preround.toml`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, SecretStr

from review.policy import Role


class SignIn(BaseModel):
    """How people sign in: the table `[sign_in]` of `preround.toml`. Without an issuer, by the one-time link."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    issuer: str | None = None
    """The OpenID provider that knows the people, such as `https://login.example/realms/ward`."""
    client_id: str | None = None
    """The id under which it knows Preround."""
    client_secret: SecretStr | None = None
    """Its secret for Preround, where it gave one."""
    scopes: str = "openid profile"
    """What is asked of it, with spaces."""
    name_claim: str = "name"
    """The claim that holds the name that is signed into the record."""
    role_claim: str = "roles"
    """The claim that holds roles or groups: a text or a list of them."""
    roles: dict[str, tuple[Role, ...]] = {}
    """What each of those is in the review policy; whoever has none of them may read and sign nothing."""


class Smart(BaseModel):
    """Launches from the EHR whose FHIR server is in use: the table `[smart]` of `preround.toml`."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    client_id: str | None = None
    """The id under which the EHR knows Preround as a SMART app; no launch is taken without it."""
    client_secret: SecretStr | None = None
    """Its secret for Preround, where it gave one."""
    scopes: str = "openid fhirUser user/*.rs user/*.cu"
    """What is asked of it beside `launch` or `launch/patient`, with spaces."""
