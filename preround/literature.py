"""The literature that the settings allow: where the local index lies, and which sources may be asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Literal

from preround.settings import Settings
from tools.fhir.transport import Transport
from tools.literature.errors import SourceOff
from tools.literature.remote.cache import Cache
from tools.literature.remote.connection import Connection
from tools.literature.remote.europe_pmc import EuropePmc
from tools.literature.remote.pubmed import PubMed
from tools.literature.remote.terms_of_use import europe_pmc_terms, pubmed_terms
from tools.literature.shelf import Shelf
from tools.literature.source import Source

RemoteName = Literal["pubmed", "europepmc"]


def index_path(settings: Settings) -> Path:
    """Where the local index lies, or would lie."""
    return settings.literature_index or settings.home / "literature.sqlite"


def _as_it_is(transport: Transport | None) -> Transport | None:
    return transport


async def opened(
    settings: Settings,
    name: RemoteName,
    stack: AsyncExitStack,
    around: Callable[[Transport | None], Transport | None] = _as_it_is,
) -> Source:
    """A source that the settings allow; its connection and its cache close with the stack.

    Raises:
        SourceOff: the settings do not allow it, or lack what it asks for.
        IndexUnusable: the file of kept answers is something else.
    """
    if name not in settings.literature_sources:
        raise SourceOff
    days, email = settings.literature_cache_days, settings.literature_email
    if name == "pubmed":
        key = settings.literature_key.get_secret_value() if settings.literature_key else None
        terms = pubmed_terms(email=email, key=key, address=settings.literature_pubmed, cache_days=days)
    else:
        terms = europe_pmc_terms(email=email, address=settings.literature_europepmc, cache_days=days)
    cache = Cache(settings.home / "literature-answers.sqlite")
    stack.callback(cache.close)
    connection = await stack.enter_async_context(Connection(terms, transport=around(None)))
    return (PubMed if name == "pubmed" else EuropePmc)(connection, cache=cache)


@asynccontextmanager
async def shelf_of(
    settings: Settings, around: Callable[[Transport | None], Transport | None] = _as_it_is
) -> AsyncIterator[Shelf]:
    """What rounds may look into.

    Raises:
        LiteratureError: the settings allow a source and lack what it asks for.
    """
    async with AsyncExitStack() as stack:
        sources = [await opened(settings, name, stack, around) for name in settings.literature_sources]
        yield Shelf(index_path(settings), sources)
