"""What a teacher is: one protocol for those that look at pictures and those that look at the grid.

A teacher gets the `Scene` of a step and returns one differentiable number. It takes what it needs
from the scene: pictures are rendered the first time somebody asks for them, and never for a teacher
that scores the grid itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from voxcore.cameras import Camera
from voxcore.grid import DifferentiableVoxelGrid, SoftView
from voxcore.render import Rays, RenderOutput, Views, render_soft_rays


class Scene:
    """The world at one optimiser step.

    ``cameras`` are this step's views, ``world_scale`` is the side of a cell in world units. The soft view and
    the pictures are made when first asked for.
    """

    def __init__(
        self,
        grid: DifferentiableVoxelGrid,
        temperature: float,
        cameras: Sequence[Camera],
        lit: NDArray[np.float64],
        world_scale: float,
    ) -> None:
        self.grid, self.temperature, self.cameras = grid, temperature, cameras
        self._lit, self.world_scale = lit, world_scale

    @cached_property
    def soft(self) -> SoftView:
        """The grid's soft view at this step's temperature."""
        with torch.enable_grad():  # it may first be asked for where a term is only measured
            return self.grid.soft(self.temperature)

    @cached_property
    def pictures(self) -> RenderOutput:
        """The views of ``cameras`` [V, H, W], each cell in the colour of one material (`SoftView.pure`)."""
        views = Views.of(self.cameras)
        drawn = self._drawn(self.soft.pure(), views, self._lit)
        return drawn.reshaped((len(self.cameras), views.height, views.width))

    def material_spread(self) -> Tensor:
        """Squared distance of what each pixel of `pictures` could show from what it shows, summed, where only the
        material of what is seen there is in question; differentiable in the materials alone.

        Pure pictures tell a cell in which direction its colour should go, and the material that lies farthest that
        way answers. With half this much, times the squared slope of what the loss compares, the answer is the
        material that lies nearest: g (c - C) + |c - C|^2 / 2 is the whole change of a squared error whose
        gradient is g where a cell of colour C takes colour c.
        """
        seen = self._drawn(
            SoftView(self.soft.occupancy.detach(), self.soft.materials), Views.of(self.cameras), self._lit
        )
        color = self.pictures.rgb.detach().reshape(seen.rgb.shape)
        return (seen.square - 2.0 * (seen.rgb * color).sum(-1) + color.pow(2).sum(-1)).sum()

    def render(self, rays: Rays | Views, lit: NDArray[np.float64] | None = None) -> RenderOutput:
        """Any rays, differentiably in ``soft``; with other colours ``lit`` [M, 6, 3] than the palette's."""
        return self._drawn(self.soft, rays, self._lit if lit is None else lit)

    def _drawn(self, view: SoftView, rays: Rays | Views, lit: NDArray[np.float64]) -> RenderOutput:
        return render_soft_rays(view.occupancy, view.materials, lit, rays, world_scale=self.world_scale)


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
    """``loss`` is differentiable; ``timestep`` is the diffusion time, NaN where there is none.

    ``parts`` are terms of the loss to be reported by name, for a teacher that has several.
    """

    loss: Tensor
    timestep: float
    parts: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """``probabilities`` [X, Y, Z, 1 + M] of each palette index that the grid is to follow; ``timestep`` as in Score."""

    probabilities: Tensor
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


@runtime_checkable
class TargetTeacher(Teacher, Protocol):
    """A teacher that knows what it wants of every cell. Its score is the mean cross-entropy to that,
    which can be followed without building a graph (`voxcore.follow`).
    """

    def target(self, scene: Scene, info: StepInfo) -> Target:
        """What to follow in this step, for every cell of the grid. Raises TeacherError."""
        ...
