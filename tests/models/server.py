"""A real vLLM on the CPU: started in a session of its own on a free port, ended by its group."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

SHIM = Path(__file__).parent / "shim"
NAME, REVISION, CONTEXT = "tiny", "0123456789abcdef", 16384
START_SECONDS = 300
CACHE_BYTES = 64 * 1024**2
# Gemma's sliding-window layers keep too little without it: prompts that only begin alike would find nothing cached.
# A model without such layers does not start with it.
SLIDING = ("--prefix-cache-retention-interval", "512")
FLAGS = (
    *("--dtype", "bfloat16", "--max-model-len", str(CONTEXT), "--max-num-seqs", "4"),
    # On a CPU, vLLM 0.32 dies when a prompt that is read in parts has a seed and a temperature; so it is read in one.
    *("--max-num-batched-tokens", str(CONTEXT)),
    *("--enforce-eager", "--kv-cache-memory-bytes", str(CACHE_BYTES), "--enable-prompt-tokens-details"),
    *("--structured-outputs-config", '{"backend": "guidance", "disable_any_whitespace": true}'),
)


def quiet() -> dict[str, str]:
    """The environment for Python in the models' environment: nothing is fetched, nothing is told to anybody."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PREROUND_", "COV_"))}
    return {
        **kept,
        "PYTHONPATH": str(SHIM),
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        "TORCH_COMPILE_DISABLE": "1",
        "OMP_NUM_THREADS": "1",
        # Its cache can be emptied between tests: which prompt is read cold is then no matter of their order.
        "VLLM_SERVER_DEV_MODE": "1",
    }


@dataclass
class VllmServer:
    """One server, which can be killed, stopped for a while, and started again at the same address."""

    python: Path
    weights: Path
    log: Path
    name: str = NAME
    flags: tuple[str, ...] = SLIDING
    port: int = field(default_factory=lambda: _free_port())
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [str(self.python), "-m", "vllm.entrypoints.openai.api_server", "--host", "127.0.0.1"]
        command += ["--port", str(self.port), "--model", str(self.weights), *FLAGS, *self.flags]
        command += ["--served-model-name", self.name, f"{self.name}@{REVISION}"]
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                command, env=quiet(), cwd=self.log.parent, stdout=out, stderr=out, start_new_session=True
            )
        until = time.monotonic() + START_SECONDS
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > until:
                self.kill()
                raise AssertionError("vLLM did not start:\n" + self.log.read_text(errors="replace")[-3000:])
            time.sleep(0.5)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/health", timeout=2, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def metric(self, name: str) -> float:
        """The sum of a counter of `/metrics`."""
        text = httpx.get(f"http://127.0.0.1:{self.port}/metrics", timeout=10, trust_env=False).text
        rows = [line for line in text.splitlines() if line.startswith(name + "{")]
        assert rows, f"no metric {name}"
        return sum(float(line.rsplit(" ", 1)[1]) for line in rows)

    def forget(self) -> None:
        """Empty its prefix cache."""
        httpx.post(f"http://127.0.0.1:{self.port}/reset_prefix_cache", timeout=10, trust_env=False).raise_for_status()

    def signal(self, number: int) -> None:
        """Send a signal to the server and its workers."""
        assert self.process is not None
        os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """End it at once; a killed server alone would leave its workers behind."""
        if self.process is None:
            return
        try:
            self.signal(signal.SIGKILL)
        except ProcessLookupError:
            pass
        finally:
            self.process.wait(20)
            self.process = None


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])
