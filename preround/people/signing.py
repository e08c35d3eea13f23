"""Under whose name something is done: who has signed in, whatever a form says; else the name that was given."""

from __future__ import annotations

from datetime import datetime

from preround.people.sessions import here
from review.duty import keys_of
from review.policy import NamedPerson, People, Policy, person_key
from review.signer import Signer
from review.worklist import Me


def name_here(given: str) -> str:
    """The name of who has signed in; at this machine's own link, the one that was given."""
    session = here()
    return session.visitor.name if session and session.visitor.name else given


def policy_here(policy: Policy) -> Policy:
    """The policy as it is for who has signed in: their roles come from their provider, and nobody else is known."""
    session = here()
    if session is None or session.visitor.name is None:
        return policy
    known = NamedPerson(name=session.visitor.name, roles=session.visitor.roles)
    return policy.model_copy(update={"people": People(named=(known,))})


def me_here(policy: Policy, given: str) -> Me | None:
    """Who looks at the queue, as duties and asks name them; ``None`` where no name is known."""
    name = " ".join(name_here(given).split())
    if not name:
        return None
    session = here()
    subject = session.visitor.subject if session else None
    roles = policy_here(policy).grant(name).roles
    return Me(name=name, key=subject or person_key(name), keys=keys_of(name, roles))


def edits_json_here(policy: Policy, given: str) -> bool:
    """Whether who is here may edit a resource as JSON; a page that no name was given to yet is anybody's."""
    known = policy_here(policy)
    return known.edits_json(known.grant(name_here(given) or "anybody"))


def signer_here(now: datetime) -> Signer | None:
    """Who would sign now; ``None`` where nobody vouches for a person."""
    session = here()
    if session is None or session.visitor.name is None or session.visitor.subject is None:
        return None
    visitor = session.visitor
    return Signer(
        key=str(visitor.subject),
        name=str(visitor.name),
        roles=visitor.roles,
        attested=visitor.attests(now),
    )
