"""What the gate answers instead of deciding: each message is one sentence that says what to do."""

from collections.abc import Sequence


class GateError(Exception):
    """Anything that the gate refuses."""


class NotThere(GateError):
    """What was named does not exist (exit code 3)."""


class Refused(GateError):
    """The rules do not allow it now (exit code 4)."""


class WrongUse(GateError):
    """It was asked for in a way that means nothing (exit code 2)."""


class ItemNotFound(NotThere):
    """No review item has this id."""

    def __init__(self, item_id: str) -> None:
        super().__init__(f"There is no review item {item_id}: take an id from `preround queue`.")


class ProposalPurged(NotThere):
    """What a closed item proposed was removed when its time was over."""

    def __init__(self, item_id: str) -> None:
        super().__init__(
            f"What item {item_id} proposed was removed when its time was over: its decisions and hashes stay on "
            "record, and what was written is on the FHIR server."
        )


class ReceiptNotFound(NotThere):
    """Nothing was written under this receipt."""

    def __init__(self, receipt: str) -> None:
        super().__init__(f"There is no receipt {receipt}: take an id from `preround show ITEM`.")


class CannotUndo(Refused):
    """The write can't be taken back as it stands now."""

    def __init__(self, why: str) -> None:
        super().__init__(f"This can't be undone: {why}.")


class AlreadyDecided(Refused):
    """The item is closed, or this person has signed it."""

    def __init__(self, item_id: str, state: str, *, next_item: str | None = None) -> None:
        self.item_id = item_id
        """The item that was asked for."""
        self.state = state
        """Where it stands."""
        self.next_item = next_item
        """The item to decide instead, when there is one."""
        then = f"decide {next_item} instead" if next_item else _AFTER.get(state, "run the round again for a new item")
        super().__init__(f"Item {item_id} is already {state}: {then}.")


_AFTER = {
    "approved": "look at it with `preround show`, or take a write back with `preround undo RECEIPT`",
    "revised": "wait for the proposal that answers the words, or drive it with `preround resume`",
    "signed by you": "another person must give the signature that is missing",
}


class ItemExpired(Refused):
    """The item waited too long."""

    def __init__(self, item_id: str) -> None:
        super().__init__(f"Item {item_id} has expired: run the round again, the chart may have moved on.")


class NotAllowed(Refused):
    """The policy does not accept this person for this act."""

    def __init__(self, needed: str) -> None:
        super().__init__(f"The policy does not accept this: {needed}.")


class HashMismatch(Refused):
    """The proposal is not the one that was shown."""

    def __init__(self, item_id: str) -> None:
        super().__init__(
            f"Item {item_id} is not the proposal that was shown: open it again and decide what it says now."
        )


class ProposalDamaged(Refused):
    """The stored proposal does not match its hashes."""

    def __init__(self) -> None:
        super().__init__("The stored proposal does not match its hashes: cancel the round and run it again.")


class RecordDiffers(Refused):
    """What the store holds of an item is not what was recorded when it was done."""

    def __init__(self, item_id: str) -> None:
        super().__init__(
            f"What is stored of item {item_id} is not what was recorded when it was done, so nothing of it is signed "
            "or written: run `preround audit verify`, cancel the round and run it again."
        )


class DifferentEntries(Refused):
    """Two people sign different entries of one item."""

    def __init__(self, entries: Sequence[int]) -> None:
        listed = ", ".join(map(str, entries))
        super().__init__(
            f"The first signature covers entries {listed}: sign the same ones, or reject or revise the item."
        )


class AlreadySent(Refused):
    """The item's writes have begun."""

    def __init__(self, item_id: str) -> None:
        super().__init__(
            f"Item {item_id} is being written: wait for its receipts, then take them back with `preround undo RECEIPT`."
        )


class RoundOver(Refused):
    """The round has ended."""

    def __init__(self, run_id: str, status: str) -> None:
        ended = status.replace("_", " ")
        super().__init__(f"Round {run_id} has ended ({ended}): start another with `preround run`.")


class NotDrafted(Refused):
    """The proposal was prepared, so that nobody can draft it again."""

    def __init__(self, item_id: str) -> None:
        super().__init__(
            f"Item {item_id} was prepared, not drafted by a reasoner that could take the words: edit it, or reject it."
        )


class RevisedTooOften(Refused):
    """The round was sent back as often as it may be."""

    def __init__(self, times: int) -> None:
        super().__init__(f"This round was sent back {times} times: edit or reject it, or start another round.")


class NeverProposed(Refused):
    """The policy forbids that such an entry is ever proposed."""

    def __init__(self, n: int, why: str) -> None:
        super().__init__(f"Entry {n} may not be proposed, leave it out: {why}.")


class WrongPatient(Refused):
    """An entry is not about the proposal's patient."""

    def __init__(self, n: int) -> None:
        super().__init__(
            f"Entry {n} does not name the round's patient as its subject: propose it in that patient's round."
        )


class UnknownReason(WrongUse):
    """The reject code is not in the lists."""

    def __init__(self, code: str | None) -> None:
        named = f"{code} is not a reject code" if code else "A rejection needs a code"
        super().__init__(f"{named}: take one of those that `preround schema reject-reasons` lists.")


class WordsNeeded(WrongUse):
    """The act needs the person's own words."""

    def __init__(self, act: str) -> None:
        super().__init__(f"Say in words what should change or why: {act} needs them.")


class EntriesUnusable(WrongUse):
    """The entries named do not fit the item or the act."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"Name entries that the item has, at least one, and only to approve them: {problem}.")


class EditUnusable(WrongUse):
    """An edited resource does not fit the entry that it edits."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"Edit the resources as `preround show` gives them: {problem}.")


class ProposalUnusable(WrongUse):
    """A proposal cannot be made of what was given."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"Correct the proposal before it is opened: {problem}.")


class PolicyUnusable(WrongUse):
    """The policy file cannot be used."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"Correct the policy file, nothing can be signed without one: {problem}.")
