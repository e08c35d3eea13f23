"""`preround key`: the key with which Preround logs in to a FHIR server, and what is registered there of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from preround.door import Json, err, leave, write_json
from preround.failure import Declined, Unusable
from tools.fhir.smart.key import SigningKey


def key(
    file: Annotated[Path, typer.Argument(help="The private key: PEM, JWK or a JWK set.")],
    new: Annotated[bool, typer.Option("--new", help="Make one there first; never over a file that exists.")] = False,
    json: Json = None,
) -> None:
    """Show the public half of a private key as the JWK set that a FHIR server registers for SMART backend services."""

    def work() -> int:
        found = _made(file) if new else _read(file)
        write_json(found.public_jwks, json or "-")
        if json != "-":
            err.print(
                f"Register this at the FHIR server ({found.algorithm}, key id {found.key_id}); then set "
                f"PREROUND_FHIR_CLIENT_ID, and PREROUND_FHIR_KEY={file}",
                markup=False,
            )
        return 0

    leave(work, json=json)


def _made(file: Path) -> SigningKey:
    made = SigningKey.made()
    try:
        # Nobody else may read it, not even for a moment, and a key in use is never overwritten.
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Declined(f"{file} exists already, and a key is never overwritten; name another file") from None
    except OSError as error:
        raise Unusable(f"{file} cannot be written ({error.strerror}); name another file") from error
    with os.fdopen(handle, "w", encoding="ascii") as opened:
        opened.write(made.pem)
    return made


def _read(file: Path) -> SigningKey:
    try:
        return SigningKey.read(file.read_text(encoding="ascii"))
    except (OSError, UnicodeDecodeError) as error:
        raise Unusable(f"{file} cannot be read as a key; name its file, or make one with --new") from error
