"""A proposal: an immutable, ordered list of resources that people may sign, and the hash that a signature covers."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from claims.author import Author
from claims.canonical import NotCanonical, exact_bytes, read_exact, sha256_of
from claims.derived_id import target_id
from review.admission import admitted_tier, check_base, check_writable
from review.entry import Draft, Entry, Resource
from review.errors import NeverProposed, ProposalDamaged, ProposalUnusable, WrongPatient
from review.policy import Policy
from store.columns import instant_text
from store.items import Tier

__all__ = ["Draft", "Entry", "Proposal", "Resource", "drafts_of", "from_bytes", "propose", "to_bytes"]

_SUBJECTS = ("subject", "patient", "for")


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """What one review item asks people to sign."""

    run_id: str
    """The round that made it."""
    patient: str
    """The patient's reference, `Patient/…`."""
    as_of: datetime
    """Clinical now of the round."""
    revision: int
    """1 for the round's first proposal, one more for each edit or revise."""
    author: Author
    """What drafted it."""
    entries: tuple[Entry, ...]
    """In the order in which they are shown and written; at least one."""
    based_on: tuple[str, ...]
    """Versioned references of everything that the freshness check watches, sorted."""
    proposal_sha256: str
    """SHA-256 over everything above, in hex; resources enter by their hashes."""

    @property
    def tier(self) -> Tier:
        """The highest tier of the entries."""
        return max(entry.tier for entry in self.entries)

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks of the entries, each once."""
        return tuple(dict.fromkeys(entry.task for entry in self.entries))


def propose(
    *,
    run_id: str,
    patient: str,
    as_of: datetime,
    revision: int,
    author: Author,
    drafts: Sequence[Draft],
    based_on: Iterable[str],
    policy: Policy,
) -> Proposal:
    """Build a proposal: number the drafts, give them ids where they have none, hash them, set their tiers.

    Raises:
        ProposalUnusable: when there is no draft, two have one id, a base does not fit, or a number cannot be hashed.
        WrongPatient: when a draft does not name the patient as its subject.
        NeverProposed: when the policy forbids a draft.
    """
    if not drafts:
        raise ProposalUnusable("it holds no entry")
    entries = tuple(_entry(draft, n, run_id, patient, revision, policy) for n, draft in enumerate(drafts, start=1))
    places = {(entry.resource["resourceType"], entry.resource["id"]) for entry in entries}
    if len(places) < len(entries):
        raise ProposalUnusable("two entries have one type and id")
    proposal = Proposal(
        run_id=run_id,
        patient=patient,
        as_of=as_of,
        revision=revision,
        author=author,
        entries=entries,
        based_on=tuple(sorted(set(based_on))),
        proposal_sha256="",
    )
    return replace(proposal, proposal_sha256=_hash(proposal))


def drafts_of(proposal: Proposal) -> tuple[Draft, ...]:
    """The drafts that would make this proposal again."""
    return tuple(
        Draft(
            task=entry.task,
            title=entry.title,
            resource=entry.resource,
            sources=entry.sources,
            labels=frozenset(entry.labels),
            medication_class=entry.medication_class,
            base=entry.base,
            restores=entry.restores,
            stands_for=entry.stands_for,
            keeps=entry.keeps,
            findings=entry.findings,
        )
        for entry in proposal.entries
    )


def to_bytes(proposal: Proposal) -> bytes:
    """The proposal as JSON, for its artifact; decimals digit for digit."""
    return exact_bytes({**asdict(proposal), "as_of": instant_text(proposal.as_of)})


def from_bytes(body: bytes) -> Proposal:
    """The proposal of an artifact, its numbers with a point as `Decimal`.

    Raises:
        ProposalDamaged: when it cannot be read, or a hash in it is not that of what it stands for.
    """
    try:
        data = read_exact(body)
        entries = tuple(_read_entry(entry) for entry in data.pop("entries"))
        proposal = Proposal(
            entries=entries,
            as_of=datetime.fromisoformat(data.pop("as_of")),
            author=Author(**data.pop("author")),
            based_on=tuple(data.pop("based_on")),
            **data,
        )
        intact = all(entry.sha256 == sha256_of(entry.resource) for entry in entries)
        if not intact or proposal.proposal_sha256 != _hash(proposal):
            raise ProposalDamaged
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ProposalDamaged from None
    return proposal


def _entry(draft: Draft, n: int, run_id: str, patient: str, revision: int, policy: Policy) -> Entry:
    resource = draft.resource if draft.resource.get("id") else {**draft.resource, "id": target_id(run_id, n, revision)}
    if patient not in {resource[name].get("reference") for name in _SUBJECTS if isinstance(resource.get(name), dict)}:
        raise WrongPatient(n)
    check_base(resource, draft.base, n)
    if (draft.restores is not None) != ("restore" in draft.labels) or (draft.restores and draft.base is None):
        raise ProposalUnusable(
            f"entry {n} must be labelled `restore` when it brings an earlier version back, only then"
        )
    tiering = admitted_tier(resource, draft, policy)
    if tiering.tier is None:
        raise NeverProposed(n, tiering.reasons[0])
    check_writable(resource, draft, n)
    try:
        sha256, _, _ = sha256_of(resource), sha256_of(draft.base), sha256_of(draft.stands_for)
    except NotCanonical as error:
        raise ProposalUnusable(f"entry {n} cannot be hashed ({error})") from None
    return Entry(
        n=n,
        task=draft.task,
        title=draft.title,
        resource=resource,
        sha256=sha256,
        sources=draft.sources,
        labels=tuple(sorted(draft.labels)),
        medication_class=draft.medication_class,
        tier=tiering.tier,
        tier_reasons=tiering.reasons,
        base=draft.base,
        restores=draft.restores,
        stands_for=draft.stands_for,
        keeps=draft.keeps,
        findings=draft.findings,
    )


def _hash(proposal: Proposal) -> str:
    """The hash over all that a signature means; a resource and a base enter by their own hashes."""
    content = asdict(replace(proposal, entries=()))
    del content["proposal_sha256"]
    content["as_of"] = instant_text(proposal.as_of)
    content["entries"] = [
        {
            "n": entry.n,
            "task": entry.task,
            "title": entry.title,
            "sha256": entry.sha256,
            "sources": list(entry.sources),
            "labels": list(entry.labels),
            "medication_class": entry.medication_class,
            "tier": entry.tier,
            "tier_reasons": list(entry.tier_reasons),
            "base": None if entry.base is None else sha256_of(entry.base),
            **_rare(entry),
        }
        for entry in proposal.entries
    ]
    return sha256_of(content)


def _rare(entry: Entry) -> dict[str, Any]:
    """What few entries have: named only where it is there, so that proposals of earlier releases keep their hash."""
    found = {
        "restores": entry.restores,
        "stands_for": None if entry.stands_for is None else sha256_of(entry.stands_for),
        "keeps": list(entry.keeps),
        "findings": list(entry.findings),
    }
    return {name: value for name, value in found.items() if value}


def _read_entry(data: dict[str, Any]) -> Entry:
    names = ("sources", "labels", "tier_reasons", "keeps", "findings")
    tuples = {name: tuple(data.get(name, ())) for name in names}
    return Entry(**{**data, **tuples})
