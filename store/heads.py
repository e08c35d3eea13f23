"""Heads of the audit chain as this machine saw them, in a file beside the database.

Whoever owns the database can cut its chain off, or compute its end anew, and move the head that lies in the same
database with it. What this machine noted outside of it then stands against that. A head stands for every row before it,
so of those that a whole chain was held to the newest are enough.
"""

import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock

FILE = "audit.heads"
"""Its name in a home."""
KEPT = 1000
"""How many heads of a chain that holds are kept: the newest. The file is at most so long after a check."""
PATIENCE = 2.0
"""Seconds that a note waits for who has stopped while it had its turn; nobody's work ends for this file."""


class Heads:
    """The noted heads of one home.

    Args:
        path: the file; it is made at the first note, and one for its lock beside it.
        keep: how many a cut keeps of what the chain was held to.
    """

    def __init__(self, path: Path, *, keep: int = KEPT) -> None:
        self.path = path
        """Where they lie."""
        self._keep = keep

    def note(self, seq: int, head: str) -> None:
        """Add the head of a transaction that was kept; several processes may do so at once, in any order."""
        # The transaction is kept whatever happens here, and a later note stands for this one too.
        with suppress(OSError), self._turn(), self.path.open("ab", buffering=0) as file:
            file.write(f"{seq} {head}\n".encode())

    def noted(self) -> frozenset[tuple[int, str]]:
        """Every noted head with its sequence number; a line that was cut off by a crash is left out.

        One number with two heads says that a row was written twice, which nobody does who does not take one away.
        """
        try:
            lines = self.path.read_text("ascii", "replace").splitlines()
        except FileNotFoundError:
            return frozenset()
        pairs = (line.partition(" ") for line in lines)
        return frozenset((int(seq), head) for seq, _, head in pairs if seq.isdigit() and len(head) == 64)

    def cut(self, held: Collection[tuple[int, str]], *, sync: Callable[[int], None]) -> None:
        """Let go of heads that a chain was held to and has, but for the newest; what was noted since stays.

        Whenever this ends, the file holds either all that it held or all that it is to hold. Where the file cannot be
        written anew it stays as it is.

        Args:
            held: what `noted` gave before the chain was read; the check passed with it.
            sync: brings an open file to the disk, given its descriptor, before it takes the other's place.
        """
        gone = frozenset(sorted(held)[: -self._keep])
        if not gone:
            return
        part = self.path.with_name(f"{self.path.name}.part")
        with suppress(OSError), self._turn(must=True):
            kept = "".join(f"{seq} {head}\n" for seq, head in sorted(self.noted() - gone))
            with part.open("wb") as file:
                file.write(kept.encode())
                file.flush()
                sync(file.fileno())
            # Who checks as another user takes the file away from nobody who notes.
            owner = self.path.stat()
            shutil.copymode(self.path, part)
            shutil.chown(part, owner.st_uid, owner.st_gid)
            part.replace(self.path)

    @contextmanager
    def _turn(self, *, must: bool = False) -> Iterator[None]:
        """Alone with the file: what is noted into a file that is being replaced would be lost.

        Raises:
            OSError: when there is no turn to be had and it must be.
        """
        lock = FileLock(self.path.with_name(f"{self.path.name}.lock"), timeout=PATIENCE, poll_interval=0.001)
        try:
            lock.acquire()
        except (OSError, NotImplementedError) as error:  # the latter on a file system without locks
            if must:
                raise OSError(*error.args) from error
        try:
            yield
        finally:
            lock.release()
