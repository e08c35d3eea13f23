"""The text of a model's tokens, where bytes that are no UTF-8 cost themselves alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from typing import Any

_BYTE = re.compile(r"<0x([0-9A-F]{2})>")
_CHARACTER = re.compile(rb"[\xc0-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf7][\x80-\xbf]{3}|.", re.S)
"""A character as its first byte says its length, whether there is such a one or not; else a byte."""


def text_of(tokenizer: Any, made: Sequence[int]) -> str:  # noqa: ANN401 - a transformers class
    """The text of tokens, special ones kept.

    Tokenizers of Gemma's kind spell rare characters as one token a byte. One byte that fits nowhere makes their own
    decoder give up all the bytes beside it, a closing quotation mark among them, and an answer in a form is one no
    more. Here what fits nowhere becomes U+FFFD, one for each character that its first byte promises, and the rest is
    read: grammars that hold an output to a form take such a one, and count it as one.

    Args:
        tokenizer: a tokenizer of transformers.
        made: ids of tokens.
    """
    mended: list[int] = []
    known: dict[str, int] | None = None
    for is_byte, run in groupby(zip(made, tokenizer.convert_ids_to_tokens(made), strict=True), _spells_a_byte):
        ids, tokens = zip(*run, strict=True)
        spelt = bytes.fromhex("".join(t[3:5] for t in tokens)) if is_byte else b""
        whole = "".join(c.decode(errors="replace")[0] for c in _CHARACTER.findall(spelt)).encode()
        if whole != spelt:
            known = known or tokenizer.get_vocab()
            ids = tuple(known[f"<0x{b:02X}>"] for b in whole)
        mended += ids
    return str(tokenizer.decode(mended, skip_special_tokens=False))


def _spells_a_byte(token: tuple[int, str | None]) -> bool:
    return _BYTE.fullmatch(token[1] or "") is not None
