"""The shape of the round: names that are a contract, one way to the write, retries where nothing is written."""

from __future__ import annotations

from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver

from graphs.round import build_round
from graphs.state import GRAPH_VERSION, RoundState

NODES = {
    "1": (
        "intake", "plan", "gather", "appraise", "consult", "assess", "draft", "verify", "propose", "approve", "commit",
        "close",
    )
}  # fmt: skip
"""By graph version. A waiting round of an earlier release loses its approval when a node is renamed: add a version."""
WRITE = {"approve", "commit", "close"}


@pytest.fixture(scope="module")
def compiled() -> Any:
    return build_round(InMemorySaver())


def _reachable(compiled: Any, *, without: str | None = None) -> set[str]:
    following: dict[str, set[str]] = {}
    for edge in compiled.get_graph().edges:
        following.setdefault(edge.source, set()).add(edge.target)
    seen: set[str] = set()
    ahead = ["__start__"]
    while ahead:
        node = ahead.pop()
        if node not in seen and node != without:
            seen.add(node)
            ahead.extend(following.get(node, ()))
    return seen


def test_node_names_are_pinned(compiled: Any) -> None:
    assert tuple(name for name in compiled.get_graph().nodes if not name.startswith("__")) == NODES[GRAPH_VERSION]


def test_state_names_are_pinned() -> None:
    assert set(RoundState.__annotations__) == {
        "run_id", "prepared", "plan", "made", "evidence", "since", "passes", "outcomes", "literature", "drafts",
        "repairs", "verified", "item_id", "proposal_sha256", "revision", "outcome", "refreshable",
    }  # fmt: skip


def test_every_way_to_the_write_crosses_the_approval(compiled: Any) -> None:
    assert "commit" in _reachable(compiled)
    assert "commit" not in _reachable(compiled, without="approve")


def test_the_approval_is_reached_only_with_a_proposal(compiled: Any) -> None:
    assert {e.source for e in compiled.get_graph().edges if e.target == "approve"} == {"propose"}
    assert {e.source for e in compiled.get_graph().edges if e.target == "commit"} == {"approve"}


def test_what_reads_is_tried_again_and_bounded_and_what_writes_is_not(compiled: Any) -> None:
    for name in NODES[GRAPH_VERSION]:
        node = compiled.nodes[name]
        assert bool(node.retry_policy) == (name not in WRITE), name
        assert (node.timeout is not None) == (name not in WRITE), name
        assert node.cache_policy is None
