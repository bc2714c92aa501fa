"""An image diffusion model that knows what kind of world a prompt means, but not which one.

Asked with the text, its score is that of pictures of generated worlds of the asked family; without, of worlds of any
kind. Each picture is answered by itself: with ``tiled_views`` four views agree on a world, without none need agree,
as is the way of models of single views. What is distilled from it is what a model would give that had learned its
pictures without a flaw: the test of everything but the learning.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.lowered import lowered
from voxcore.cameras import Camera
from voxcore.config import TrainConfig
from voxcore.distill import Distillation
from voxcore.guidance.image_model import Question
from voxcore.guidance.image_teacher import ImageTeacher
from voxcore.guidance.noise_schedule import NoiseSchedule
from voxcore.guidance.tiles import tiled
from voxcore.maps import VoxelMap
from voxcore.palette import EDITOR
from voxcore.render import hard_image, lit_colors
from voxcore.workspace import Workspace
from voxcore.worlds import generate

SEED: Final = 2**43
"""Of the first world: far from the seeds of any training."""
SCALE: Final = 2.0
SOFT: Final = 0.1
"""Distances between pictures count by this much: pixels that lie side by side say the same, and a network that cannot
tell worlds apart stays undecided longer than a list of them does.
"""


class KnownFamily:
    """See the module and `voxcore.guidance.image_model.ImageModel`. Latents are the pictures, shadows brightened, with
    4x4 pixels in one place, as the model of `scripts/train_image_prior` has them; its worlds lie low, as most of those
    that it learns from.
    """

    def __init__(self, family: str, worlds: int = 12) -> None:
        named = [generate(SEED + i, family=family).blocks for i in range(worlds)]
        others = [generate(2 * SEED + i).blocks for i in range(worlds)]
        low = lowered(torch.from_numpy(np.stack([*named, *others])), torch.ones(2 * worlds, dtype=torch.bool))
        self._worlds, self._named = list(low.numpy()), worlds
        steps = torch.arange(1001, dtype=torch.float64) / 1000
        level = torch.cos((steps + 0.008) / 1.008 * torch.pi / 2) ** 2  # arXiv:2102.09672 eq. 17
        self.schedule = NoiseSchedule((level[1:] / level[0]).clamp(min=1e-9 * torch.arange(1000, 0, -1)), bound=1.0)
        self._lit = lit_colors(EDITOR)
        self._drawn: tuple[tuple[tuple[Camera, ...], ...], Tensor] | None = None

    def read(self, texts: Sequence[str]) -> None:
        """What the texts say is known: only whether one is given counts."""

    def encode(self, rgb: Tensor) -> Tensor:
        value = rgb.permute(0, 3, 1, 2)
        bright = torch.where(value < 0.3, 2.0 * value, 0.6 + (value - 0.3) * 0.4 / 0.7)
        return F.pixel_unshuffle(F.pixel_unshuffle(2.0 * bright - 1.0, 2), 2)

    def output(self, noisy: Tensor, t: int, question: Question) -> Tensor:
        alpha, sigma = self.schedule.alpha(t), self.schedule.sigma(t)
        free = question.mix[:, 0].to(noisy) > 0.5
        asked = tuple(dict.fromkeys(question.cameras))
        pictures = self._pictures(asked).repeat(len(noisy) // len(asked), 1, 1, 1, 1)
        distance = (noisy[:, None] - alpha * pictures).pow(2).flatten(2).sum(-1)
        known = torch.arange(pictures.shape[1]) < self._named
        unknown = torch.where(free[:, None], known, ~known)
        share = (-SOFT * distance / (2.0 * sigma**2)).masked_fill(unknown, -torch.inf).softmax(1)
        clean = (share[:, :, None, None, None] * pictures).sum(1)
        return (noisy - alpha * clean) / sigma

    def _pictures(self, asked: tuple[tuple[Camera, ...], ...]) -> Tensor:
        """[B, worlds, C, h, w]; a look asks for the same several times."""
        if self._drawn is None or self._drawn[0] != asked:
            self._drawn = (asked, torch.stack([self._picture(cameras) for cameras in asked]))
        return self._drawn[1]

    def _picture(self, cameras: tuple[Camera, ...]) -> Tensor:
        """[worlds, C, h, w]"""
        views = [
            np.stack([hard_image(world, self._lit, camera, world_scale=SCALE) for camera in cameras])
            for world in self._worlds
        ]
        shown = torch.from_numpy(np.concatenate(views)).float().movedim(-1, 1) / 255
        return self.encode(tiled(shown, len(cameras)).movedim(1, -1))


def distilled_family(family: str, config: TrainConfig, source: VoxelMap, start: np.ndarray[Any, Any]) -> VoxelMap:
    """What a job on ``source`` makes of the world ``start`` [X, Y, Z] with a model that knows ``family``."""
    space = Workspace.of(config, source, start)
    job = Distillation(
        config,
        ImageTeacher(config, KnownFamily(family)),
        initial=space.initial,
        fixed=space.fixed,
        palette=source.palette,
        world_scale=source.world_scale,
        views=(),
        device=torch.device("cpu"),
    )
    for step in range(config.steps):
        job.advance(step, measure=False)
    return source.with_blocks(space.cleaned(space.world(job.blocks())).blocks)
