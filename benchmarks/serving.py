"""What a model's weights and its key-value cache take of a card's memory, and how many rounds that serves at once.

    python -m benchmarks.serving [--config FILE] [--card GIB] [--share SHARE]

Computed from a model's shape, not measured: a real vLLM says the same of tiny weights (tests/models). With
`--prefix-cache-retention-interval` sliding layers are kept like the others, which is what lets the second draft of a
round find the first one's prompt; without it they hold no more than their window for each sequence.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

GIB = 1024**3
ROUND_TOKENS = 16_000
"""What a round may have in the cache at once: its longest prompt as the budget allows it, which its drafts share, and
their answers."""
OVERHEAD = 3 * GIB
"""Activations, buffers and what the driver takes, about."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """What of a model's configuration decides about memory."""

    name: str
    """What it is called here."""
    parameters: float
    """Parameters, in thousands of millions, an image encoder counted."""
    layers: int
    """All layers."""
    sliding: int
    """Those of them that see a window only."""
    window: int
    """Tokens of that window; 0 without one."""
    heads: int
    """Heads of keys and values."""
    width: int
    """Width of a head."""

    def weights(self, bits: float = 16) -> float:
        """Bytes of the weights."""
        return self.parameters * 1e9 * bits / 8

    def token(self, *, cache_bits: int = 16, layers: int | None = None) -> float:
        """Bytes that one token takes in the cache of some layers, all of them without a number."""
        return 2 * (self.layers if layers is None else layers) * self.heads * self.width * cache_bits / 8

    def cache(self, tokens: int, *, retained: bool = True, cache_bits: int = 16) -> float:
        """Bytes of one sequence in the cache, sliding layers retained or cut to their window."""
        near = tokens if retained else min(tokens, self.window)
        return tokens * self.token(cache_bits=cache_bits, layers=self.layers - self.sliding) + near * self.token(
            cache_bits=cache_bits, layers=self.sliding
        )


SHAPES = (
    Shape(name="MedGemma 27B", parameters=27.4, layers=62, sliding=52, window=1024, heads=16, width=128),
    Shape(name="MedGemma 4B", parameters=4.3, layers=34, sliding=29, window=1024, heads=4, width=256),
    Shape(name="Llama 8B (OpenBioLLM, Meditron3)", parameters=8.0, layers=32, sliding=0, window=0, heads=8, width=128),
    Shape(
        name="Llama 70B (OpenBioLLM, Meditron3)", parameters=70.6, layers=80, sliding=0, window=0, heads=8, width=128
    ),
)


def shape_of(config: Mapping[str, Any], *, name: str, parameters: float) -> Shape:
    """The shape in a model's `config.json`."""
    text = config.get("text_config") or config
    layers = int(text["num_hidden_layers"])
    kinds = text.get("layer_types")
    window = int(text.get("sliding_window") or 0)
    every = int(text.get("sliding_window_pattern") or 0)
    sliding = kinds.count("sliding_attention") if kinds else layers - layers // every if every and window else 0
    width = text.get("head_dim") or int(text["hidden_size"]) // int(text["num_attention_heads"])
    heads = int(text.get("num_key_value_heads") or text["num_attention_heads"])
    return Shape(
        name=name, parameters=parameters, layers=layers, sliding=sliding, window=window, heads=heads, width=int(width)
    )


def rounds_at_once(shape: Shape, *, card: float, share: float, bits: float = 16, cache_bits: int = 16) -> int:
    """Rounds whose prompts fit into the cache together, on a card of so many bytes of which vLLM takes a share."""
    left = card * share - shape.weights(bits) - OVERHEAD
    return max(0, int(left // shape.cache(ROUND_TOKENS, cache_bits=cache_bits)))


def rows(shapes: Sequence[Shape] = SHAPES) -> list[tuple[str, ...]]:
    """Name, weights in GiB at 16, 8 and 4 bits, and cache: KiB a token, GiB of a round retained and cut."""
    return [
        (
            one.name,
            *(f"{one.weights(bits) / GIB:.0f}" for bits in (16, 8, 4.5)),
            f"{one.token() / 1024:.0f}",
            f"{one.cache(1000) / 1024**2:.0f}",
            f"{one.cache(ROUND_TOKENS) / GIB:.1f}",
            f"{one.cache(ROUND_TOKENS, retained=False) / GIB:.1f}",
        )
        for one in shapes
    ]


def card_rows() -> list[tuple[str, str, str]]:
    """Cards, what fits on them, and how many rounds at once; as docs/serving.md has it."""
    text, image = SHAPES[:2]
    layouts = (
        ("one of 80 GB", "27B in FP8 (share 0.74) and 4B (share 0.2), as the compose file has it", text, 80, 0.74, 8),
        ("one of 80 GB", "27B in bf16 alone", text, 80, 0.92, 16),
        ("one of 48 GB", "27B in W4A16 alone", text, 48, 0.92, 4.5),
        ("two of 80 GB", "27B in bf16 over both", text, 160, 0.92, 16),
        ("one of 24 GB", "4B in bf16", image, 24, 0.9, 16),
    )
    return [
        (cards, what, str(rounds_at_once(shape, card=memory * GIB, share=share, bits=bits)))
        for cards, what, shape, memory, share, bits in layouts
    ]


TITLES = ("model", "16 bits", "FP8", "W4A16", "KiB a token", "MiB a 1k tokens", "GiB a round", "GiB without retention")


def main(arguments: Sequence[str] | None = None) -> None:
    """Compute and print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.serving", description="Memory that serving a model takes, from its shape."
    )
    parser.add_argument("--config", type=Path, help="config.json of another model")
    parser.add_argument("--parameters", type=float, default=0.0, help="its parameters, in thousands of millions")
    parser.add_argument("--card", type=float, default=80.0, help="memory of a card in GiB; default %(default)s")
    parser.add_argument("--share", type=float, default=0.9, help="share of it that vLLM takes; default %(default)s")
    given = parser.parse_args(arguments)
    shapes: Sequence[Shape] = SHAPES
    if given.config:
        config = json.loads(given.config.read_text(encoding="utf-8"))
        shapes = (shape_of(config, name=given.config.parent.name, parameters=given.parameters),)
    table = Table(*TITLES, "rounds at once: 16 bits", "FP8")
    for one, row in zip(shapes, rows(shapes), strict=True):
        card = given.card * GIB
        held = [str(rounds_at_once(one, card=card, share=given.share, bits=bits)) for bits in (16, 8)]
        table.add_row(*row, *held)
    Console().print(table)


if __name__ == "__main__":
    main()
