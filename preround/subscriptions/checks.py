"""What `preround doctor` says of rounds that begin by themselves."""

from __future__ import annotations

from datetime import datetime, timedelta

from preround.clock import WallClock
from preround.home import open_database
from preround.settings import Settings
from preround.subscriptions.rules import load_rules
from preround.wiring import SANDBOX_URL
from store import watches
from store.watches import Watch

LATE = 3
"""So many turns without a look are too many."""
HOW_TO = "docs/how-to/subscriptions.md"


def checked(settings: Settings) -> tuple[bool, str]:
    """Whether they begin as they should, and what to do where they don't."""
    if not settings.subscriptions.enabled:
        return True, f"off: no round begins by itself ({HOW_TO})"
    try:
        return _watched(settings)
    except Exception as error:  # whatever is wrong with the rules or the state, doctor says it
        return False, " ".join(str(error).split())


def _watched(settings: Settings) -> tuple[bool, str]:
    site = settings.subscriptions
    rules = load_rules(site.rules).rule
    server = (settings.fhir or SANDBOX_URL).rstrip("/")
    db = open_database(settings)
    try:
        with db.read() as connection:
            found = {one.rule: one for one in watches.every(connection, server=server)}
    finally:
        db.close()
    named = [one.name for one in rules]
    told = [name for name in named if name in found and found[name].secret_sha256]
    now = WallClock().now()
    problems = [f"{name}: {why}" for name in named if (why := wrong(found.get(name), site.poll_seconds, now=now))]
    if not site.poll_seconds and len(told) < len(named):
        problems.append("nobody asks and not every rule is told of; run `preround subscribe add` or set poll_seconds")
    if problems:
        return False, "; ".join(problems)
    return True, f"{len(named)} rules, {len(told)} told by subscription; {_asked(site.poll_seconds)}"


def wrong(watch: Watch | None, poll_seconds: float, *, now: datetime) -> str | None:
    """What is wrong with how a rule is watched, and what to do; None where nothing is.

    Args:
        watch: how far watching got.
        poll_seconds: how often the server is asked in turn.
        now: wall time.
    """
    if watch is None or watch.looked is None:
        return "never looked at; start `preround serve` or `preround watch`"
    if watch.problem:
        return watch.problem
    ago = now - watch.looked
    if poll_seconds and ago > timedelta(seconds=max(60.0, LATE * poll_seconds)):
        return f"last looked at {watch.looked:%Y-%m-%d %H:%M} UTC; see that `preround serve` or `preround watch` runs"
    return None


def _asked(seconds: float) -> str:
    return f"asked every {seconds:g} s" if seconds else "never asked in turn"
