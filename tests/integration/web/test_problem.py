"""What a page says went wrong: what did, and no guess."""

from __future__ import annotations

import pytest

from preround.failure import Declined, Outdated
from preround.web.problem import problem_of


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Outdated("Decide the fresh item 0a1b instead"), "The chart changed since this was drafted"),
        (Declined("The server did not accept entry 2: its code is unknown"), "The server did not accept entry 2"),
    ],
)
def test_only_a_chart_that_changed_is_called_changed(error: Exception, said: str) -> None:
    problem = problem_of(error)
    assert problem.status == 409
    assert problem.sentence.startswith(said)
