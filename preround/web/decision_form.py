"""The decision form: what a person filled in, and the call of the gate that it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from starlette.datastructures import FormData

from claims.canonical import read_exact
from claims.note import reworded
from preround.failure import Unusable
from preround.people.signing import name_here
from review.decision import Verb
from review.errors import EditUnusable, EntriesUnusable, UnknownReason, WordsNeeded
from review.forms import PREFIX, edited

Choice = Literal["approve_all", "approve_some", "reject", "revise", "edit", ""]
_VERBS: Mapping[str, Verb] = {
    "approve_all": "approve",
    "approve_some": "approve",
    "reject": "reject",
    "revise": "revise",
    "edit": "edit",
}
MOST_CHARACTERS = 200_000
"""Of one field."""


class NameNeeded(Unusable):
    """Give your name: it is signed into the record."""


class AskNeeded(Unusable):
    """Say whom you ask to sign, by name or role, and in words what they should look at."""


class ChoiceNeeded(Unusable):
    """Choose what to do with this item."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Filled:
    """The form as it was filled in; what a page shows again after a mistake."""

    name: str = ""
    """Who decides."""
    choice: str = ""
    """One of `Choice`, or what somebody made up."""
    entries: frozenset[str] = frozenset()
    """Numbers of the ticked entries."""
    code: str = ""
    """The coded reason."""
    words: str = ""
    """The person's own words."""
    entry: str = ""
    """The number of the edited entry."""
    resource: str = ""
    """JSON of the edited entry."""
    text: str = ""
    """The corrected words of an edited note."""
    proposal_sha256: str = ""
    """The proposal that was shown."""
    ask: str = ""
    """Whom the person asks to sign beside them: a name or a role."""
    ask_words: str = ""
    """What those should look at."""
    ask_only: bool = False
    """Whether that alone was sent, and no decision."""
    elements: Mapping[str, str] = field(default_factory=dict)
    """What was typed into an entry's own form, by field name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A decision, ready for `preround.doing.deciding.decide`."""

    person: str
    """Who decides."""
    verb: Verb
    """What."""
    proposal_sha256: str
    """About which proposal."""
    only: tuple[int, ...] | None = None
    """The entries signed; all without them."""
    code: str | None = None
    """The coded reason of a rejection."""
    words: str | None = None
    """The person's own words."""
    edited: Mapping[int, dict[str, Any]] | None = field(default=None)
    """The changed resource, by entry number."""
    ask: str | None = None
    """Whom the person asks to sign beside them."""
    ask_words: str | None = None
    """What those should look at."""


def filled(form: FormData) -> Filled:
    """The fields of a posted form.

    Raises:
        Unusable: a field is a file, or longer than any honest one.
    """
    texts = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    if len(texts) != len(form.multi_items()) or any(len(value) > MOST_CHARACTERS for _, value in texts):
        raise Unusable("This form holds more than a decision can; open the item again and fill it in anew")
    one = dict(texts)
    return Filled(
        name=name_here(one.get("name", "")),
        choice=one.get("choice", ""),
        entries=frozenset(value for name, value in texts if name == "entries"),
        code=one.get("code", ""),
        words=one.get("words", "").strip(),
        entry=one.get("entry", ""),
        resource=one.get("resource", ""),
        text=one.get("text", "").replace("\r\n", "\n").strip(),
        proposal_sha256=one.get("proposal_sha256", ""),
        ask=" ".join(one.get("ask", "").split()),
        ask_words=one.get("ask_words", "").strip(),
        ask_only=one.get("do") == "ask",
        elements={name: value for name, value in one.items() if name.startswith(PREFIX)},
    )


def said(form: Filled, entry: Mapping[str, Any] | None = None) -> Said:
    """The decision that a form means.

    Args:
        form: what was filled in.
        entry: the resource that an entry's own form was made from.

    Raises:
        NameNeeded, ChoiceNeeded, AskNeeded, EntriesUnusable, UnknownReason, WordsNeeded, EditUnusable: what is to be
            corrected.
    """
    verb = _VERBS.get(form.choice)
    if verb is None:
        raise ChoiceNeeded(str(ChoiceNeeded.__doc__))
    if not form.name.strip():
        raise NameNeeded(str(NameNeeded.__doc__))
    if verb == "approve":
        checked_ask(form)
    if verb == "reject" and not form.code:
        raise UnknownReason(None)
    if verb == "revise" and not form.words:
        raise WordsNeeded("sending it back")
    return Said(
        person=form.name.strip(),
        verb=verb,
        proposal_sha256=form.proposal_sha256,
        only=_numbers(form.entries) if form.choice == "approve_some" else None,
        code=form.code if verb == "reject" else None,
        words=form.words if form.words and verb in ("reject", "revise") else None,
        edited=_edited(form, entry) if verb == "edit" else None,
        ask=form.ask or None if verb == "approve" else None,
        ask_words=form.ask_words or None if verb == "approve" else None,
    )


def checked_ask(form: Filled) -> None:
    """Make sure that an ask is whole, where there is one.

    Raises:
        NameNeeded, AskNeeded: what is to be filled in.
    """
    if form.ask_only and not form.name.strip():
        raise NameNeeded(str(NameNeeded.__doc__))
    if bool(form.ask) != bool(form.ask_words) or (form.ask_only and not form.ask):
        raise AskNeeded(str(AskNeeded.__doc__))


def _numbers(ticked: frozenset[str]) -> tuple[int, ...]:
    if not ticked or not all(n.isascii() and n.isdigit() and len(n) < 5 for n in ticked):
        raise EntriesUnusable("none is ticked")
    return tuple(sorted(int(n) for n in ticked))


def _edited(form: Filled, entry: Mapping[str, Any] | None) -> Mapping[int, dict[str, Any]]:
    n = _numbers(frozenset({form.entry}))[0]
    if form.elements and entry is not None:
        return {n: edited(entry, form.elements)}
    try:
        resource = read_exact(form.resource)
    except (ValueError, RecursionError):
        raise EditUnusable("what was given is not JSON") from None
    if not isinstance(resource, dict):
        raise EditUnusable("what was given is not a resource")
    if form.text:
        try:
            resource = reworded(resource, form.text)
        except ValueError:
            raise EditUnusable("words were given for what is no note") from None
    return {n: resource}
