"""What Preround says of itself on a server: Tasks of its queue and its audit events. It can write nothing else."""

from __future__ import annotations

from typing import Unpack

from tools.fhir.connection import Reach
from tools.fhir.errors import FhirGone, FhirNotFound, WriteConflict
from tools.fhir.holdings import REMOVED, Holdings
from tools.fhir.stored import WriteEntry
from tools.fhir.wire import Resource
from tools.fhir.write import FhirWriter
from tools.fhir.write_policy import WritePolicy


class Reporter(FhirWriter):
    """A writer under a policy of its own, which no setting changes: `async with Reporter("https://host/fhir") as r: …`.

    Args:
        base_url: the server's FHIR base, such as `https://host/fhir`.
        reach: how it is reached.
    """

    def __init__(self, base_url: str, **reach: Unpack[Reach]) -> None:
        super().__init__(base_url, policy=WritePolicy.reports(), **reach)

    async def current(self, entry: WriteEntry, *, known: str | None = None) -> Resource | None:
        """What the server holds now where this entry belongs, whatever it says; None when there is nothing.

        Args:
            entry: with our id and key.
            known: the id under which the server had it, where that is known.

        Raises:
            WriteConflict: it was removed there, or more than one carries our key.
            FhirRefused, FhirGarbled, FhirUnreachable: the server did not let us look.
        """
        if known is None:
            return await Holdings(self._client, await self._client.capabilities(), [entry]).current(entry)
        try:
            return await self._client.read(entry.resource["resourceType"], known)
        except FhirGone:
            raise WriteConflict(REMOVED) from None
        except FhirNotFound:
            return None
