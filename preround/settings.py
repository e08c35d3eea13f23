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

from preround.cds_hooks.site import HookSite
from preround.imaging.site import Imaging
from preround.people.site import SignIn, Smart
from preround.subscriptions.site import SubscriptionSite
from tools.literature.remote.terms_of_use import EUROPE_PMC, PUBMED

ReasonerName = Literal["offline", "vllm", "transformers"]


SECRETS = Path("/run/secrets")
"""Where container engines put secrets: a file `preround_fhir_token` there is as good as `PREROUND_FHIR_TOKEN`."""


class Settings(BaseSettings):
    """Everything that a site may set."""

    model_config = SettingsConfigDict(
        env_prefix="PREROUND_",
        env_nested_delimiter="__",
        toml_file="preround.toml",
        extra="forbid",
        frozen=True,
        env_ignore_empty=True,
        use_attribute_docstrings=True,
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
    fhir_tasks: bool = False
    """Whether the items of the queue are shown as Tasks on that server, for an EHR's own worklist."""
    fhir_audit: bool = False
    """Whether the audit chain is copied there as AuditEvents."""
    sandbox_audit: bool = True
    """Whether the embedded sandbox keeps an AuditEvent of each access."""
    database_url: SecretStr | None = None
    """PostgreSQL for state, `postgresql://user@host/name`; SQLite under `home` without one."""
    state_key: SecretStr | None = None
    """Key that encrypts what charts say in the state, 32 bytes in base64; older ones after it, with commas between."""
    retention_days: int | None = Field(default=None, ge=1)
    """After so many days `preround purge` removes what a closed round read and drafted; kept for good without it."""
    lease_seconds: float = Field(default=6.0, ge=1)
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
    site: str = Field(default="main", pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$")
    """Where the rounds that begin here belong, such as a hospital or a ward, so that it can be switched off by name."""
    rollout: Path | None = None
    """A site's own bounds for `preround rollout`, in place of `review/rollout.toml`."""
    site_tables: Path | None = None
    """A folder with a site's own rows of the appraisal tables."""
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
    tape_charts: bool = False
    """Whether `replay --record` may keep charts of your own server on tape; invented patients always may be."""
    mcp_key: SecretStr | None = None
    """What clients of `preround mcp --http` must know; one of its own for each start without it."""
    worker_rounds: int = Field(default=4, ge=1, le=64)
    """How many rounds of batches one `worker` or `batch` drives side by side."""
    model_waiting: int = Field(default=8, ge=0)
    """So many requests may wait at the model server; while there are more, no further round of a batch is begun."""
    drain_seconds: float = Field(default=25.0, ge=0)
    """How long a process that is told to stop waits for its rounds to reach the end of a step."""
    sign_in: SignIn = SignIn()
    """How people sign in."""
    smart: Smart = Smart()
    """Launches from the EHR."""
    public_url: str | None = None
    """How browsers reach `serve`, such as `https://preround.example`, where that is not the address it listens on."""
    access_key: SecretStr | None = None
    """What programs send to `serve` as `Authorization: Bearer`; none may come in without it."""
    session_minutes: int = Field(default=30, ge=1)
    """So long without a request, and who came in must come in again."""
    session_hours: int = Field(default=10, ge=1)
    """The same after so long in any case."""
    seeded_share: float = Field(default=0.0, ge=0.0, le=1.0)
    """`demo` queues copies of so large a share of its items, each with one known error; none at 0, all at 1."""
    reading_words_a_minute: int = Field(default=400, ge=50, le=2000)
    """Nobody who means to check reads faster: what is signed sooner than an item takes to read is shown as such."""
    requests_a_minute: int = Field(default=3000, ge=0)
    """How many requests `serve` answers one caller in a minute; any number at 0."""
    log: Literal["auto", "json", "text"] = "auto"
    """How `serve` and `worker` log: a JSON object a line, or text; `auto` is text on a terminal and JSON elsewhere."""
    log_level: Literal["debug", "info", "warning", "error"] | None = None
    """The least that is logged; without it `info` in `serve` and `worker`, and nothing in other commands."""
    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    """A port of its own for `/metrics`, `/healthz` and `/readyz` of `worker`, `serve` and `batch`; none without it."""
    metrics_host: str = "127.0.0.1"
    """On which address; whoever reaches it can read them."""
    trace_url: str | None = None
    """An OpenTelemetry collector (OTLP over HTTP), such as `http://127.0.0.1:4318`; nothing is traced without it."""
    trace_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """Hosts beside this machine that traces may be sent to, `host` or `host:port`, with commas between them."""
    trace_key: SecretStr | None = None
    """Bearer key of that collector."""
    trace_share: float = Field(default=1.0, ge=0, le=1)
    """The share of rounds that are traced."""
    imaging: Imaging = Imaging()
    """The room in which pictures are read; off without a word."""
    hooks: HookSite = HookSite()
    """Who may ask for cards by CDS Hooks, in the table `[hooks]`; programs with the access key alone without a word."""
    subscriptions: SubscriptionSite = SubscriptionSite()
    """Rounds that begin because something is new on the FHIR server, in `[subscriptions]`; off without a word."""
    sweep_seconds: float = Field(default=3.0, gt=0)
    """How often `serve` looks for what waits for nobody."""

    @property
    def people_sign_in(self) -> bool:
        """Whether a provider says who people are, so that no name is believed that somebody only gives."""
        return self.sign_in.issuer is not None or self.smart.client_id is not None

    @property
    def launches_here(self) -> bool:
        """Whether the EHR can launch Preround."""
        return self.smart.client_id is not None and self.fhir is not None

    @field_validator("model_hosts", "literature_sources", "guideline_hosts", "trace_hosts", mode="before")
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
