"""What a sentence that names nothing describes: "where football teams play before their fans" is a stadium.

A linear classifier on the mean of the sentence's word vectors (``voxcore/weights/descriptions.safetensors``, built by
``scripts/build_descriptions.py`` from WordNet's definitions); one more class stands for everything else that there is.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Final

from safetensors import safe_open
from torch import Tensor
from torch.nn import functional as F

from voxcore.prior.vocabulary import FUNCTION_WORDS
from voxcore.prior.words import WEIGHTS, word_table
from voxcore.worlds.phrases import OPENINGS

PATH: Final = WEIGHTS / "descriptions.safetensors"
NOTHING: Final = "nothing"
"""The class of what is no family."""
CONFIDENT: Final = 0.3
"""Probability from which on a sentence is taken for what it seems to describe."""
LEAST_WORDS: Final = 3
"""Fewer words that carry meaning are no description."""
_REQUEST: Final = frozenset(word for text in OPENINGS for word in text.lower().split())


def content(text: str) -> list[int]:
    """Ids of the words that carry meaning."""
    words = (w for w in re.findall(r"[a-z]+", text.lower()) if w not in FUNCTION_WORDS | _REQUEST)
    return [i for i in map(word_table().lookup, words) if i is not None]


def mean_vector(ids: list[int]) -> Tensor:
    """[96] float32 of norm 1."""
    return F.normalize(word_table().vectors[ids].mean(0), dim=0)


@cache
def _classifier() -> tuple[tuple[str, ...], Tensor, Tensor]:
    """The classes, and weights [C, 96] and bias [C] float32 of their logits."""
    with safe_open(PATH, framework="pt") as file:
        classes = tuple(json.loads(file.metadata()["classes"]))
        return classes, file.get_tensor("weight").float(), file.get_tensor("bias").float()


def described_family(text: str) -> str | None:
    """The family that the text describes, where one is clear."""
    ids = content(text)
    if len(ids) < LEAST_WORDS:
        return None
    classes, weight, bias = _classifier()
    confidence, best = (weight @ mean_vector(ids) + bias).softmax(0).max(0)
    family = classes[int(best)]
    return family if family != NOTHING and float(confidence) >= CONFIDENT else None
