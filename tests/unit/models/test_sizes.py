"""Memory that serving takes: computed from shapes, as docs/serving.md says it."""

from __future__ import annotations

import pytest

from benchmarks.serving import GIB, SHAPES, card_rows, rounds_at_once, rows, shape_of
from tests.unit.house.files import ROOT

GEMMA, SMALL, LLAMA, LARGE = SHAPES


def test_the_document_has_what_is_computed() -> None:
    text = (ROOT / "docs" / "serving.md").read_text()
    for row in (*rows(), *card_rows()):
        assert f"| {' | '.join(row)} |" in text


def test_a_token_takes_keys_and_values_of_every_layer() -> None:
    assert GEMMA.token() == 2 * 62 * 16 * 128 * 2 == 496 * 1024
    assert GEMMA.token(cache_bits=8) == GEMMA.token() / 2
    assert LLAMA.cache(1000) == LLAMA.cache(1000, retained=False), "nothing slides"


def test_sliding_layers_hold_their_window_and_no_more() -> None:
    short, long = (GEMMA.cache(n, retained=False) for n in (1024, 20_000))
    assert short == GEMMA.cache(1024)
    assert long - short == (20_000 - 1024) * GEMMA.token(layers=10)


@pytest.mark.parametrize(
    ("config", "sliding", "width"),
    [
        ({"num_hidden_layers": 62, "num_attention_heads": 32, "num_key_value_heads": 16, "head_dim": 128}, 0, 128),
        ({"num_hidden_layers": 4, "num_attention_heads": 4, "hidden_size": 64}, 0, 16),
        (
            {"num_hidden_layers": 34, "num_attention_heads": 8, "head_dim": 256, "sliding_window": 1024}
            | {"sliding_window_pattern": 6},
            29,
            256,
        ),
        (
            {"num_hidden_layers": 2, "num_attention_heads": 1, "head_dim": 32, "sliding_window": 512}
            | {"layer_types": ["sliding_attention", "full_attention"]},
            1,
            32,
        ),
    ],
)
@pytest.mark.parametrize("nested", [False, True])
def test_a_shape_is_read_from_a_config(config: dict[str, object], sliding: int, width: int, nested: bool) -> None:
    found = shape_of({"text_config": config} if nested else config, name="x", parameters=1.0)
    assert (found.sliding, found.width) == (sliding, width)


def test_a_card_that_does_not_hold_the_weights_holds_no_round() -> None:
    assert rounds_at_once(LARGE, card=80 * GIB, share=0.9) == 0
    assert rounds_at_once(GEMMA, card=80 * GIB, share=0.74, bits=8) > rounds_at_once(GEMMA, card=80 * GIB, share=0.74)
