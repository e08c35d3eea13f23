"""Tiny models of MedGemma's architecture with random weights; run by the Python of the models' environment.

``python -m tests.models.tiny OUT`` writes ``OUT/text`` (Gemma 3, text), ``OUT/image`` (Gemma 3 with an image encoder),
and those of :mod:`tests.models.others`: ``OUT/llama``, ``OUT/hearing`` and ``OUT/embedding``. Nothing is downloaded.
"""

from __future__ import annotations

import argparse
import importlib
import json
import string
from pathlib import Path
from typing import Any

from tests.models.others import make_embedding, make_hearing, make_llama

torch: Any = importlib.import_module("torch")
tokenizers: Any = importlib.import_module("tokenizers")
transformers: Any = importlib.import_module("transformers")
safetensors: Any = importlib.import_module("safetensors.torch")

SPECIAL = (
    *("<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"),
    *("<start_of_image>", "<end_of_image>", "<image_soft_token>", "<unused94>", "<unused95>"),
)
NEWLINES = tuple("\n" * n for n in (1, 2, 3, 4))
"""vLLM's Gemma 3 looks runs of line feeds up by name."""
BYTES = tuple(f"<0x{i:02X}>" for i in range(256))
CONTEXT = 32768
TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}"
    "<start_of_turn>{{ 'model' if m['role'] == 'assistant' else 'user' }}\n"
    "{% if m['content'] is string %}{{ m['content'] | trim }}{% else %}{% for part in m['content'] %}"
    "{% if part['type'] == 'image' %}<start_of_image>{% else %}{{ part['text'] | trim }}{% endif %}"
    "{% endfor %}{% endif %}<end_of_turn>\n{% endfor %}"
    "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)


def tokenizer(words: str) -> Any:
    """A byte-fallback BPE laid out as Gemma's: spaces become U+2581 and each digit is a token.

    Args:
        words: text to learn merges from.
    """
    kit = tokenizers.Tokenizer(tokenizers.models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))  # noqa: S106
    kit.normalizer = tokenizers.normalizers.Replace(" ", "▁")
    split = tokenizers.pre_tokenizers.Split
    kit.pre_tokenizer = tokenizers.pre_tokenizers.Sequence(
        [split("▁", "merged_with_next"), split(tokenizers.Regex(r"\d"), "isolated")]
    )
    kit.decoder = tokenizers.decoders.Sequence(
        [tokenizers.decoders.Replace("▁", " "), tokenizers.decoders.ByteFallback(), tokenizers.decoders.Fuse()]
    )
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=4096,
        initial_alphabet=[c for c in string.printable if c not in " \t\r\n\x0b\x0c"] + ["▁"],
        show_progress=False,
        max_token_length=12,
    )
    kit.train_from_iterator(words.splitlines(), trainer)
    learned = json.loads(kit.to_str())["model"]
    vocabulary = [*SPECIAL, *NEWLINES, *BYTES, *sorted(learned["vocab"], key=learned["vocab"].get)]
    kit.model = tokenizers.models.BPE(
        vocab={t: i for i, t in enumerate(dict.fromkeys(vocabulary))},
        merges=[tuple(m) for m in learned["merges"]],
        byte_fallback=True,
        unk_token="<unk>",  # noqa: S106
        fuse_unk=True,
    )
    kit.add_special_tokens(list(SPECIAL))
    kit.add_tokens(list(NEWLINES))
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=kit,
        bos_token="<bos>",  # noqa: S106
        eos_token="<eos>",  # noqa: S106
        pad_token="<pad>",  # noqa: S106
        unk_token="<unk>",  # noqa: S106
        additional_special_tokens=["<start_of_turn>", "<end_of_turn>"],
        extra_special_tokens={
            "boi_token": "<start_of_image>",
            "eoi_token": "<end_of_image>",
            "image_token": "<image_soft_token>",
        },
        model_max_length=CONTEXT,
        clean_up_tokenization_spaces=False,
        padding_side="left",
        chat_template=TEMPLATE,
    )


def text_config(kit: Any) -> Any:
    """Two layers, one that slides and one that sees all; one head of 32."""
    return transformers.Gemma3TextConfig(
        vocab_size=-(-len(kit) // 64) * 64,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        layer_types=["sliding_attention", "full_attention"],
        num_attention_heads=1,
        num_key_value_heads=1,
        head_dim=32,
        query_pre_attn_scalar=32,
        sliding_window=512,
        max_position_embeddings=CONTEXT,
        initializer_range=0.1,
        bos_token_id=kit.bos_token_id,
        eos_token_id=kit.eos_token_id,
        pad_token_id=kit.pad_token_id,
    )


def _generation(kit: Any) -> Any:
    ends = [kit.eos_token_id, kit.convert_tokens_to_ids("<end_of_turn>")]
    return transformers.GenerationConfig(
        bos_token_id=kit.bos_token_id, eos_token_id=ends, pad_token_id=kit.pad_token_id, do_sample=False
    )


def make_text(out: Path, kit: Any) -> None:
    """Write the text model."""
    torch.manual_seed(0)
    model = transformers.Gemma3ForCausalLM(text_config(kit)).to(torch.bfloat16).eval()
    model.generation_config = _generation(kit)
    model.save_pretrained(out)
    kit.save_pretrained(out)


def make_image(out: Path, kit: Any, side: int = 112, tokens: int = 16) -> None:
    """Write the model that takes images."""
    ids = kit.convert_tokens_to_ids
    torch.manual_seed(0)
    vision = transformers.SiglipVisionConfig(
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=side,
        patch_size=14,
        vision_use_head=False,
    )
    config = transformers.Gemma3Config(
        text_config=text_config(kit),
        vision_config=vision,
        mm_tokens_per_image=tokens,
        boi_token_index=ids("<start_of_image>"),
        eoi_token_index=ids("<end_of_image>"),
        image_token_index=ids("<image_soft_token>"),
        bos_token_id=kit.bos_token_id,
        eos_token_id=[kit.eos_token_id, ids("<end_of_turn>")],
        pad_token_id=kit.pad_token_id,
    )
    model = transformers.Gemma3ForConditionalGeneration(config).to(torch.bfloat16).eval()
    # This one starts at zero: an image would change nothing.
    torch.nn.init.normal_(model.model.multi_modal_projector.mm_input_projection_weight, std=0.2)
    model.generation_config = _generation(kit)
    model.save_pretrained(out)
    _published_names(out / "model.safetensors")
    pictures = transformers.Gemma3ImageProcessorPil(
        size={"height": side, "width": side}, image_mean=[0.5] * 3, image_std=[0.5] * 3
    )
    transformers.Gemma3Processor(
        image_processor=pictures, tokenizer=kit, image_seq_length=tokens, chat_template=TEMPLATE
    ).save_pretrained(out)


def _published_names(path: Path) -> None:
    """Name the image encoder's weights as published Gemma 3 weights are; vLLM knows no other names."""
    old, new = "vision_tower.", "vision_tower.vision_model."
    weights = safetensors.load_file(path)
    renamed = {
        n.replace(old, new, 1) if n.startswith(old) and not n.startswith(new) else n: w for n, w in weights.items()
    }
    safetensors.save_file(renamed, path, metadata={"format": "pt"})


def main() -> None:
    """Write all."""
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    out = parser.parse_args().out
    words = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
    kit = tokenizer(words)
    make_text(out / "text", kit)
    make_image(out / "image", kit)
    make_llama(out / "llama", out / "text")
    make_hearing(out / "hearing")
    make_embedding(out / "embedding", out / "text")


if __name__ == "__main__":
    main()
