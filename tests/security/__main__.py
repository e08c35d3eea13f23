"""`python -m tests.security`: each security check switched off in turn, and whether the tests that hold it notice.

What was noticed is written down with its day in docs/security-checks.md; with `--only` some are tried, and their rows
alone are new.
"""

from __future__ import annotations

import argparse
import sys

from preround.clock import WallClock
from tests.orderly import orderly
from tests.security.check import Check, checks
from tests.security.table import note
from tests.security.trial import Copy, copied


def main() -> int:
    """Try them; 0 when every test that is named for a check fails without it, and passes with it."""
    parser = argparse.ArgumentParser(prog="python -m tests.security", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="WORDS", help="a threat, or words of a check's name or file")
    given = parser.parse_args()
    chosen = [check for check in checks() if given.only is None or any(_about(check, words) for words in given.only)]
    missed = 0
    with orderly(), copied() as copy:
        tests = [test for check in chosen for test in check.tests]
        before = copy.run(tests)
        if not before.all_passed(tests):
            sys.stdout.write(f"With every check on: failed {dict(before.failed)}, odd {before.odd}\n")
            return 1
        for check in chosen:
            if _noticed(copy, check):
                note(check, day=WallClock().now().date())
            else:
                missed += 1
    sys.stdout.write(f"{len(chosen)} checks switched off, {len(chosen) - missed} noticed by each of their tests\n")
    return min(missed, 1)


def _noticed(copy: Copy, check: Check) -> bool:
    with copy.without(check):
        found = copy.run(check.tests)
    missed = found.unnoticed(check.tests)
    words = "noticed" if not missed else f"NOT NOTICED by {', '.join(missed)}"
    odd = f"; {'; '.join(found.odd)}" if found.odd else ""
    sys.stdout.write(f"{check.threat} {check.name}: {words}{odd}\n")
    sys.stdout.flush()
    return not missed


def _about(check: Check, words: str) -> bool:
    return words == check.threat or words.lower() in f"{check.name} {check.where}".lower()


if __name__ == "__main__":
    sys.exit(main())
