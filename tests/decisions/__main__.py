"""`python -m tests.decisions`: racing reviewers, tampered proposals, an edited audit table; 10,000 of each a store.

docs/durability.md says what is counted. `--bare` shows which edits of the audit table are not found without the state's
key or the noted heads.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from store.database import Database
from tests.decisions.edits import Edits
from tests.decisions.ground import KEY, ground
from tests.decisions.races import raced
from tests.decisions.tampered import Tampering
from tests.orderly import orderly
from tests.postgres import running

MEMORY = Path("/dev/shm")  # noqa: S108 - every commit of a database waits for the disk, thousands of times over
BARE = (("the key and the noted heads", True, True), ("the key", True, False), ("noted heads", False, True))


def main() -> int:
    """Run them; 0 when each race had one winner, each tampering was refused and each edit found."""
    parser = argparse.ArgumentParser(prog="python -m tests.decisions", description=__doc__)
    parser.add_argument("--number", type=int, default=10_000, help="decisions, proposals and edits on each store")
    parser.add_argument("--campaign", choices=(*CAMPAIGNS, "all"), default="all")
    parser.add_argument("--store", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bare", action="store_true", help="edits that stay unfound with less to hold to")
    given = parser.parse_args()
    with orderly():
        return _campaigns(given)


def _campaigns(given: argparse.Namespace) -> int:
    if given.bare:
        _bare(given.number, given.seed)
        return 0
    stores = ("sqlite", "postgresql") if given.store == "both" else (given.store,)
    campaigns = tuple(CAMPAIGNS) if given.campaign == "all" else (given.campaign,)
    failed = 0
    for store in stores:
        for name in campaigns:
            began, cpu = time.monotonic(), time.process_time()
            clean, words = CAMPAIGNS[name](store, given.number, given.seed)
            took, spent = time.monotonic() - began, time.process_time() - cpu
            sys.stdout.write(f"{store}: {words}; {took:.0f} s, {spent:.0f} s of CPU in this process\n")
            sys.stdout.flush()
            failed += not clean
    return min(failed, 1)


def _tampered(store: str, number: int, seed: int) -> tuple[bool, str]:
    with _database(store) as (url, folder), ground(url, folder) as made:
        found = Tampering(made).run(number, seed=seed)
        wrong = {**found.accepted, **found.left, **found.idle}
        return found.clean, f"{found}{f' {wrong}' if wrong else ''}; refused by {dict(found.why)}"


def _edited(store: str, number: int, seed: int) -> tuple[bool, str]:
    with _database(store) as (url, folder), ground(url, folder) as made:
        found = Edits(made).run(number, seed=seed)
        return not found.missed, f"{found}{f', missed {dict(found.missed)}' if found.missed else ''}"


def _raced(store: str, number: int, seed: int) -> tuple[bool, str]:
    with _database(store) as (url, folder):
        found = raced(folder, None if store == "sqlite" else url, number, seed=seed)
        return found.clean, str(found)


CAMPAIGNS: dict[str, Callable[[str, int, int], tuple[bool, str]]] = {
    "edits": _edited,
    "tampered": _tampered,
    "races": _raced,
}


def _bare(number: int, seed: int) -> None:
    for words, key, noting in BARE:
        with (
            _database("sqlite") as (url, folder),
            ground(url, folder, key=KEY if key else None, noting=noting) as made,
        ):
            found = Edits(made).run(number, seed=seed)
            sys.stdout.write(f"with {words}: {found}\n")
            for kind, missed in sorted(found.missed.items()):
                sys.stdout.write(f"  not found: {kind} ({missed} of {found.kinds[kind]})\n")


@contextmanager
def _database(store: str) -> Iterator[tuple[str, Path]]:
    folder = Path(tempfile.mkdtemp(prefix="decisions", dir=MEMORY if MEMORY.is_dir() else None))
    try:
        if store == "sqlite":
            yield _ready(f"sqlite:///{folder / 'preround.sqlite'}"), folder
            return
        with running() as server:
            yield _ready(server.new(name="decisions")), folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _ready(url: str) -> str:
    database = Database(url)
    database.migrate()
    database.close()
    return url


if __name__ == "__main__":
    sys.exit(main())
