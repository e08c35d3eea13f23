"""The project's files as git lists them, or, in an export without git, as they lie."""

import subprocess
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
_MADE = {".venv", "node_modules", ".git", ".preround", "__pycache__", ".mypy_cache", ".ruff_cache", ".hypothesis"}


@cache
def tracked() -> tuple[Path, ...]:
    """Every file of the project that exists, relative to its root: tracked, and new ones that git does not ignore."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        names = [Path(name) for name in listed.stdout.split("\0") if name]
    else:
        names = [p.relative_to(ROOT) for p in ROOT.rglob("*")]
    return tuple(sorted(p for p in set(names) if not _MADE & set(p.parts) and (ROOT / p).is_file()))


def modules() -> tuple[Path, ...]:
    """Every Python module."""
    return tuple(p for p in tracked() if p.suffix == ".py")


def program() -> tuple[Path, ...]:
    """Every Python module that is not a test."""
    return tuple(p for p in modules() if p.parts[0] != "tests")


@cache
def pyproject() -> dict[str, Any]:
    """pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def text_of(path: Path) -> str | None:
    """A file's text; ``None`` for what is not text."""
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None
