"""A job's state on disk: safetensors and JSON, complete or absent.

A checkpoint is one file, written under a temporary name and renamed, so a reader finds the old one
or the new one and never half of either. Randomness needs no state here: every step's numbers are
drawn from a generator made of the job's seed and the step (`step_generator`).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from voxcore.errors import CheckpointError, NotFound
from voxcore.maps.atomic import write_bytes

NAME = "checkpoint.safetensors"
BLOCKS = "blocks"
"""The tensor that holds the hard world [X, Y, Z] uint8, for whoever wants no more than that."""
_FORMAT = "voxcore-checkpoint-1"


@dataclass(frozen=True)
class CheckpointData:
    """``step`` optimiser steps are done; ``tensors`` by dotted name; ``job`` is the job's JSON."""

    step: int
    tensors: dict[str, Tensor]
    job: dict[str, Any]


def step_generator(seed: int, step: int, purpose: str) -> torch.Generator:
    """A CPU generator that depends on its three arguments alone."""
    digest = hashlib.sha256(f"{seed}:{step}:{purpose}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") >> 1)


def save_checkpoint(folder: Path, data: CheckpointData) -> None:
    """Replace the checkpoint in ``folder``. Raises StorageError."""
    tensors = {name: value.detach().cpu().contiguous() for name, value in data.tensors.items()}
    metadata = {"format": _FORMAT, "step": str(data.step), "job": json.dumps(data.job)}
    write_bytes(folder / NAME, save(tensors, metadata))


def blocks_in(data: CheckpointData) -> NDArray[np.uint8]:
    """The hard world [X, Y, Z] that a checkpoint holds. Raises CheckpointError."""
    if BLOCKS not in data.tensors:
        raise CheckpointError(f"expected the tensor {BLOCKS}", field="checkpoint")
    return data.tensors[BLOCKS].numpy()


def load_checkpoint(folder: Path) -> CheckpointData:
    """Read the checkpoint in ``folder``. Raises NotFound or CheckpointError."""
    path = folder / NAME
    if not path.is_file():
        raise NotFound("expected a checkpoint of an earlier run, there is none", field="resume_from")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != _FORMAT:
                raise CheckpointError(f"expected {_FORMAT}, got {metadata.get('format')!r}", field="checkpoint")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no iterator)
            return CheckpointData(int(metadata["step"]), tensors, json.loads(metadata["job"]))
    except (SafetensorError, KeyError, ValueError, OSError) as error:
        raise CheckpointError(f"cannot be read: {error}", field="checkpoint") from error
