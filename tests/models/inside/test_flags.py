"""Every flag that the compose file and the documents give to vLLM is one that this vLLM knows."""

from __future__ import annotations

import importlib
import re
import shlex
from typing import Any

import pytest

from benchmarks.serving import SHAPES, shape_of
from tests.unit.house.compose import SERVICES, compose, words
from tests.unit.house.files import ROOT

pytestmark = pytest.mark.filterwarnings("default")

MODULE = "vllm.entrypoints.openai.api_server"
BLOCK = re.compile(r"^```[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def said() -> dict[str, list[str]]:
    """Arguments of vLLM by where they stand."""
    found = {f"compose {name}": words(s) for name, s in SERVICES.items() if MODULE in words(s)}
    found["compose reason, bf16"] = words(compose({"REASON_FLAGS": ""})["services"]["reason"])
    for document in ("serving.md", "fine-tune.md"):
        text = (ROOT / "docs" / document).read_text()
        for n, block in enumerate(b for b in BLOCK.findall(text) if MODULE in b):
            found[f"{document} {n}"] = shlex.split(block.replace("\\\n", " "))
    assert len(found) >= 5, "the compose file's three and one of each document"
    return {where: line[line.index(MODULE) + 1 :] for where, line in found.items()}


@pytest.fixture(scope="module")
def parser() -> Any:
    flexible: Any = importlib.import_module("vllm.utils.argparse_utils")
    arguments: Any = importlib.import_module("vllm.entrypoints.launchers.cli_args")
    return arguments.make_arg_parser(flexible.FlexibleArgumentParser())


@pytest.mark.parametrize("where", said())
def test_every_flag_is_known(parser: Any, where: str) -> None:
    given = parser.parse_args(said()[where])
    assert given.model
    assert given.dtype == "bfloat16"
    assert given.max_model_len == 32768
    assert given.prefix_cache_retention_interval == 512
    assert given.structured_outputs_config is not None


def test_a_flag_that_does_not_exist_would_be_seen(parser: Any) -> None:
    with pytest.raises(SystemExit):
        parser.parse_args(["--model", "x", "--no-such-flag", "1"])


@pytest.mark.parametrize("shape", SHAPES[:2], ids=lambda s: s.name)
def test_transformers_lays_the_layers_out_as_the_sizes_say(shape: Any) -> None:
    transformers: Any = importlib.import_module("transformers")
    config = transformers.Gemma3TextConfig(
        num_hidden_layers=shape.layers, num_key_value_heads=shape.heads, head_dim=shape.width, sliding_window=1024
    )
    assert shape_of(config.to_dict(), name=shape.name, parameters=shape.parameters) == shape
