"""`python -m tests.kill --points 10000`: the whole campaign, on both stores, with its figures.

docs/durability.md says what is counted.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from pydantic import SecretStr

from preround.settings import Settings
from store.database import Database
from tests.acceptance.homes import loaded_home
from tests.acceptance.lives import all_ended
from tests.kill.campaign import CHUNK, Campaign
from tests.kill.point import points
from tests.kill.tally import Tally
from tests.orderly import orderly
from tests.postgres import running

LEAST = 40
"""A life that approves a round passes more places."""
MEMORY = Path("/dev/shm")  # noqa: S108 - every commit of a database waits for the disk, thousands of times over


def main() -> int:
    """Run it; 0 when nothing was lost, doubled, written after a rejection or asked again."""
    parser = argparse.ArgumentParser(prog="python -m tests.kill", description=__doc__)
    parser.add_argument("--points", type=int, default=2000, help="so many on each store")
    parser.add_argument("--store", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="FILE", help="the figures and the points that went wrong")
    given = parser.parse_args()
    stores = ("sqlite", "postgresql") if given.store == "both" else (given.store,)
    with orderly():
        found = {store: _campaign(store, given.points, given.seed) for store in stores}
    if given.json is not None:
        given.json.write_text(json.dumps({store: asdict(tally) for store, tally in found.items()}), encoding="utf-8")
    return 0 if all(tally.clean for tally in found.values()) else 1


def _campaign(store: str, number: int, seed: int) -> Tally:
    with _home(store) as settings, all_ended():
        campaign = Campaign(settings)
        places = campaign.places()
        if places <= LEAST:
            raise SystemExit(f"A life passes {places} places: are they still counted?")
        began = time.monotonic()
        chosen = list(points(number, places=places, seed=seed, spread=True))
        for at in range(0, number, CHUNK):
            campaign.run(chosen[at : at + CHUNK])
            sys.stderr.write(f"\r{store}: {campaign.tally}")
        took = time.monotonic() - began
        sys.stdout.write(f"\n{store}: {places} places a life; {campaign.tally}; {took:.0f} s\n")
        for name in ("lost", "twice", "after_no", "asked_again"):
            for one in getattr(campaign.tally, name)[:10]:
                sys.stdout.write(f"  {name}: {one}\n")
        return campaign.tally


@contextmanager
def _home(store: str) -> Iterator[Settings]:
    base = Path(tempfile.mkdtemp(prefix="kill", dir=MEMORY if MEMORY.is_dir() else None))
    try:
        home = loaded_home(base)
        if store == "sqlite":
            yield Settings(home=home, sandbox_audit=False)
            return
        with running() as server:
            url = server.new(name="kill")
            database = Database(url)
            database.migrate()
            database.close()
            yield Settings(home=home, sandbox_audit=False, database_url=SecretStr(url))
    finally:
        shutil.rmtree(base, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
