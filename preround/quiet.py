"""Nothing is told to anybody: tracing and usage counting are switched off for this process and those that it starts."""

from __future__ import annotations

from collections.abc import MutableMapping


def quieten(environment: MutableMapping[str, str]) -> None:
    """Charts and habits leave through nobody's tracing or counting, whatever the environment says.

    Set for this process and for those that it starts; weights are read from folders, never fetched.
    """
    for name in ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2", "LANGSMITH_TRACING_V2"):
        environment[name] = "false"
    for name in ("DO_NOT_TRACK", "VLLM_NO_USAGE_STATS", "HF_HUB_DISABLE_TELEMETRY", "HF_HUB_OFFLINE"):
        environment[name] = "1"
    environment["OTEL_SDK_DISABLED"] = "true"
