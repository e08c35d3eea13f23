"""What a site says of pictures: the table `[imaging]` of `preround.toml`."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, SecretStr


class Imaging(BaseModel):
    """The room in which pictures are read: the table `[imaging]` of `preround.toml`."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    enabled: bool = False
    """Whether pictures are read here at all: a device function, and the site's decision."""
    archive: str | None = None
    """DICOMweb root of the image archive, under which `/studies` lies."""
    archive_token: SecretStr | None = None
    """Bearer token for it; sent to its origin and nowhere else."""
    archive_user: str | None = None
    """User name, where the archive wants HTTP Basic authentication."""
    archive_password: SecretStr | None = None
    """The password for that user name."""
    model: str = "medgemma-1.5-4b-it"
    """The row of the model registry that sees."""
    model_url: str | None = None
    """The OpenAI-compatible server that serves it; `PREROUND_MODEL_URL` without one."""
    model_served: str | None = None
    """Its name there, where it is not the row's."""
    model_revision: str | None = None
    """The commit of its weights that this site pins."""
    model_path: Path | None = None
    """Folder with its weights, to run it in this process in place of a server."""
    sort_model: str = "medsiglip-448"
    """The row of the model registry that sorts pictures and finds similar ones."""
    sort_path: Path | None = None
    """Folder with its weights; pictures are not sorted without one."""
