"""Prompts as Markdown files; their hash goes into the ledger of each round."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib import resources


@lru_cache(maxsize=32)
def prompt(name: str) -> str:
    """The text of a prompt file, such as ``rules``."""
    return resources.files("agents.prompts").joinpath(f"{name}.md").read_text(encoding="utf-8").strip()


def prompts_sha256(*names: str) -> str:
    """The hash of some prompt files together."""
    return hashlib.sha256("\0".join(prompt(n) for n in names).encode()).hexdigest()
