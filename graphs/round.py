"""The round as a graph: which node follows which, what is retried, what has a time limit."""

from __future__ import annotations

from collections.abc import Awaitable
from functools import wraps
from typing import Any, Protocol

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import RetryPolicy

from graphs.approving import approve
from graphs.closing import close
from graphs.commit import commit
from graphs.consulting import after_appraise, appraise, consult
from graphs.drafting import after_verify, draft, verify_drafts
from graphs.gathering import gather
from graphs.intake import after_intake, intake
from graphs.planning import after_assess, assess, plan
from graphs.proposing import after_propose, propose
from graphs.services import Services
from graphs.state import RoundState
from graphs.switched import check_on
from tools.fhir.errors import FhirUnreachable
from tools.observer import NodeStep


class Node(Protocol):
    """One step: the state and the services in, what changes in the state out."""

    def __call__(self, state: RoundState, runtime: Runtime[Services]) -> Awaitable[Any]:
        """Do the step."""
        ...


READ_SECONDS = 120.0
"""A node that reads or thinks may take so long; the one that writes has no limit, its requests have."""
_AGAIN = RetryPolicy(max_attempts=2, initial_interval=0.5, retry_on=FhirUnreachable)


def build_round(
    checkpointer: BaseCheckpointSaver[Any],
) -> CompiledStateGraph[RoundState, Services, RoundState, RoundState]:
    """Compile the round."""
    graph = StateGraph(RoundState, context_schema=Services)

    def reads(name: str, node: Node, *, seconds: float = READ_SECONDS) -> None:
        graph.add_node(name, _told(name, node), retry_policy=_AGAIN, timeout=seconds)

    reads("intake", intake)
    reads("plan", plan, seconds=900)
    reads("gather", gather)
    reads("appraise", appraise)
    reads("consult", consult)
    reads("assess", assess, seconds=900)
    reads("draft", draft, seconds=1800)
    reads("verify", verify_drafts)
    reads("propose", propose)
    graph.add_node("approve", approve)
    graph.add_node("commit", _told("commit", commit))
    graph.add_node("close", _told("close", close))
    graph.add_edge(START, "intake")
    graph.add_conditional_edges("intake", after_intake, ["plan", "propose"])
    graph.add_edge("plan", "gather")
    graph.add_edge("gather", "appraise")
    graph.add_conditional_edges("appraise", after_appraise, ["consult", "verify"])
    graph.add_edge("consult", "assess")
    graph.add_conditional_edges("assess", after_assess, ["plan", "draft"])
    graph.add_edge("draft", "verify")
    graph.add_conditional_edges("verify", after_verify, ["draft", "propose"])
    graph.add_conditional_edges("propose", after_propose, ["approve", "close"])
    graph.add_edge("commit", "close")
    graph.add_edge("close", END)
    return graph.compile(checkpointer=checkpointer)


def _told(name: str, node: Node) -> Node:
    """The node, unless it is switched off, with its start and end told to whoever watches."""

    @wraps(node)
    async def told(state: RoundState, runtime: Runtime[Services]) -> Any:  # noqa: ANN401 - what the node returns
        check_on(runtime.context, state["run_id"], name)
        runtime.context.progress(name, "started")
        try:
            with runtime.context.observer.watch(NodeStep(node=name)):
                return await node(state, runtime)
        finally:
            runtime.context.progress(name, "done")

    return told
