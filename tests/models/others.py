"""Tiny random models of the other classes: Llama, LASR (speech, as MedASR) and SigLIP (pictures, as MedSigLIP)."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

torch: Any = importlib.import_module("torch")
transformers: Any = importlib.import_module("transformers")

LLAMA3 = (
    "{{ bos_token }}{% for m in messages %}<|start_header_id|>{{ m['role'] }}<|end_header_id|>\n\n"
    "{{ m['content'] | trim }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)
"""Llama 3's prompt, as OpenBioLLM and Meditron3 use it."""
LETTERS = "▁etaoinshrdlucmfwypvbgkjqxz0123456789"


def make_llama(out: Path, gemma: Path, context: int = 16384) -> None:
    """Write a Llama with the vocabulary of the tiny Gemma and Llama 3's marks and template."""
    kit = transformers.AutoTokenizer.from_pretrained(gemma)
    kit = transformers.PreTrainedTokenizerFast(
        tokenizer_object=kit.backend_tokenizer,
        bos_token="<|begin_of_text|>",  # noqa: S106
        eos_token="<|end_of_text|>",  # noqa: S106
        pad_token="<pad>",  # noqa: S106
        additional_special_tokens=["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
        model_max_length=context,
        clean_up_tokenization_spaces=False,
        chat_template=LLAMA3,
    )
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=-(-len(kit) // 64) * 64,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=1,
        num_key_value_heads=1,
        head_dim=32,
        max_position_embeddings=context,
        initializer_range=0.1,
        bos_token_id=kit.bos_token_id,
        eos_token_id=kit.eos_token_id,
        pad_token_id=kit.pad_token_id,
    )
    model = transformers.LlamaForCausalLM(config).to(torch.bfloat16).eval()
    ends = [kit.eos_token_id, kit.convert_tokens_to_ids("<|eot_id|>")]
    model.generation_config = transformers.GenerationConfig(
        bos_token_id=kit.bos_token_id, eos_token_id=ends, pad_token_id=kit.pad_token_id, do_sample=False
    )
    model.save_pretrained(out)
    kit.save_pretrained(out)


def make_hearing(out: Path) -> None:
    """Write a LASR CTC model that hears letters."""
    vocabulary = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *((letter, -1.0) for letter in LETTERS)]
    kit = transformers.LasrTokenizer(vocab=vocabulary, extra_ids=0)
    encoder = transformers.LasrEncoderConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        conv_kernel_size=8,
        subsampling_conv_channels=16,
        initializer_range=0.2,
    )
    torch.manual_seed(0)
    config = transformers.LasrCTCConfig(vocab_size=len(vocabulary), encoder_config=encoder, pad_token_id=0)
    transformers.LasrForCTC(config).eval().save_pretrained(out)
    transformers.LasrProcessor(feature_extractor=transformers.LasrFeatureExtractor(), tokenizer=kit).save_pretrained(
        out
    )


def make_embedding(out: Path, gemma: Path, side: int = 448) -> None:
    """Write a SigLIP that takes images of MedSigLIP's size."""
    kit = transformers.AutoTokenizer.from_pretrained(gemma)
    kit.model_max_length = 64
    tower = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    torch.manual_seed(0)
    config = transformers.SiglipConfig(
        text_config={**tower, "vocab_size": len(kit), "max_position_embeddings": 64, "projection_size": 32},
        vision_config={**tower, "image_size": side, "patch_size": 14},
    )
    transformers.SiglipModel(config).eval().save_pretrained(out)
    pictures = transformers.SiglipImageProcessorPil(
        size={"height": side, "width": side}, image_mean=[0.5] * 3, image_std=[0.5] * 3
    )
    transformers.SiglipProcessor(image_processor=pictures, tokenizer=kit).save_pretrained(out)
