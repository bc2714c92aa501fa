"""An image diffusion model that knows one world: its noise prediction is the exact score of that world's pictures.

What is distilled from it is known in advance, so that the whole way from a score to voxels can be
tested without anybody's weights. Its latents are the pictures themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from voxcore.cameras import Camera
from voxcore.config import TrainConfig
from voxcore.distill import Distillation
from voxcore.guidance.image_model import Question
from voxcore.guidance.image_teacher import ImageTeacher
from voxcore.guidance.noise_schedule import NoiseSchedule
from voxcore.guidance.tiles import tiled
from voxcore.maps import INITIAL_WORLDS, VoxelMap
from voxcore.render import lit_colors, render_hard


def sdxl_schedule(prediction: str = "epsilon") -> NoiseSchedule:
    """The noise levels of SDXL (and of Stable Diffusion 1 and 2)."""
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    return NoiseSchedule(torch.cumprod(1.0 - betas, 0), prediction)


class KnownWorld:
    """See the module and `voxcore.guidance.image_model.ImageModel`.

    With its text (a *mix* without text 0) the model knows the world and reads the camera: the pictures of a
    view are N(picture, ``spread``^2). Without its text it knows nothing but the scale of latents: N(0, 1).
    """

    def __init__(self, world: VoxelMap, *, spread: float = 0.02) -> None:
        self.world, self.spread, self.schedule = world, spread, sdxl_schedule()
        self._lit = lit_colors(world.palette)

    def read(self, texts: Sequence[str]) -> None:
        """What the texts say is known: only whether one is given counts."""

    def encode(self, rgb: Tensor) -> Tensor:
        return rgb.permute(0, 3, 1, 2) * 2.0 - 1.0

    def output(self, noisy: Tensor, t: int, question: Question) -> Tensor:
        alpha, sigma = self.schedule.alpha(t), self.schedule.sigma(t)
        views = self._pictures(question.cameras).to(noisy)
        free = question.mix[:, 0].to(noisy)[:, None, None, None] > 0.5
        mean = torch.where(free, torch.zeros_like(views), views)
        spread = torch.where(free, torch.ones_like(views), torch.full_like(views, self.spread))
        # -sigma times the gradient of log N(alpha mean, alpha^2 spread^2 + sigma^2)
        return sigma * (noisy - alpha * mean) / (alpha**2 * spread**2 + sigma**2)

    def _pictures(self, cameras: Sequence[tuple[Camera, ...]]) -> Tensor:
        """[B, 3, H, W]; a batch has each picture several times."""
        drawn: dict[tuple[Camera, ...], Tensor] = {}
        for seen in cameras:
            if seen not in drawn:
                views = torch.stack([self._view(camera) for camera in seen]).movedim(-1, 1)
                drawn[seen] = tiled(views, len(seen))[0].movedim(0, -1)
        return self.encode(torch.stack([drawn[seen] for seen in cameras]))

    def _view(self, camera: Camera) -> Tensor:
        return render_hard(self.world.blocks, self._lit, camera, world_scale=self.world.world_scale).rgb


def known_world_config(variant: str, **given: Any) -> TrainConfig:
    """The job that distils a known world.

    Guidance is plain where the answer without a text takes no part. Interval score matching compares with
    the answer without a text, whose own pull under much noise is strong: it starts where there is less.
    """
    settings: dict[str, Any] = {"cfg_scale": 1.0, "t_start": 0.98}
    if variant == "ism":
        settings = {"cfg_scale": 3.0, "t_start": 0.4}
    settings |= {"t_end": 0.02, "cfg_rescale": 0.0, "random_sky": 0.0, "lr": 0.6, "material_lr": 0.2}
    settings["lambda_material"] = 4.0  # latents are pixels times 2
    settings |= {"teacher_calls": given.get("steps", 500), "image_size": 96, "pixel_grad_clip": 0.0}
    return TrainConfig.create("the known world", teacher="sdxl", variant=variant, **(settings | given))


def known_world_job(truth: VoxelMap, config: TrainConfig, device: torch.device) -> Distillation:
    """A job that is to rebuild ``truth`` from ``ground_plane``."""
    initial = INITIAL_WORLDS["ground_plane"](truth)
    return Distillation(
        config,
        ImageTeacher(config, KnownWorld(truth)),
        initial=initial,
        fixed=np.zeros(initial.shape, dtype=bool),
        palette=truth.palette,
        world_scale=truth.world_scale,
        views=(),
        device=device,
    )
