"""The embedded prior as a teacher: score distillation in block space.

The grid's expected code is noised, the prior says which blocks it believes in (q), and the grid
follows q by cross-entropy for the steps until the next look. The noise of a look holds on to part of
what the last answer left unexplained (`voxcore.prior.sampler`). In the x0 form the distillation
gradient (SDS, arXiv:2209.14988 eq. 3) is w(t) alpha/sigma (x - x0_hat); here x0_hat is a
distribution over blocks, and cross-entropy is its natural loss; w(t) is chosen so that every look
weighs the same.
"""

from __future__ import annotations

import torch
from torch import Tensor

from voxcore.config import TrainConfig
from voxcore.guidance.base import Scene, Score, StepInfo, Target
from voxcore.prior.diffusion import expected_code
from voxcore.prior.sampler import guidance_at, implied_noise, next_noise, noise_level, noised
from voxcore.prior.task import PriorTask
from voxcore.schedules import fraction


class PriorTeacher:
    """See the module."""

    def __init__(self, config: TrainConfig, task: PriorTask) -> None:
        self.config, self.task = config, task
        self._call = -1
        self._target = torch.zeros(0)
        self._noise = torch.zeros(0)
        self._t = 0.0

    def target(self, scene: Scene, info: StepInfo) -> Target:
        if info.call != self._call:
            self._look(scene.grid.probabilities(scene.temperature), info)
        return Target(self._target, self._t)

    def score(self, scene: Scene, info: StepInfo) -> Score:
        target = self.target(scene, info)
        log_p = scene.grid.log_probabilities(scene.temperature)[self.task.window.map_slices]
        loss = -(target.probabilities * log_p).sum() / scene.grid.occupancy_logits.numel()
        return Score(loss, target.timestep)

    @torch.no_grad()
    def _look(self, probabilities: Tensor, info: StepInfo) -> None:
        c = self.config
        at = fraction(info.call, info.calls)
        t = noise_level(c.t_start * c.strength, min(c.t_end, c.t_start * c.strength), at)
        noise = self.task.fresh(info.generator)
        if self._call >= 0:
            noise = next_noise(self._noise, noise, self._t, t)
        codes = self.task.codes(probabilities)
        x = noised(codes, noise, t)
        # The grid has followed the last answer, so what it expects stands for that answer.
        scale = guidance_at(c.cfg_scale, t, from_nothing=self.task.from_nothing)
        q = self.task.ask(x, t, scale, codes if self._call >= 0 else None)
        self._target = self.task.lift(q)
        self._noise = implied_noise(x, self.task.hold(expected_code(q)), t)
        self._call, self._t = info.call, t

    def state(self) -> dict[str, Tensor]:
        t = torch.tensor([self._t], dtype=torch.float64)
        return {"target": self._target, "noise": self._noise, "call": torch.tensor([self._call]), "t": t}

    def load_state(self, state: dict[str, Tensor]) -> None:
        self._target = state["target"].to(self.task.prior.device)
        self._noise = state["noise"].to(self.task.prior.device)
        self._call, self._t = int(state["call"][0]), float(state["t"][0])
