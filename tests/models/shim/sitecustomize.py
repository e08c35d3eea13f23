"""Put on PYTHONPATH of the models' environment: lets a torchvision that was built for CUDA load beside torch for a CPU.

Its compiled part does not load there, and it goes on without it but for two operators that it expects to be known. They
are declared here, without a body, just before torchvision is imported; vLLM and transformers never call them.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Any


class _Before:
    """An import finder that finds nothing and acts once."""

    kept: Any = None

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: object = None) -> None:
        if name != "torchvision":
            return
        sys.meta_path.remove(self)
        torch: Any = importlib.import_module("torch")
        if torch.version.cuda is None:
            _Before.kept = torch.library.Library("torchvision", "DEF")
            for operator in ("nms", "qnms"):
                _Before.kept.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")


sys.meta_path.insert(0, _Before())
