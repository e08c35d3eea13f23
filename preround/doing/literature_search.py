"""Looking for passages to cite: in the local index, or in a source over the network that the settings allow."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import asdict
from datetime import datetime
from typing import Any

from preround.failure import Unusable
from preround.literature import RemoteName, index_path, opened
from preround.settings import Settings
from tools.literature.concept import query_in
from tools.literature.local_index import LocalIndex
from tools.literature.passage import Found


async def search(
    settings: Settings, text: str, *, source: RemoteName | None = None, limit: int = 5, now: datetime
) -> Found:
    """Look for passages.

    Args:
        settings: where the index lies, and which sources may be asked.
        text: words of a question; over the network only the concepts of our own tables in it are asked about.
        source: a source over the network; the local index without one.
        limit: how many passages.
        now: when it is asked; kept answers carry it.

    Raises:
        LiteratureError: there is no index, or the source is off, away or garbled.
        Unusable: over the network, and the words name nothing of our tables.
    """
    if source is None:
        return await asyncio.to_thread(_local, settings, text, limit)
    query = query_in(text)
    if query is None:
        raise Unusable(
            "Over the network only problems and medicines of Preround's own tables are asked about, and the query "
            "names none; name one, or search the local index without --source"
        )
    async with AsyncExitStack() as stack:
        return await (await opened(settings, source, stack)).find(query, limit=limit, now=now)


def _local(settings: Settings, text: str, limit: int) -> Found:
    with LocalIndex(index_path(settings)) as index:
        return index.search(text, limit=limit)


def found_json(found: Found) -> dict[str, Any]:
    """What was found, as `literature search --json` gives it."""
    passages = [
        {
            **{k: v for k, v in asdict(p).items() if k != "sentences"},
            "sha256": p.sha256,
            "score": round(p.score, 4),
            "sentences": [{"id": s.id, "text": s.text} for s in p.addressed],
        }
        for p in found.passages
    ]
    return {
        "source": found.source,
        "asked": found.asked,
        "total": found.total,
        "truncated": found.truncated,
        "withheld": list(found.withheld),
        "read_as": [{"word": a, "read_as": b} for a, b in found.read_as],
        "fetched": found.fetched.isoformat() if found.fetched else None,
        "passages": passages,
    }
