"""What a teacher is: one protocol for those that look at pictures and those that look at the grid.

A teacher gets the `Scene` of a step and returns one differentiable number. It takes what it needs
from the scene: pictures are rendered the first time somebody asks for them, and never for a teacher
that scores the grid itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor

from voxcore.cameras import Camera
from voxcore.grid import DifferentiableVoxelGrid, SoftView
from voxcore.render import Rays, RenderOutput, camera_rays
from voxcore.render.rays import picture_size


@dataclass
class Scene:
    """The world at one optimiser step.

    ``soft`` is the grid's soft view at this step's temperature. ``cameras`` are this step's views;
    ``render`` draws any rays, differentiably in ``soft``.
    """

    grid: DifferentiableVoxelGrid
    soft: SoftView
    temperature: float
    cameras: Sequence[Camera]
    render: Callable[[Rays], RenderOutput]
    _pictures: RenderOutput | None = field(default=None, init=False)

    @property
    def pictures(self) -> RenderOutput:
        """The views of ``cameras`` [V, H, W], drawn once a step."""
        if self._pictures is None:
            width, height = picture_size(self.cameras)
            drawn = self.render(camera_rays(self.cameras))
            self._pictures = drawn.reshaped((len(self.cameras), height, width))
        return self._pictures


@dataclass(frozen=True)
class StepInfo:
    """Where the run is.

    ``call`` counts the teacher's looks: while it stays the same the last answer is to be followed.
    ``generator`` depends on seed and step alone, so that a resumed run draws the same numbers.
    """

    step: int
    total: int
    call: int
    calls: int
    generator: torch.Generator


@dataclass(frozen=True)
class Score:
    """``loss`` is differentiable; ``timestep`` is the diffusion time, NaN where there is none."""

    loss: Tensor
    timestep: float


class Teacher(Protocol):
    """Something that says how wrong the world is."""

    def score(self, scene: Scene, info: StepInfo) -> Score:
        """The loss to descend in this step. Raises TeacherError."""
        ...

    def state(self) -> dict[str, Tensor]:
        """What has to survive a checkpoint."""
        ...

    def load_state(self, state: dict[str, Tensor]) -> None:
        """Go on from `state`."""
        ...
