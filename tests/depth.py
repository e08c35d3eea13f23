"""How deep a campaign goes: the same test, with more of it where there is more time."""

from __future__ import annotations

import os


def depth(name: str, here: int, ci: int | None = None) -> int:
    """How many cases a campaign tries.

    Args:
        name: `KILLS` is asked of the environment as `TEST_KILLS`, which comes before all else.
        here: what somebody waits for.
        ci: what `.ci/run` has time for; as many as `here` without it.
    """
    said = os.environ.get(f"TEST_{name}")
    if said:
        return int(said)
    return ci if ci is not None and os.environ.get("CI") else here
