"""LoRA: a small adapter on a base model, trained on prompts with their accepted answers; the base stays as it is."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage

from agents.models.in_process import prompt_text
from agents.models.registry import Template
from agents.models.tuning_examples import Example, TuningUnusable, groups_of, held_out_groups
from agents.models.turns import turns
from agents.models.weights import WeightsUnusable
from tools.needed import needed

PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
"""The layers of the language model that are adapted; an image encoder is left alone."""
_UNSCORED = -100


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """How it is trained."""

    steps: int = 200
    """Examples that are learned from, one a step, in an order that the seed gives."""
    rank: int = 16
    """Rank of the adapter's matrices; a server must allow it (``--max-lora-rank``)."""
    rate: float = 2e-4
    """Learning rate, falling to zero in a line."""
    longest: int = 16_384
    """Examples of more tokens are left out, and counted."""
    seed: int = 0
    """Of the order and of the adapter's beginning."""
    template: Template = "tokenizer"
    """How a prompt is laid out; as the base's row says it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tuned:
    """What came of it."""

    used: int
    """Examples that were learned from."""
    held_out: int
    """Examples that were only measured on."""
    too_long: int
    """Examples that were left out."""
    losses: tuple[float, ...]
    """Loss of each step, in nats a token of the answer."""
    before: float
    """Loss on the examples held out (on the first learned one, where none is) with the base alone."""
    after: float
    """The same with the adapter."""


def tune(
    base: Path,
    examples: Sequence[Example],
    out: Path,
    *,
    recipe: Recipe,
    progress: Callable[[int, float], None] = lambda step, loss: None,
) -> Tuned:
    """Train an adapter and save it, with `tuning.json` beside it: what it was made from.

    Args:
        base: folder with the base's weights; they are read and not changed.
        examples: from `read_examples`.
        out: folder for the adapter; made where it is missing.
        recipe: how.
        progress: told the step, from 1, and its loss.

    Raises:
        TuningUnusable: no example fits into the recipe's length.
        WeightsUnusable: the base cannot be read.
        TemplateMissing: neither recipe nor tokenizer says how a prompt is laid out.
        LibraryMissing: torch, transformers or peft are not installed.
    """
    torch, peft = needed("torch", extra="models,tune"), needed("peft", extra="models,tune")
    tokenizer, model = _base(base)
    kept = held_out_groups(examples)
    fitting = [
        (name in kept, tokens)
        for name, one in zip(groups_of(examples), examples, strict=True)
        if len((tokens := _encoded(one, tokenizer, model, recipe.template))[0]) <= recipe.longest
    ]
    learned = [tokens for out_of_it, tokens in fitting if not out_of_it]
    held_out = [tokens for out_of_it, tokens in fitting if out_of_it]
    if not learned:
        raise TuningUnusable(f"No example fits into {recipe.longest} tokens; allow more, or take a smaller chart.")
    torch.manual_seed(recipe.seed)
    config = peft.LoraConfig(
        r=recipe.rank,
        lora_alpha=2 * recipe.rank,
        target_modules=_targets(model),
        task_type="CAUSAL_LM",
    )
    adapted = peft.get_peft_model(model, config)
    adapted.enable_input_require_grads()
    adapted.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    measured = held_out or learned[:1]
    before = _mean_loss(adapted, measured)
    losses = tuple(_trained(adapted, learned, recipe, progress))
    after = _mean_loss(adapted, measured)
    adapted.save_pretrained(out, save_embedding_layers=False)
    _without_paths(out, base)
    found = Tuned(
        used=len(learned),
        held_out=len(held_out),
        too_long=len(examples) - len(fitting),
        losses=losses,
        before=before,
        after=after,
    )
    _note(out, base, examples, recipe, found)
    return found


def _base(folder: Path) -> tuple[Any, Any]:
    torch = needed("torch", extra="models,tune")
    transformers = needed("transformers", extra="models,tune")
    transformers.utils.logging.disable_progress_bar()
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise WeightsUnusable(folder, f"reading it failed ({type(error).__name__})") from error
    return tokenizer, model.to("cuda" if torch.cuda.is_available() else "cpu")


def _targets(model: Any) -> list[str]:  # noqa: ANN401 - a transformers class
    names = [name for name, _ in model.named_modules() if name.rpartition(".")[2] in PROJECTIONS]
    return [name for name in names if "vision" not in name]


def _encoded(one: Example, tokenizer: Any, model: Any, template: Template) -> tuple[list[int], list[int]]:  # noqa: ANN401
    """Tokens, and labels that count the answer and its end alone; the prompt is the one that is served."""
    talk = turns([HumanMessage(content=one.prompt)])
    asked = tokenizer(prompt_text(tokenizer, model, talk, template), add_special_tokens=False).input_ids
    answer = tokenizer(AIMessage(content=one.answer).text, add_special_tokens=False).input_ids
    ends = model.generation_config.eos_token_id
    answer = [*answer, ends[-1] if isinstance(ends, list) else ends]
    return [*asked, *answer], [*([_UNSCORED] * len(asked)), *answer]


def _loss(model: Any, one: tuple[list[int], list[int]]) -> Any:  # noqa: ANN401 - torch classes
    torch = needed("torch", extra="models,tune")
    ids, labels = (torch.tensor([part], device=model.device) for part in one)
    return model(input_ids=ids, attention_mask=torch.ones_like(ids), labels=labels, use_cache=False).loss


def _mean_loss(model: Any, some: Sequence[tuple[list[int], list[int]]]) -> float:  # noqa: ANN401
    torch = needed("torch", extra="models,tune")
    model.eval()
    with torch.inference_mode():
        return sum(float(_loss(model, one)) for one in some) / len(some)


def _trained(
    model: Any,  # noqa: ANN401 - a peft class
    learned: Sequence[tuple[list[int], list[int]]],
    recipe: Recipe,
    progress: Callable[[int, float], None],
) -> Iterator[float]:
    torch = needed("torch", extra="models,tune")
    weights = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=recipe.rate, weight_decay=0.0)
    order = random.Random(recipe.seed)  # noqa: S311 - an order, no secret
    model.train()
    for step in range(1, recipe.steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = recipe.rate * (1 - (step - 1) / recipe.steps)
        loss = _loss(model, order.choice(learned))
        loss.backward()
        said = float(loss.detach())
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        progress(step, said)
        yield said


def _without_paths(out: Path, base: Path) -> None:
    """A path of this machine is nobody's business who gets the adapter."""
    (out / "README.md").unlink(missing_ok=True)
    config = out / "adapter_config.json"
    said = {**json.loads(config.read_text(encoding="utf-8")), "base_model_name_or_path": base.name}
    config.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")


def _note(out: Path, base: Path, examples: Sequence[Example], recipe: Recipe, found: Tuned) -> None:
    body = "\n".join(one.model_dump_json() for one in examples).encode()
    said = {
        "base": base.name,
        "examples_sha256": hashlib.sha256(body).hexdigest(),
        "recipe": {name: getattr(recipe, name) for name in recipe.__slots__},
        "used": found.used,
        "held_out": found.held_out,
        "too_long": found.too_long,
        "loss_before": round(found.before, 4),
        "loss_after": round(found.after, 4),
    }
    (out / "tuning.json").write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
