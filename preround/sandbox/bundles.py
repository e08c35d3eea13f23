"""`POST [base]` with a batch or a transaction."""

from preround.sandbox.content import JSON_TYPES, resource_in
from preround.sandbox.document import parse
from preround.sandbox.entries import Entry, entry_of, refusal_entry, reply_entry
from preround.sandbox.exchange import Handler, Reply, Request, Session
from preround.sandbox.outcome import FhirError
from preround.sandbox.searchset import bundle
from preround.sandbox.transaction import Transaction


def process_bundle(session: Session, request: Request, dispatch: Handler) -> Reply:
    """Run a bundle's entries.

    Args:
        session: inside a transaction with the write lock.
        request: with the bundle.
        dispatch: answers a single request.

    Raises:
        FhirError: 400 when it is no batch or transaction; for a transaction, the refusal of its first bad entry.
    """
    if request.content_type not in JSON_TYPES:
        raise FhirError(415, "not-supported", "Send JSON with Content-Type application/fhir+json.")
    content = resource_in(parse(request.body))
    kind, entries = content.get("type"), content.get("entry", [])
    if content["resourceType"] != "Bundle" or kind not in {"batch", "transaction"} or not isinstance(entries, list):
        raise FhirError(400, "invalid", "Only a Bundle of type batch or transaction can be posted to the base.")
    if kind == "transaction":
        whole = Transaction(session, dispatch)
        answers, touched = whole.run(entries, request), whole.touched
    else:
        done = [_batch_entry(session, value, request, dispatch) for value in entries]
        answers = [answer for answer, _ in done]
        touched = tuple(dict.fromkeys(path for _, paths in done for path in paths))
    return Reply(status=200, body=bundle(f"{kind}-response", answers), touched=touched, interaction=str(kind))


def _batch_entry(session: Session, value: object, outer: Request, dispatch: Handler) -> tuple[str, tuple[str, ...]]:
    try:
        entry = entry_of(value, session.base, outer)
        with session.connection.begin_nested():
            reply = dispatch(session, _single(entry))
        read = entry.request.method == "GET" or reply.location is None
        shown = read or "return=representation" in entry.request.prefer
        return reply_entry(reply, with_resource=shown), reply.touched
    except FhirError as error:
        return refusal_entry(error), ()


def _single(entry: Entry) -> Request:
    if not entry.request.segments:
        raise FhirError(400, "invalid", "A bundle cannot hold another batch or transaction.")
    return entry.request
