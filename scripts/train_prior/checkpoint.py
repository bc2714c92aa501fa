"""What one run leaves for the next: the averaged weights, which are what ships, and the log."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from voxcore.prior.model import load_network, save_weights
from voxcore.prior.network import PriorNetwork

LOG = "train.jsonl"


def save(averaged: PriorNetwork, out: Path, step: int, seen: int) -> None:
    """Write ``prior-*.safetensors`` into ``out``."""
    save_weights(averaged, out, {"samples": str(seen), "steps": str(step)})


def begin(resume: Path | None, out: Path) -> tuple[PriorNetwork, PriorNetwork, int, int]:
    """Network, averaged network, steps and samples so far; copies the log of the run that goes on.

    Both networks start from the averaged weights: they are the better ones, and the optimiser finds
    its moments again within its warm-up.
    """
    if resume is None:
        torch.manual_seed(0)
        network, averaged = PriorNetwork(), PriorNetwork()
        averaged.load_state_dict(network.state_dict())
        return network, averaged, 0, 0
    lines = (resume / LOG).read_text(encoding="utf-8").splitlines()
    if resume != out:
        (out / LOG).write_text("\n".join(lines) + "\n", encoding="utf-8")
    last = json.loads(lines[-1])
    return load_network(resume), load_network(resume), last["step"], last["seen"]
