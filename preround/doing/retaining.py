"""What is kept for how long: the rule of this site, and rounds removed by it, some at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from preround.failure import Declined, Unusable
from preround.home import checkpoints_of
from preround.settings import Settings
from review.reasons import reasons
from store.database import Database
from store.retention import Gone, Rule, compact, purge_some


def rule_of(settings: Settings, now: datetime, days: int | None = None) -> Rule:
    """What may go now.

    Args:
        settings: with the days that the site keeps rounds.
        now: wall time.
        days: keep them for so long, where that is longer.

    Raises:
        Unusable: nobody says for how long.
        Declined: it would keep them for less time than the site does.
    """
    site = settings.retention_days
    if days is None and site is None:
        raise Unusable("Nothing says how long rounds are kept; set PREROUND_RETENTION_DAYS, or say --older-than DAYS")
    if days is not None and site is not None and days < site:
        raise Declined(f"This site keeps closed rounds for {site} days (PREROUND_RETENTION_DAYS); say no fewer")
    kept = days if days is not None else site
    codes = frozenset(reason.code for reason in reasons() if reason.incident or reason.pauses)
    return Rule(before=now - timedelta(days=kept or 0), keep_codes=codes)


async def purged(settings: Settings, db: Database, rule: Rule, *, person: str, now: datetime) -> AsyncIterator[Gone]:
    """Remove what is over; cut off, it goes on where it was.

    Args:
        settings: where LangGraph's steps are.
        db: the state.
        rule: what may go.
        person: who had it done.
        now: wall time.

    Yields:
        What went, after each transaction.
    """
    async with checkpoints_of(settings, db) as checkpoints:
        while True:
            with db.write() as connection:
                gone, ids = purge_some(connection, rule, person=person, now=now)
            if gone == Gone():
                break
            for run_id in ids:
                # Gone since the round closed, but where the database was away at that moment.
                await checkpoints.adelete_thread(run_id)
            yield gone
    compact(db)
