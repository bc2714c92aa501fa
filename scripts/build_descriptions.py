"""Fit the classifier that tells what a sentence describes (voxcore/weights/descriptions.safetensors).

It learns from WordNet's definitions of everything that the thesaurus reads as some family, and of other things that
can be seen. The figures that it prints are of a fifth of the definitions, which a first fit did not have; what is
shipped is fitted to all of them.

Needs WordNet 3.1's folder "dict" as scripts/build_thesaurus.py does. WordNet 3.1 Copyright 2011 by Princeton
University. All rights reserved; its notice goes into the file's header.

    PYTHONPATH=. python scripts/build_descriptions.py --wordnet DIR
"""

from __future__ import annotations

import argparse
import json
import re
from collections import defaultdict
from pathlib import Path
from random import Random
from typing import Final

import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional as F

from scripts.build_thesaurus import notice, nouns_of_synsets, read_wordnet
from voxcore.prior.description import CONFIDENT, NOTHING, PATH, content, mean_vector
from voxcore.worlds.companions import COMPANIONS
from voxcore.worlds.vocabulary import NOUNS

CLASSES: Final = (*sorted(NOUNS), NOTHING)
SEEN: Final = frozenset({"animal", "artifact", "body", "food", "group", "location", "object", "person", "substance"})
"""Lexicographer files whose definitions teach what is no family."""
MOST: Final = 60
"""Definitions of one family; there are hundreds of trees."""
OTHERS: Final = 0.04
"""Share of the definitions of other things."""
DECAY: Final = 1e-3
SHARPNESS: Final = 4.0
"""Scale of the logits while fitting, so that one learning rate suits them."""

Example = tuple[str, int]


def examples(wordnet_folder: Path, rng: Random) -> list[Example]:
    """Definitions without their quotations, with the index of their class, shuffled."""
    wordnet = read_wordnet(wordnet_folder)
    nouns = nouns_of_synsets(wordnet)
    families = {noun: c.family for c in COMPANIONS for noun in c.one}
    families |= {noun: family for family, words in NOUNS.items() for noun in words}
    found = defaultdict[str, list[str]](list)
    for line in (wordnet_folder / "data.noun").read_text(encoding="utf-8").splitlines():
        head, _, gloss = line.partition(" | ")
        synset = wordnet.synsets.get(head.partition(" ")[0])
        if synset is None or synset.instance:
            continue
        noun = nouns.get(head.partition(" ")[0])
        if noun is not None:
            found[families[noun]].append(re.sub('"[^"]*"', "", gloss))
        elif synset.file in SEEN and rng.random() < OTHERS:
            found[NOTHING].append(re.sub('"[^"]*"', "", gloss))
    for family, glosses in found.items():
        rng.shuffle(glosses)
        if family != NOTHING:
            del glosses[MOST:]
    out = [(gloss, CLASSES.index(family)) for family, glosses in found.items() for gloss in glosses if content(gloss)]
    rng.shuffle(out)
    return out


def fit(inputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Weights [C, 96] and bias [C] by logistic regression, every class counting the same."""
    weight = torch.zeros(len(CLASSES), inputs.shape[1], requires_grad=True)
    bias = torch.zeros(len(CLASSES), requires_grad=True)
    share = 1.0 / torch.bincount(targets, minlength=len(CLASSES)).clamp(min=1).float()
    optimizer = torch.optim.Adam([weight, bias], lr=0.1)
    for _ in range(400):
        logits = SHARPNESS * inputs @ weight.T + bias
        loss = F.cross_entropy(logits, targets, weight=share / share.mean()) + DECAY * weight.square().sum()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return SHARPNESS * weight.detach(), bias.detach()


def figures(weight: Tensor, bias: Tensor, inputs: Tensor, targets: Tensor) -> str:
    """How many definitions are taken for a family, and how many of those rightly."""
    confidence, best = (inputs @ weight.T + bias).softmax(1).max(1)
    other = targets == CLASSES.index(NOTHING)
    taken = (best != CLASSES.index(NOTHING)) & (confidence >= CONFIDENT)
    right = best == targets
    return (
        f"of {int((~other).sum())} held-out definitions the likeliest class is right for "
        f"{float(right[~other].float().mean()):.0%}; {float(taken[~other].float().mean()):.0%} are taken for a family, "
        f"rightly {float(right[taken & ~other].float().mean()):.0%}; of {int(other.sum())} other things "
        f"{float(taken[other].float().mean()):.0%} are"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wordnet", type=Path, required=True, help="the folder with data.noun and index.sense")
    args = parser.parse_args()
    torch.set_num_threads(1)
    glosses = examples(args.wordnet, Random(0))
    inputs = torch.stack([mean_vector(content(gloss)) for gloss, _ in glosses])
    targets = torch.tensor([index for _, index in glosses])
    held_out = len(glosses) // 5
    print(figures(*fit(inputs[held_out:], targets[held_out:]), inputs[:held_out], targets[:held_out]))
    weight, bias = fit(inputs, targets)
    metadata = {"classes": json.dumps(CLASSES), "source": "definitions of WordNet 3.1", "notice": notice(args.wordnet)}
    save_file({"weight": weight.half(), "bias": bias.half()}, PATH, metadata)
    print(f"fitted to {len(glosses)}; {PATH.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
