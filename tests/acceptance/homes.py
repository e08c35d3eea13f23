"""Homes with a loaded sandbox, the command line on them, and what their server holds."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from fhir_fixtures import PATIENTS
from fhir_fixtures.bundles import bundles
from fhir_fixtures.loading import load_story
from preround.cli import app
from preround.doing.load import load
from preround.home import open_database, sandbox_app
from preround.settings import Settings
from preround.wiring import SANDBOX_URL
from store.database import Transaction
from tools.fhir import wire
from tools.fhir.transport import in_process

_STORY = load_story(PATIENTS / "diabetes-ckd.yaml")
PATIENT = f"fx-{_STORY.story}-patient"
"""An invented patient for whom a round drafts a summary, a comparison and suggestions."""
AS_OF = _STORY.now.isoformat()
"""Clinical now of that patient's story."""
SYNTHEA = Path(os.environ.get("PREROUND_TEST_DATA", Path(__file__).parents[2] / ".." / "shared" / "data")) / "synthea"
needs_synthea = pytest.mark.skipif(not SYNTHEA.is_dir(), reason="test data `synthea` is not here (PREROUND_TEST_DATA)")
SECONDS = 300
"""No command of these tests takes so long."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ran:
    """One command that ended."""

    code: int
    """Its exit code."""
    out: str
    """Its stdout."""
    err: str
    """Its stderr."""

    @property
    def json(self) -> Any:
        """Its stdout as JSON."""
        return json.loads(self.out)


@dataclass(frozen=True, kw_only=True, slots=True)
class Home:
    """A folder that Preround keeps its state in, and the commands that run on it."""

    path: Path
    """`PREROUND_HOME`."""
    more: Mapping[str, str]
    """Further environment."""

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """Start a command; whoever starts it ends it."""
        return subprocess.Popen(
            [sys.executable, "-m", "preround", *map(str, arguments)],
            env=self.environment,
            cwd=self.path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def preround(self, *arguments: str | Path, expect: int = 0) -> Ran:
        """Run a command to its end, in this process; its exit code must be the expected one."""
        ran = _called(self, [str(one) for one in arguments])
        assert ran.code == expect, (arguments, ran)
        return ran

    def json(self, *arguments: str | Path) -> Any:
        """What a command that ends well gives as JSON."""
        return self.preround(*arguments, "--json", "-").json

    def refused(self, *arguments: str | Path, expect: int) -> str:
        """The sentence of a command that must fail, which is the same on stderr and as an OperationOutcome."""
        ran = self.preround(*arguments, "--json", "-", expect=expect)
        (issue,) = ran.json["issue"]
        assert (ran.json["resourceType"], issue["severity"]) == ("OperationOutcome", "error")
        (line,) = [line for line in ran.err.splitlines() if line.strip()]
        assert line == f"Error: {issue['details']['text']}"
        assert "Traceback" not in ran.err
        return line

    def draft(self, *arguments: str) -> Any:
        """A round of the invented patient, up to its approval."""
        found = self.json("run", PATIENT, "--as-of", AS_OF, *arguments)
        assert found["status"] == "awaiting_review"
        return found

    @property
    def environment(self) -> dict[str, str]:
        """The environment of its commands: this one's, without anybody's settings."""
        plain = {k: v for k, v in os.environ.items() if not k.startswith(("PREROUND_", "LANG", "COVERAGE", "COV_"))}
        plain |= {"PREROUND_HOME": str(self.path), "NO_COLOR": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
        return {**plain, **self.more}

    @property
    def settings(self) -> Settings:
        """The same settings for a house in this process."""
        url, key = self.more.get("PREROUND_DATABASE_URL"), self.more.get("PREROUND_STATE_KEY")
        return Settings(
            home=self.path,
            database_url=SecretStr(url) if url else None,
            state_key=SecretStr(key) if key else None,
        )

    @contextlib.contextmanager
    def state(self) -> Iterator[Transaction]:
        """A transaction on its state, past its own code."""
        database = open_database(self.settings)
        try:
            with database.write() as connection:
                yield connection
        finally:
            database.close()

    def stored(self) -> dict[str, Any]:
        """Everything but its own trail that the sandbox holds now, by `Type/id`, read past its code from its file."""
        query = (
            "SELECT v.type || '/' || v.id, v.body FROM resource r JOIN version v ON v.seq = r.seq "
            "WHERE NOT r.deleted AND v.type != 'AuditEvent'"
        )
        with contextlib.closing(sqlite3.connect(self.path / "sandbox.sqlite")) as sandbox:
            return {name: wire.parse(body) for name, body in sandbox.execute(query)}

    def put(self, *resources: wire.Resource) -> None:
        """Write resources into the sandbox as somebody else would."""
        folder = Path(tempfile.mkdtemp(dir=self.path))
        (folder / "put.ndjson").write_bytes(b"\n".join(wire.dump(resource) for resource in resources))
        loaded(self.path, folder)


def _called(home: Home, arguments: list[str]) -> Ran:
    """What the `preround` program does with these arguments, without the seconds that a new process takes to import."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    before = dict(os.environ)
    try:
        os.environ.clear()
        os.environ.update(home.environment)
        with contextlib.chdir(home.path), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = _exit_code(arguments)
    finally:
        os.environ.clear()
        os.environ.update(before)
    texts = []
    for stream in (out, err):
        stream.flush()
        texts.append(stream.buffer.getvalue().decode())
    return Ran(code=code, out=texts[0], err=texts[1])


def _exit_code(arguments: list[str]) -> int:
    try:
        app(arguments, prog_name="preround")
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else 1
    return 0


def finish(process: subprocess.Popen[str]) -> Ran:
    """Wait for a command's end."""
    try:
        out, err = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
    return Ran(code=process.returncode, out=out, err=err)


def copied(template: Path, to: Path, **more: str) -> Home:
    """A home of a test's own."""
    shutil.copytree(template, to)
    return Home(path=to, more=more)


@cache
def loaded_home(base: Path) -> Path:
    """A home whose sandbox holds the invented patients; made once below the session's folder, to be copied."""
    folder = base / "bundles"
    folder.mkdir()
    for name, body in bundles():
        (folder / f"{name}.json").write_bytes(body)
    return loaded(base / "loaded", folder)


@cache
def drafted_home(base: Path) -> tuple[Path, str]:
    """The same with a round that waits for its review, and the id of its item."""
    home = copied(loaded_home(base), base / "drafted")
    return home.path, home.draft()["review_item"]


@cache
def synthea_home(base: Path) -> Path:
    """A home whose sandbox holds the Synthea charts."""
    return loaded(base / "synthea", SYNTHEA)


def loaded(home: Path, source: Path) -> Path:
    """A home whose sandbox holds what lies in a folder."""
    sandbox = sandbox_app(Settings(home=home))
    asyncio.run(load([source], base_url=SANDBOX_URL, transport=in_process(sandbox)))
    sandbox.state.database.close()  # type: ignore[attr-defined]
    return home


def references(value: Any) -> Iterator[str]:
    """Every literal reference in a resource."""
    if isinstance(value, dict):
        for name, member in value.items():
            if name == "reference" and isinstance(member, str):
                yield member
            else:
                yield from references(member)
    elif isinstance(value, list):
        for member in value:
            yield from references(member)
