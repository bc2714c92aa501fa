"""Direct sampling: the world is drawn from the prior instead of descending to it."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from voxcore.checkpoint import step_generator
from voxcore.config import TrainConfig
from voxcore.errors import CheckpointError
from voxcore.prior.diffusion import expected_code
from voxcore.prior.sampler import guidance_at, implied_noise, next_noise, noise_level, noised
from voxcore.prior.task import PriorTask
from voxcore.schedules import fraction
from voxcore.stepper import StepReport

Blocks = NDArray[np.uint8]


class Sampling:
    """Sampling, one network call a step (see `voxcore.stepper.Stepper`).

    ``losses`` reports the mean entropy of the posterior: how undecided the prior still is.
    """

    def __init__(self, config: TrainConfig, task: PriorTask, *, initial: Blocks, fixed: NDArray[np.bool_]) -> None:
        self.config, self.task, self.initial, self.fixed = config, task, initial, fixed
        index = torch.from_numpy(initial).long()
        self._probabilities = F.one_hot(index, task.materials + 1).float().to(task.prior.device)
        self._x = self._begin()
        self._guess = torch.zeros_like(self._x)

    def _begin(self) -> Tensor:
        c = self.config
        noise = self.task.fresh(step_generator(c.seed, 0, "begin"))
        return self.task.start(noise, self._time(0), keep=c.strength < 1.0)

    def _time(self, step: int) -> float:
        c = self.config
        top = c.t_start * c.strength
        return noise_level(top, min(c.t_end, top), fraction(step, c.steps))

    @torch.no_grad()
    def advance(self, step: int, *, measure: bool) -> StepReport:
        del measure
        c, t = self.config, self._time(step)
        q = self.task.ask(self._x, t, guidance_at(c.cfg_scale, t, from_nothing=self.task.from_nothing), self._guess)
        self._probabilities = self.task.lift(q)
        if step + 1 < c.steps:
            x0 = self._guess = self.task.hold(expected_code(q))
            fresh = self.task.fresh(step_generator(c.seed, step, "sample"))
            following = self._time(step + 1)
            self._x = noised(x0, next_noise(implied_noise(self._x, x0, t), fresh, t, following), following)
        entropy = float(-(q * q.clamp(min=1e-9).log()).sum(1).mean())
        return StepReport({"total": entropy, "sds": entropy}, 1.0, t)

    def blocks(self) -> Blocks:
        drawn = self._probabilities.argmax(-1).to(torch.uint8).cpu().numpy()
        return np.where(self.fixed, self.initial, drawn)

    def occupancy(self) -> Tensor:
        return 1.0 - self._probabilities[..., 0]

    def state(self) -> dict[str, Tensor]:
        return {"x": self._x, "guess": self._guess, "probabilities": self._probabilities}

    def load_state(self, state: dict[str, Tensor]) -> None:
        for name, own in self.state().items():
            if name not in state or state[name].shape != own.shape:
                raise CheckpointError(f"expected {name} of shape {list(own.shape)}", field="checkpoint")
            own.copy_(state[name])
