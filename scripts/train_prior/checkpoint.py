"""What one run leaves for the next: the averaged weights, which are what ships, and the log."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from parts import Network, Part

from voxcore.prior.model import save_weights


def log_name(part: Part) -> str:
    """The log's file name."""
    return "train.jsonl" if part.name == "prior" else f"train_{part.name}.jsonl"


def save(part: Part, averaged: Network, out: Path, step: int, seen: int) -> None:
    """Write the part's weights into ``out``."""
    save_weights(averaged, out, part.name, {"samples": str(seen), "steps": str(step)})


def begin(part: Part, resume: Path | None, out: Path) -> tuple[Network, Network, int, int]:
    """Network, averaged network, steps and samples so far; copies the log of the run that goes on.

    Both networks start from the averaged weights: they are the better ones, and the optimiser finds
    its moments again within its warm-up.
    """
    if resume is None:
        torch.manual_seed(0)
        network, averaged = part.first(), part.first()
        averaged.load_state_dict(network.state_dict())
        return network, averaged, 0, 0
    lines = (resume / log_name(part)).read_text(encoding="utf-8").splitlines()
    if resume != out:
        (out / log_name(part)).write_text("\n".join(lines) + "\n", encoding="utf-8")
    last = json.loads(lines[-1])
    return part.load(resume), part.load(resume), last["step"], last["seen"]
