"""The only code that writes to a record: what was signed, once, read back and compared. It cannot delete."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Unpack

from tools.fhir import outcome, wire, write_key
from tools.fhir.capabilities import Capabilities
from tools.fhir.connection import Method, Reach
from tools.fhir.errors import (
    NOT_TAKEN,
    FhirError,
    FhirNotFound,
    FhirUnreachable,
    WriteForbidden,
    WriteRefused,
    WriteStale,
)
from tools.fhir.holdings import Holdings
from tools.fhir.sending import Sending
from tools.fhir.stored import Stored, WriteEntry, holds, references, renamed
from tools.fhir.wire import Resource
from tools.fhir.write_policy import WritePolicy

_LOOK_AGAIN = frozenset({409, 412})
"""Statuses after which the resource may be there all the same: look it up, then decide."""


@dataclass(kw_only=False, slots=True)
class _OnItsWay:
    """One group on its way."""

    holdings: Holdings
    """What of it the server holds."""
    together: bool
    """Whether it may go as one transaction."""


class FhirWriter(Sending):
    """Writes groups of signed resources: `async with FhirWriter("https://host/fhir") as writer: …`."""

    def __init__(self, base_url: str, *, policy: WritePolicy | None = None, **reach: Unpack[Reach]) -> None:
        """Prepare a writer; nothing is sent yet.

        Args:
            base_url: the server's FHIR base, such as `https://host/fhir`.
            policy: what may be written; None for our own.
            reach: how it is reached.

        Raises:
            BadAddress: the base URL is not usable.
        """
        super().__init__(base_url, **reach)
        self._policy = policy or WritePolicy.own()
        self._limits = self._connection.limits

    async def find(self, group: Sequence[WriteEntry]) -> dict[str, Stored]:
        """Which entries the server already holds, by key; an entry that is not in the answer was never written.

        Raises:
            WriteStale: an update's resource was changed by somebody else.
            WriteConflict: something else is at an entry's id.
            FhirRefused, FhirGarbled: the server did not let us look.
            FhirUnreachable: no answer within the limits.
        """
        holdings = Holdings(self._client, await self._client.capabilities(), group)
        await holdings.look()
        return holdings.found

    async def write_once(self, group: Sequence[WriteEntry]) -> tuple[Stored, ...]:
        """Bring a group to the server once, however often this is called, and say what is stored, in the group's order.

        Looks first, sends what is missing (together where the server has transactions), and after any doubt looks
        again before it sends again. Returns only what was read back and found equal to what was meant.

        Args:
            group: what belongs together; keys and references are unique.

        Raises:
            WriteForbidden: the policy does not allow an entry, or two entries are one; nothing was sent.
            WriteStale: an update's resource was changed by somebody else.
            WriteConflict: something else is at an entry's id, or the server stored something else.
            WriteRefused: the server refused, in its own words.
            FhirUnreachable, FhirGarbled: no answer within the limits, or none that can be read; call again later,
                nothing is written twice.
        """
        if len({e.key for e in group}) < len(group) or len({e.reference for e in group}) < len(group):
            msg = "A group names one key or one resource twice: give each entry its own."
            raise WriteForbidden(msg)
        for entry in group:
            await self._check(entry)
        capabilities = await self._client.capabilities()
        sending = _OnItsWay(Holdings(self._client, capabilities, group), "transaction" in capabilities.interactions)
        try:
            await self._brought(sending, capabilities)
        except WriteRefused as refused:
            refused.stored = dict(sending.holdings.found)
            raise
        return tuple(sending.holdings.found[entry.key] for entry in group)

    async def _brought(self, sending: "_OnItsWay", capabilities: Capabilities) -> None:
        """Send, look and send again, until the server holds the group or will not have it."""
        holdings = sending.holdings
        doubt: FhirError | None = None
        tries = 0
        while True:
            before = len(holdings.found)
            await holdings.look()
            if not holdings.missing:
                return
            tries = 0 if len(holdings.found) > before else tries
            if tries >= self._limits.attempts:
                raise doubt or WriteRefused
            if doubt is not None:
                await asyncio.sleep(min(self._limits.longest_wait_seconds, self._limits.backoff_seconds * 2**tries))
            tries += 1
            try:
                doubt = await self._send(sending, capabilities)
            except FhirUnreachable as lost:
                doubt = lost

    async def _check(self, entry: WriteEntry) -> None:
        """Refuse what the policy does not allow; what the server held before may come back as it was.

        Raises:
            WriteForbidden: it is not allowed, or is not the version that it says it brings back.
            FhirNotFound, FhirRefused, FhirGarbled, FhirUnreachable: that version could not be read.
        """
        kind, name = entry.resource["resourceType"], entry.resource["id"]
        if entry.if_match is None:
            self._policy.check(entry.resource)
            return
        if entry.restores is None:
            try:
                self._policy.check(entry.resource, base=await self._client.read(kind, name))
            except FhirNotFound:
                raise WriteStale from None
            return
        self._policy.rule(entry.resource)
        if not holds(await self._client.vread(kind, name, entry.restores), entry.resource):
            msg = "What was signed is not the earlier version that it should bring back: prepare the undo again."
            raise WriteForbidden(msg)

    async def _send(self, sending: "_OnItsWay", capabilities: Capabilities) -> FhirError | None:
        """Send what is missing; gives the reason for doubt where the server's answer leaves any."""
        holdings = sending.holdings
        missing = holdings.missing
        chosen = all(holdings.chooses_id(entry) for entry in missing)
        if chosen and len(missing) > 1 and sending.together:
            try:
                return await self._request("POST", "", self._transaction(missing), {})
            except WriteRefused as refused:
                if refused.status not in NOT_TAKEN:
                    raise
                # Which of them it will not have is only to be learnt one by one; nothing of the bundle was done.
                sending.together = False
                return refused
        ready = holdings.ready()
        if not ready and not chosen:
            msg = (
                "The resources refer to each other in a circle, which this server can't take: write them one way round."
            )
            raise WriteRefused(msg)
        for entry in ready or missing:
            try:
                if holdings.chooses_id(entry):
                    doubt = await self._put(entry)
                else:
                    doubt = await self._create(entry, holdings.names, capabilities)
            except WriteRefused as refused:
                refused.key = entry.key
                # What was sent before it may stand there already, and counts.
                await holdings.look()
                raise
            if doubt is not None:
                return doubt
        return None

    async def _put(self, entry: WriteEntry) -> FhirError | None:
        match = {"If-None-Match": "*"} if entry.if_match is None else {"If-Match": f'W/"{entry.if_match}"'}
        return await self._request("PUT", entry.reference, wire.unversioned(entry.resource), match)

    async def _create(
        self, entry: WriteEntry, names: Mapping[str, str], capabilities: Capabilities
    ) -> FhirError | None:
        kind = entry.resource["resourceType"]
        if not capabilities.of(kind).conditional_create:
            msg = f"The FHIR server neither takes ids for {kind} nor creates on condition: it can't be written safely."
            raise WriteRefused(msg)
        body = write_key.keyed(renamed(wire.unversioned(entry.resource), names), entry)
        del body["id"]
        return await self._request("POST", kind, body, {"If-None-Exist": write_key.header(entry)})

    def _transaction(self, entries: Sequence[WriteEntry]) -> Resource:
        return {
            "resourceType": "Bundle",
            "type": "transaction",
            "entry": [
                {
                    "fullUrl": f"{self._client.base_url}/{entry.reference}",
                    "resource": wire.unversioned(entry.resource),
                    "request": {"method": "PUT", "url": entry.reference}
                    | ({"ifNoneMatch": "*"} if entry.if_match is None else {"ifMatch": f'W/"{entry.if_match}"'}),
                }
                for entry in entries
            ],
        }

    async def _request(self, method: Method, path: str, body: Resource, headers: Mapping[str, str]) -> FhirError | None:
        try:
            sent = wire.dump(body)
        except ValueError as error:
            raise WriteRefused(str(error)) from error
        url = self._connection.origin.url(path)
        answer = await self._connection.send(method, url, headers=headers, body=sent, repeatable=False)
        if 200 <= answer.status < 300:
            return None
        patients = {text.split("/")[1] for text in references(body) if text.startswith("Patient/")}
        refused = WriteRefused(outcome.refusal(answer.status, answer.body, patients), status=answer.status)
        if answer.status in _LOOK_AGAIN or (answer.status >= 500 and answer.status not in NOT_TAKEN):
            return refused
        raise refused
