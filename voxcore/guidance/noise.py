"""A teacher that wants random pictures. For tests of everything around a teacher, by name only."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from voxcore.config import TrainConfig
from voxcore.guidance.base import Scene, Score, StepInfo
from voxcore.guidance.pixel_gradient import clip_pixel_gradient


class NoiseTeacher:
    """Mean squared error to seeded noise: cheap, repeatable, and it moves every visible cell."""

    def __init__(self, config: TrainConfig) -> None:
        self.limit = config.pixel_grad_clip

    def score(self, scene: Scene, info: StepInfo) -> Score:
        drawn = scene.pictures.rgb
        # The loss is a mean over pixels: the limit is on what one pixel adds to that mean.
        rgb = clip_pixel_gradient(drawn, self.limit / drawn[..., 0].numel())
        target = torch.rand(rgb.shape, generator=info.generator).to(rgb)
        return Score((rgb - target).pow(2).mean(), math.nan)

    def state(self) -> dict[str, Tensor]:
        return {}

    def load_state(self, state: dict[str, Tensor]) -> None:
        del state
