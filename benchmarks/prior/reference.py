"""What the results are compared with: worlds of the generator for the same prompts, and the training set."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from benchmarks.prior.prompts import Asked
from voxcore.worlds import Wish, World, generate

CEILING_SEED: Final = 2**47
"""The generator's own answers to the prompts count from here; no training uses these seeds."""
TRAINING_WORLDS: Final = 20_000
"""The copy check and the retrieval know the worlds of the training seeds 0 .. TRAINING_WORLDS - 1."""

TRIAL: Final = {"sample": (17, 20), "distill": (12, 20)}
"""Top-1 hits of an earlier trial of this design (7.2 M parameters, 510 s of training): one seed per prompt, 29
families, another classifier and 20 prompts of single objects. Not the same test: quoted for the order of magnitude.
"""


def wish_of(asked: Asked) -> Wish:
    """The prompt as an order to the generator; where any number will do, one."""
    families = tuple((family, count or 1) for family, count in asked.objects)
    return Wish(families, asked.material or "", asked.setting or "", asked.ground or "")


def ceiling_world(asked: Asked, seed: int) -> World:
    """The generator's world for a prompt."""
    return generate(CEILING_SEED + seed, wish=wish_of(asked))


def words(text: str) -> list[str]:
    """Lower-case words without plural s."""
    return [w[:-1] if w.endswith("s") and len(w) > 3 else w for w in re.findall(r"[a-z]+", text.lower())]


class Captions:
    """Finds the training captions nearest to a prompt: cosine of word counts weighted by rarity (tf-idf)."""

    def __init__(self, captions: Sequence[str]) -> None:
        self.bags = [Counter(words(c)) for c in captions]
        seen = Counter(w for bag in self.bags for w in bag)
        self.weight = {w: math.log((1 + len(captions)) / (1 + n)) for w, n in seen.items()}
        self.norms = [self._norm(bag) for bag in self.bags]

    def _norm(self, bag: Counter[str]) -> float:
        return math.sqrt(sum((n * self.weight.get(w, 0.0)) ** 2 for w, n in bag.items())) or 1.0

    def nearest(self, prompt: str, count: int) -> list[int]:
        """Indices of the ``count`` nearest captions, nearest first; ties go to the lower index."""
        asked = Counter(words(prompt))
        score = [
            sum(asked[w] * bag[w] * self.weight.get(w, 0.0) ** 2 for w in asked if w in bag) / norm
            for bag, norm in zip(self.bags, self.norms, strict=True)
        ]
        return sorted(range(len(score)), key=lambda i: (-score[i], i))[:count]
