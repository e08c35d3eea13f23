"""Settings: environment `PREROUND_*` over `preround.toml`; read here and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from tools.literature.remote.terms_of_use import EUROPE_PMC, PUBMED

ReasonerName = Literal["offline", "vllm", "transformers"]


SECRETS = Path("/run/secrets")
"""Where container engines put secrets: a file `preround_fhir_token` there is as good as `PREROUND_FHIR_TOKEN`."""


class Settings(BaseSettings):
    """Everything that a site may set."""

    model_config = SettingsConfigDict(
        env_prefix="PREROUND_", toml_file="preround.toml", extra="forbid", frozen=True, env_ignore_empty=True
    )

    home: Path = Path(".preround")
    """Where state lives: database, checkpoints, sandbox, locks."""
    fhir: str | None = None
    """Base URL of the FHIR server; the embedded sandbox without one."""
    fhir_token: SecretStr | None = None
    """Bearer token for that server; sent to its origin and nowhere else."""
    fhir_user: str | None = None
    """User name, where that server wants HTTP Basic authentication."""
    fhir_password: SecretStr | None = None
    """Its password."""
    fhir_client_id: str | None = None
    """The id under which that server knows us as a SMART backend service."""
    fhir_key: Path | None = None
    """File with the private key of that service: PEM, JWK or a JWK set."""
    fhir_key_text: SecretStr | None = None
    """The key itself, in place of a file."""
    fhir_key_id: str | None = None
    """Its `kid`, where the key does not say; else the RFC 7638 thumbprint."""
    fhir_scopes: str | None = None
    """Scopes for reading, with spaces between them; `system/*.rs` without it, or what SMART 1 has for that."""
    fhir_write_scopes: str | None = None
    """Scopes for what was signed and for `load`; `system/*.rs system/*.cu` without it."""
    fhir_token_url: str | None = None
    """The token endpoint, where it lies on another host than the FHIR server."""
    sandbox_audit: bool = True
    """Whether the embedded sandbox keeps an AuditEvent of each access."""
    database_url: SecretStr | None = None
    """PostgreSQL for state, `postgresql://user@host/name`; SQLite under `home` without one."""
    lease_seconds: float = Field(default=8.0, ge=1)
    """There: after how long without a sign of life a worker's round is free for another."""
    reasoner: ReasonerName = "offline"
    """Who words the drafts."""
    model: str = "medgemma-27b-text-it"
    """The row of the model registry that words them."""
    model_url: str = "http://127.0.0.1:8001/v1"
    """The OpenAI-compatible server of the reasoner `vllm`."""
    model_served: str | None = None
    """The model's name on that server, where it is not the row's."""
    model_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """Hosts beside this machine that charts may be sent to, `host` or `host:port`, with commas between them."""
    model_key: SecretStr | None = None
    """Bearer key of that server."""
    model_revision: str | None = None
    """The commit of the weights that this site pins."""
    model_path: Path | None = None
    """Folder with the weights, for the reasoner `transformers`."""
    model_seconds: float = Field(default=600.0, gt=0)
    """Longest time of one call."""
    hear_model: str = "medasr"
    """The row of the model registry that writes recordings down."""
    hear_path: Path | None = None
    """Folder with its weights, for `preround transcribe`."""
    models: Path | None = None
    """A site's own rows of the model registry."""
    policy: Path | None = None
    """A site's own review policy."""
    site_tables: Path | None = None
    """A folder with a site's own appraisal tables."""
    guidelines: tuple[Path, ...] = ()
    """Folders with a site's own recommendations."""
    guideline_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """Hosts that `guidelines add` may fetch from, `host` or `host:port`, with commas between them; none without it."""
    node_modules: Path = Path(__file__).resolve().parent.parent / "node_modules"
    """Where `npm ci` put the CQL engine."""
    literature_index: Path | None = None
    """The file of the local literature index; under `home` without one."""
    literature_sources: Annotated[tuple[Literal["pubmed", "europepmc"], ...], NoDecode] = ()
    """Sources that may be asked over the network, with commas between them; none without it."""
    literature_email: str | None = None
    """Whom NCBI and Europe PMC write to when something is wrong with our requests; NCBI insists on it."""
    literature_key: SecretStr | None = None
    """NCBI's API key: ten requests a second in place of three."""
    literature_pubmed: str = PUBMED
    """Base address of the E-utilities."""
    literature_europepmc: str = EUROPE_PMC
    """Base address of Europe PMC's REST service."""
    literature_cache_days: int = Field(default=30, ge=0)
    """How old a kept answer of those may be."""
    mcp_key: SecretStr | None = None
    """What clients of `preround mcp --http` must know; one of its own for each start without it."""
    sweep_seconds: float = Field(default=3.0, gt=0)
    """How often `serve` looks for what waits for nobody."""

    @field_validator("model_hosts", "literature_sources", "guideline_hosts", mode="before")
    @classmethod
    def _with_commas(cls, given: object) -> object:
        return tuple(h.strip() for h in given.split(",") if h.strip()) if isinstance(given, str) else given

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given wins over the environment, that over secrets in files, those over the settings file."""
        secrets = (SecretsSettingsSource(settings_cls, secrets_dir=SECRETS),) if SECRETS.is_dir() else ()
        return init_settings, env_settings, *secrets, TomlConfigSettingsSource(settings_cls)
