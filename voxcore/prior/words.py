"""Prompts as word vectors.

The table (``voxcore/weights/words.safetensors``, built by ``scripts/build_text_table.py``) holds one
96-dimensional vector for each of some 75,000 English words, so that words which the prior never saw
in training still land near those it did.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import torch
from safetensors import safe_open
from torch import Tensor

WEIGHTS: Final = Path(__file__).parents[1] / "weights"
MAX_WORDS: Final = 32
"""Words of a prompt that the prior reads; the rest is ignored with a warning."""

_SUFFIXES: Final = (("'s", ""), ("ies", "y"), ("es", ""), ("s", ""), ("ed", ""), ("ed", "e"), ("ing", ""), ("ing", "e"))


@dataclass(frozen=True)
class Tokens:
    """A prompt, read. ``ids`` index the table; ``unknown`` are words that are not in it."""

    ids: tuple[int, ...]
    unknown: tuple[str, ...]
    dropped: int


class WordTable:
    """Words, their vectors [N, 96] float32 (norm sqrt(96)), and lookup."""

    def __init__(self, words: list[str], vectors: Tensor) -> None:
        self.words = words
        self.vectors = vectors
        self._index = {word: i for i, word in enumerate(words)}

    def lookup(self, word: str) -> int | None:
        """The word's id, trying its stem where the form itself is not listed."""
        if word in self._index:
            return self._index[word]
        for suffix, replacement in _SUFFIXES:
            if word.endswith(suffix):
                stem = word[: len(word) - len(suffix)] + replacement
                if stem in self._index:
                    return self._index[stem]
        return None

    def tokenize(self, prompt: str) -> Tokens:
        """Read a prompt: lower case, runs of letters; compounds fall apart where only parts are known."""
        ids: list[int] = []
        unknown: list[str] = []
        for word in re.findall(r"[^\W\d_]+(?:'s)?|\d+", prompt.lower()):
            found = self._pieces(_NUMBERS.get(word, word))
            if found is None:
                unknown.append(word)
            else:
                ids.extend(found)
        return Tokens(tuple(ids[:MAX_WORDS]), tuple(unknown), max(0, len(ids) - MAX_WORDS))

    def _pieces(self, word: str) -> list[int] | None:
        whole = self.lookup(word)
        if whole is not None:
            return [whole]
        for cut in range(len(word) - 3, 2, -1):
            head, tail = self.lookup(word[:cut]), self.lookup(word[cut:])
            if head is not None and tail is not None:
                return [head, tail]
        return None


_NUMBERS: Final = {
    "1": "one", "2": "two", "3": "three", "4": "four", "5": "five", "6": "six", "7": "seven",
    "8": "eight", "9": "nine", "10": "ten", "11": "eleven", "12": "twelve",
}  # fmt: skip


@cache
def word_table() -> WordTable:
    """The shipped table, read once a process."""
    with safe_open(WEIGHTS / "words.safetensors", framework="pt") as file:
        words = json.loads(file.metadata()["words"])
        vectors = file.get_tensor("vectors").float() * file.get_tensor("scale").float()[:, None]
    return WordTable(words, vectors)


def padded_ids(tokens: Tokens) -> Tensor:
    """[MAX_WORDS] int64; -1 where there is no word."""
    out = torch.full((MAX_WORDS,), -1, dtype=torch.int64)
    out[: len(tokens.ids)] = torch.tensor(tokens.ids, dtype=torch.int64)
    return out
