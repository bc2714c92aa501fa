"""The photometric teacher: the world should look like the pictures of a dataset."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from voxcore.config import TrainConfig
from voxcore.datasets import Dataset
from voxcore.errors import InvalidConfig
from voxcore.guidance.base import Scene, Score, StepInfo
from voxcore.guidance.pixel_gradient import clip_pixel_gradient
from voxcore.render import pixel_rays


class PhotometricTeacher:
    """Huber loss between pictures and renders on random pixels of all views, a fresh draw each step.

    Raises InvalidConfig for a dataset without pictures.
    """

    def __init__(self, config: TrainConfig, dataset: Dataset) -> None:
        self.cameras = dataset.cameras
        self.rays = config.views_per_step * config.image_size**2
        self.limit = config.pixel_grad_clip
        pictures = [dataset.image(i) for i in range(len(dataset.cameras))]
        if any(picture is None for picture in pictures):
            raise InvalidConfig("expected a picture for every view", field="dataset")
        self.pixels = torch.from_numpy(np.concatenate([np.asarray(p).reshape(-1, 3) for p in pictures]))
        self.heights = np.array([c.height for c in self.cameras])
        self.widths = np.array([c.width for c in self.cameras])
        self.first = np.concatenate([[0], np.cumsum(self.heights * self.widths)])

    def score(self, scene: Scene, info: StepInfo) -> Score:
        chosen = torch.randint(len(self.pixels), (self.rays,), generator=info.generator)
        flat = chosen.numpy()
        view = np.searchsorted(self.first, flat, side="right") - 1
        row, column = np.divmod(flat - self.first[view], self.widths[view])
        rgb = scene.render(pixel_rays(self.cameras, view, row, column)).rgb
        target = self.pixels[chosen].to(rgb.device, torch.float32) / 255.0
        # Summed over channels and averaged over pixels: the clip's unit is then one pixel's gradient.
        loss = F.huber_loss(clip_pixel_gradient(rgb, self.limit / len(chosen)), target, delta=0.1, reduction="none")
        return Score(loss.sum(-1).mean() * 10.0, math.nan)

    def state(self) -> dict[str, Tensor]:
        return {}

    def load_state(self, state: dict[str, Tensor]) -> None:
        del state
