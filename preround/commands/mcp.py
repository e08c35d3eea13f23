"""`preround mcp`: one patient's chart as tools for an agent, over the Model Context Protocol."""

from __future__ import annotations

import secrets
from typing import Annotated

import typer

from preround.doing import rounds
from preround.door import Fhir, enter, err
from preround.model_context.held import HeldPatient
from preround.model_context.http import serve_http
from preround.model_context.server import server_of
from preround.shown.instant import instant
from preround.wiring import House


def mcp(
    patient: Annotated[str, typer.Option("--patient", metavar="ID", help="The patient; fixed until it is stopped.")],
    http: Annotated[bool, typer.Option("--http", help="Streamable HTTP on this machine in place of stdio.")] = False,
    port: Annotated[int, typer.Option(help="Its port; 0 takes a free one.", min=0, max=65535)] = 8010,
    as_of: Annotated[
        str | None, typer.Option(metavar="DATETIME", help="Clinical now; later facts are not seen.")
    ] = None,
    fhir: Fhir = None,
) -> None:
    """Offer one patient's chart to an agent over the Model Context Protocol (MCP), on stdin and stdout.

    Its tools read the chart manifest, facts, trends, guidelines and literature. `propose` is the only way towards a
    write: it puts a draft into the review queue, and a person decides with `preround decide`. Over HTTP the key that
    is printed at start, or PREROUND_MCP_KEY, is needed.
    """

    async def work(house: House) -> int:
        found = rounds.patient_id(patient)
        await rounds.known(house, found)
        server = server_of(HeldPatient(house, found, as_of=instant(as_of) if as_of else None))
        if not http:
            await server.run_stdio_async()
            return 0
        own = house.settings.mcp_key
        key = own.get_secret_value() if own else secrets.token_urlsafe(32)

        def say(address: str) -> None:
            err.print(f"MCP server: {address}  (stop with Ctrl-C)", markup=False)
            if own is None:
                err.print(f"Its key, for Authorization: Bearer: {key}", markup=False)

        await serve_http(server, port=port, key=key, say=say)
        return 0

    enter(work, fhir=fhir, reporting=True)
