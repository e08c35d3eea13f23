"""The HTTP addresses: the API from its OpenAPI description, the pages and the rest from their routes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from preround.reference.schema_page import holds
from preround.reference.writing import code, heading, table
from preround.settings import Settings
from preround.web.api_docs import Operation, operations
from preround.web.app import create_web
from preround.wiring import open_house

_WORDS = """What `preround serve` answers to who has come in: a person by the link that it prints, a program by
`Authorization: Bearer` with `PREROUND_ACCESS_KEY` ([how](../how-to/secure.md)). Anybody else gets 401, and too many
requests 429, everywhere but at `/healthz`, `/readyz` and the way in. A running server describes its API at
`/api/docs` and `/api/openapi.json`. Answers are JSON as the commands give it with `--json`; a failure is
`application/problem+json` with an OperationOutcome in it. CDS Hooks have proofs of their own
([how](../how-to/cds-hooks.md)). Another site's page is refused (403), another name in `Host` too (421)."""


async def http_page() -> str:
    """Every address."""
    with tempfile.TemporaryDirectory() as folder:
        here = Settings(home=Path(folder), fhir=None, database_url=None, reasoner="offline", guidelines=(), policy=None)
        async with open_house(here) as house:
            app = create_web(house)
            document, routes = app.openapi(), tuple(_routes(app))
    parts = [heading("HTTP", _WORDS), "## The API\n"]
    parts += [_section(one) for one in operations(document)]
    parts += [
        "## Pages and the rest\n",
        table(("address", "gives"), routes),
        "`/fhir` is the embedded FHIR R4 sandbox, where the settings name no server; `/fhir/metadata` says what it "
        "has.\n",
    ]
    return "\n".join(parts)


def _section(one: Operation) -> str:
    rows = (
        (code(field.name), field.where, holds(field.schema), "yes" if field.required else "", field.words)
        for field in one.fields
    )
    return f"### {one.method} {one.path}\n\n{one.summary}\n\n{table(('give', 'in', 'holds', 'required', 'is'), rows)}"


def flat(routes: Iterable[Any]) -> Iterator[APIRoute]:
    """The routes of routers that were included, too; a mounted application's are its own matter."""
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        elif (included := getattr(route, "original_router", None)) is not None:
            yield from flat(included.routes)


def _routes(app: FastAPI) -> Iterator[tuple[str, str]]:
    for route in flat(app.routes):
        if not route.include_in_schema:
            said = (route.endpoint.__doc__ or "").partition("\n")[0]
            for method in sorted(route.methods or ()):
                yield code(f"{method} {route.path}"), said
