"""A teacher that wants random pictures. For tests of everything around a teacher, by name only."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from voxcore.guidance.base import Scene, Score, StepInfo


class NoiseTeacher:
    """Mean squared error to seeded noise: cheap, repeatable, and it moves every visible cell."""

    def score(self, scene: Scene, info: StepInfo) -> Score:
        rgb = scene.pictures.rgb
        target = torch.rand(rgb.shape, generator=info.generator).to(rgb)
        return Score((rgb - target).pow(2).mean(), math.nan)

    def state(self) -> dict[str, Tensor]:
        return {}

    def load_state(self, state: dict[str, Tensor]) -> None:
        del state
