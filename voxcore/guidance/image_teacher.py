"""A teacher that asks an image diffusion model what the views should look like.

A *look* encodes the views, asks the model about them and keeps what its variant wants of the latents
(`voxcore.guidance.variants`). Every optimiser step until the next look encodes the same views anew
and pulls them there, so that one expensive answer is followed for several cheap steps.
"""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor

from voxcore.checkpoint import step_generator
from voxcore.config import TrainConfig
from voxcore.errors import CheckpointError, InvalidConfig, TeacherError
from voxcore.guidance.base import Scene, Score, StepInfo
from voxcore.guidance.guide import Guide
from voxcore.guidance.image_model import ImageModel
from voxcore.guidance.noise_schedule import trailing_timesteps
from voxcore.guidance.pixel_gradient import clip_pixel_gradient
from voxcore.guidance.surface_noise import surface_noise
from voxcore.guidance.tiles import tiled
from voxcore.guidance.variants import EVEN_WEIGHT, VARIANTS, Draws
from voxcore.guidance.view_prompts import ViewPrompts
from voxcore.render import SKY
from voxcore.schedules import fraction, linear
from voxcore.views import TILES

_SKY: Final = torch.tensor(SKY)


class ImageTeacher:
    """See the module. Raises InvalidConfig, TeacherError."""

    def __init__(self, config: TrainConfig, model: ImageModel) -> None:
        self.config, self.model = config, model
        self.prompts = ViewPrompts(
            config.prompt,
            config.negative_prompt,
            view_dependent=config.view_prompts and not config.tiled_views,
            perp_neg=config.perp_neg,
        )
        self._tiles = TILES if config.tiled_views else 1
        count = model.schedule.count
        if config.distilled_steps > count:
            raise InvalidConfig(f"expected at most the model's {count}", field="distilled_steps")
        self._own_timesteps = trailing_timesteps(count, config.distilled_steps) if config.distilled_steps else ()
        model.read(self.prompts.texts)
        self._call = -1
        self._t, self._weight = 0, 0.0
        self._target = torch.zeros(0)

    def score(self, scene: Scene, info: StepInfo) -> Score:
        drawn, views = scene.pictures, len(scene.cameras)
        rgb = drawn.rgb + (1.0 - drawn.alpha)[..., None] * (self._sky(views, info) - _SKY).to(drawn.rgb)
        # The loss is a mean over views: the limit is on what one pixel does to its own view's loss.
        rgb = clip_pixel_gradient(rgb, self.config.pixel_grad_clip / views)
        latents = self.model.encode(tiled(rgb.movedim(-1, 1), self._tiles).movedim(1, -1))
        if info.call != self._call:
            self._look(latents.detach(), scene, info)
        self._target = self._target.to(latents)  # a checkpoint's lies on the CPU
        error = (latents - self._target).pow(2).sum()
        if self.config.lambda_material > 0.0:
            error = error + self.config.lambda_material * scene.material_spread()
        loss = 0.5 * self._weight * error / views
        return Score(loss, (self._t + 1) / self.model.schedule.count)

    @torch.no_grad()
    def _look(self, latents: Tensor, scene: Scene, info: StepInfo) -> None:
        c = self.config
        depth = scene.pictures.depth
        channels, h, w = latents.shape[1:]
        side = math.isqrt(self._tiles)
        guide = Guide(
            self.model,
            self.prompts,
            [tuple(scene.cameras[i : i + self._tiles]) for i in range(0, len(scene.cameras), self._tiles)],
            scale=c.cfg_scale,
            rescale=c.cfg_rescale,
            size=(side * depth.shape[1], side * depth.shape[2]),
        )
        t = self._timestep(info)
        draws = Draws(
            fresh=lambda: torch.randn(latents.shape, generator=info.generator).to(latents),
            on_surfaces=lambda: tiled(
                surface_noise(
                    depth, scene.cameras, (channels, h // side, w // side), cell=scene.world_scale, seed=c.seed
                ),
                self._tiles,
            ),
        )
        pull = VARIANTS[c.variant](guide, latents, t, draws)
        if not bool(torch.isfinite(pull.target).all()):
            raise TeacherError(f"the image model's answer at timestep {t} is not finite", field="teacher")
        self._target, self._t, self._call = pull.target, t, info.call
        self._weight = EVEN_WEIGHT if c.even_weights else pull.weight

    def _timestep(self, info: StepInfo) -> int:
        """From high to low over the run (arXiv:2306.12422 shows why); a distilled model's nearest own one."""
        c, schedule = self.config, self.model.schedule
        start = c.t_start * c.strength
        t = schedule.timestep(linear(start, min(c.t_end, start), fraction(info.call, info.calls)))
        return min(self._own_timesteps, key=lambda own: abs(own - t)) if self._own_timesteps else t

    def _sky(self, views: int, info: StepInfo) -> Tensor:
        """[V, 1, 1, 3] float64: the sky's own colour, or with probability ``random_sky`` any other, so that matter
        cannot pass for sky. It is one in all of a picture, and stays the same from look to look.
        """
        generator = step_generator(self.config.seed, info.call, "sky")
        pictures = views // self._tiles
        other = torch.rand(pictures, 1, 1, 3, generator=generator, dtype=torch.float64)
        chosen = torch.rand(pictures, 1, 1, 1, generator=generator) < self.config.random_sky
        return torch.where(chosen, other, _SKY).repeat_interleave(self._tiles, 0)

    def state(self) -> dict[str, Tensor]:
        numbers = torch.tensor([self._call, self._t, self._weight], dtype=torch.float64)
        return {"target": self._target, "look": numbers}

    def load_state(self, state: dict[str, Tensor]) -> None:
        if state["look"].shape != (3,):
            raise CheckpointError(f"expected [3], got {list(state['look'].shape)}", field="checkpoint.teacher.look")
        call, t, weight = state["look"].tolist()
        self._call, self._t, self._weight, self._target = int(call), int(t), weight, state["target"]
