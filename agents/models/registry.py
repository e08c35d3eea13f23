"""The models that Preround knows, and those that a site adds: one row each."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agents.models.source import UNKNOWN, SourceAttributes

Role = Literal["reason", "see", "embed-image", "hear"]
Modality = Literal["text", "image", "audio"]
Template = Literal["tokenizer", "gemma", "llama-3"]


class ModelUnknown(LookupError):
    """There is no such row; see `preround models`."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no model {name} in the registry; see `preround models`.")


class ModelUnnamed(ValueError):
    """This row stands for any model; say its name on the server with PREROUND_MODEL_SERVED."""

    def __init__(self, row: str) -> None:
        super().__init__(f"The row {row} stands for any model; say its name on the server with PREROUND_MODEL_SERVED.")


class RegistryUnusable(ValueError):
    """A site's model file cannot be used."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"The model file cannot be used: {problem}; correct the file that PREROUND_MODELS names.")


class Thinking(BaseModel):
    """How a model thinks aloud."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    instruction: str = ""
    """The line that switches it on; empty where there is none."""
    open: str
    """The token that begins a thought."""
    close: str
    """The token that ends it."""


class ModelRow(BaseModel):
    """One model."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    """What settings call it."""
    roles: tuple[Role, ...] = Field(min_length=1)
    """What it is used for, the best use first."""
    repository: str
    """Where its weights come from."""
    revision: str | None = Field(default=None, pattern=r"^[0-9a-f]{7,64}$")
    """Commit of the weights; ``None`` until the site pins it."""
    served: str = ""
    """Its name on the server; the row's own name unless said."""
    url: str | None = None
    """Its own endpoint, where it is not the one of the settings; held to the same list of hosts."""
    modalities: tuple[Modality, ...]
    """What it takes in."""
    context: int = Field(ge=0)
    """Tokens it was made for."""
    served_context: int = Field(ge=0)
    """Tokens to serve it with (``--max-model-len``)."""
    answer_tokens: int = Field(ge=0)
    """Longest answer; 0 where it does not write."""
    template: Template = "tokenizer"
    """How a prompt is laid out; ``tokenizer`` where that of the weights says it."""
    thinking: Thinking | None = None
    """Markers, for models that think."""
    image_tokens: int | None = None
    """Prompt tokens of one image."""
    image_size: int | None = None
    """Side of the square image that it takes, in pixels."""
    gigabytes: float | None = Field(default=None, gt=0)
    """Size of the weights in bf16, about; ``None`` where it is not known."""
    base: str | None = None
    """The row that this one is made from; a LoRA adapter's base."""
    adapter: bool = False
    """Whether `repository` holds a LoRA adapter on the base, and not whole weights."""
    generic: bool = False
    """Whether the row stands for whatever is served under the name that the site gives with `served`."""
    licence: str
    """A note; the site reads the licence itself."""
    card: str = UNKNOWN
    """Where its source attributes were taken from."""
    source: SourceAttributes = SourceAttributes()
    """Who made it, from what, for what, how it was evaluated."""

    @property
    def served_name(self) -> str:
        """Its name on the server."""
        return self.served or self.name

    @property
    def prompt_tokens(self) -> int:
        """Room for a prompt: the served context without the longest answer."""
        return self.served_context - self.answer_tokens

    @property
    def named(self) -> bool:
        """Whether it is known under which name to ask for it."""
        return bool(self.served) or not self.generic


def registry(site: Path | None = None) -> Mapping[str, ModelRow]:
    """All rows by name, the site's laid over the built-in ones.

    Raises:
        RegistryUnusable: the site's file is missing or wrong.
    """
    built_in = resources.files("agents.models").joinpath("registry.toml").read_text(encoding="utf-8")
    rows: dict[str, dict[str, Any]] = {}
    _lay(rows, tomllib.loads(built_in)["model"])
    if site is not None:
        try:
            given = tomllib.loads(site.read_text(encoding="utf-8"))
        except OSError as error:
            raise RegistryUnusable(error.strerror or "it cannot be read") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise RegistryUnusable(str(error)) from None
        if set(given) - {"model"} or not isinstance(given.get("model", []), list):
            raise RegistryUnusable("it holds [[model]] rows and nothing else")
        _lay(rows, given.get("model", []))
    return {name: _row(row) for name, row in rows.items()}


def row_of(name: str, site: Path | None = None, *, revision: str | None = None, served: str | None = None) -> ModelRow:
    """One row, with the revision that the site pins and the name that its server uses.

    Raises:
        ModelUnknown: there is none of that name.
        RegistryUnusable: the site's file is missing or wrong.
    """
    found = registry(site).get(name)
    if found is None:
        raise ModelUnknown(name)
    given = {"revision": revision, "served": served}
    return _row({**found.model_dump(), **{key: value for key, value in given.items() if value is not None}})


_ITS_OWN = ("name", "repository", "revision", "served", "url", "adapter", "generic", "card")
"""What a row does not take over from its base."""


def _lay(rows: dict[str, dict[str, Any]], given: Iterable[Any]) -> None:
    for one in given:
        if not isinstance(one, dict) or not isinstance(one.get("name"), str):
            raise RegistryUnusable("a [[model]] row needs a name")
        under = dict(rows.get(one["name"], {}))
        if "base" in one and one["base"] != under.get("base"):
            if one["base"] not in rows or one["base"] == one["name"]:
                raise RegistryUnusable(f"the base of {one['name']} is no row above it")
            under = {k: v for k, v in rows[one["base"]].items() if k not in _ITS_OWN}
        if not isinstance(one.get("source", {}), dict):
            raise RegistryUnusable(f"{one['name']}: source is a table of attributes")
        source = {**under.get("source", {}), **one.get("source", {})}
        rows[one["name"]] = {**under, **one, "source": source}


def _row(row: Mapping[str, Any]) -> ModelRow:
    try:
        return ModelRow.model_validate(row)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(p) for p in first["loc"])
        raise RegistryUnusable(f"{row['name']}: {where}: {first['msg']}") from None
