"""`preround rekey`: seal the state again under the newest key."""

from __future__ import annotations

from preround.door import Json, err, leave, out, settings_with, write_json
from preround.failure import Unusable
from preround.home import open_database
from store.keyring import rekey as sealed_again
from store.keyring import sealed_counts
from store.vault import vault_of


def rekey(json: Json = None) -> None:
    """Encrypt everything in the state under the first key of PREROUND_STATE_KEY; afterwards the others are not needed.

    To change the key: make one (`openssl rand -base64 32`), put it before the old one with a comma between them, have
    every process started again, and call this. It also encrypts what was kept before there was a key. Rounds go on
    meanwhile; cut off, it goes on with the next call.

    Exit codes: 0 done · 2 there is no key, or one is missing that something is encrypted under.
    """

    def work() -> int:
        db = open_database(settings_with())
        try:
            with db.read() as connection:
                head = vault_of(connection).head
            if head is None:
                raise Unusable("There is no key; set PREROUND_STATE_KEY, made with `openssl rand -base64 32`")
            rows = 0
            with err.status("Sealing…") as status:
                for done in sealed_again(db):
                    rows += done
                    status.update(f"Sealing: {rows} rows")
            db.compact(("artifacts", "outbox", "runs", "batches", "holds", "switches", "incident_acts"))
            with db.read() as connection:
                artifacts = sum(sealed_counts(connection).values())
        finally:
            db.close()
        if json is not None:
            write_json({"key": head, "sealed_again": rows, "artifacts": artifacts}, json)
        if json != "-":
            out.print(
                f"{rows} rows were sealed again; all {artifacts} artifacts are under the key {head}.", markup=False
            )
        return 0

    leave(work, json=json)
