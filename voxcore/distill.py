"""Score distillation: the grid follows a teacher by gradient descent."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from voxcore import losses
from voxcore.cameras import Camera
from voxcore.checkpoint import step_generator
from voxcore.config import TrainConfig
from voxcore.errors import CheckpointError, TeacherError
from voxcore.follow import BETAS, follow
from voxcore.grid import DifferentiableVoxelGrid
from voxcore.guidance.base import Scene, StepInfo, TargetTeacher, Teacher
from voxcore.maps import find_components
from voxcore.palette import AIR, Palette
from voxcore.render import lit_colors
from voxcore.schedules import call_index, fraction, late, linear
from voxcore.stepper import StepReport
from voxcore.views import ANCHORED_ELEVATIONS, ELEVATIONS, orbit_views, quarter_views

Blocks = NDArray[np.uint8]
_CONNECTIVITY_EVERY = 10
"""The flood fill behind the connectivity term is redone every so many steps."""


class Distillation:
    """The grid, its optimiser and a teacher (see `voxcore.stepper.Stepper`).

    Args:
        initial: the world to start from [X, Y, Z].
        fixed: mask [X, Y, Z] of cells that stay as they are in ``initial``.
        views: cameras to choose from, or empty to sample an orbit anew for each look (which tiled views are).
    """

    def __init__(
        self,
        config: TrainConfig,
        teacher: Teacher,
        *,
        initial: Blocks,
        fixed: NDArray[np.bool_],
        palette: Palette,
        world_scale: float,
        views: Sequence[Camera],
        device: torch.device,
    ) -> None:
        self.config, self.teacher, self.views = config, teacher, views
        self.initial, self.fixed = initial, fixed
        self.world_scale, self.device = world_scale, device
        self.lit = lit_colors(palette)
        self.grid = DifferentiableVoxelGrid.from_blocks(
            initial,
            len(palette),
            solid=config.logit_solid,
            air=config.logit_air,
            material=config.logit_material,
            device=device,
        )
        if fixed.any():
            free = torch.from_numpy(~fixed).to(device)
            self.grid.occupancy_logits.register_hook(lambda grad: grad * free)  # type: ignore[no-untyped-call]
            self.grid.material_logits.register_hook(lambda grad: grad * free[..., None])  # type: ignore[no-untyped-call]
        # The loss is a mean over cells, so a cell's own gradient is its loss gradient / cells.
        self.optimizer = torch.optim.Adam(
            [
                {"params": [self.grid.occupancy_logits], "lr": config.lr},
                {"params": [self.grid.material_logits], "lr": config.material_lr},
            ],
            betas=BETAS,
            eps=config.adam_eps / initial.size,
            fused=True,
        )
        self._floating = np.zeros(initial.shape, dtype=bool)
        self._free = torch.from_numpy(~fixed)
        terms = (config.lambda_sparsity, config.lambda_entropy, config.lambda_smooth, config.lambda_connectivity)
        self._follows = device.type == "cpu" and isinstance(teacher, TargetTeacher) and not any(terms)
        """Whether a step is nothing but the descent to a known target, which has a compiled short cut."""

    def advance(self, step: int, *, measure: bool) -> StepReport:
        c = self.config
        at = fraction(step, c.steps)
        temperature = linear(c.temp_start, c.temp_end, at)
        calls = min(c.teacher_calls, c.steps)
        call = call_index(step, c.steps, calls)
        scene = Scene(self.grid, temperature, self._cameras(call), self.lit, self.world_scale)
        info = StepInfo(
            step, c.steps, call, calls, step_generator(c.seed, 0 if self._anchored(call) else step, "teacher")
        )
        if self._follows:
            return self._follow(scene, info, measure=measure)
        score = self.teacher.score(scene, info)
        weights = {
            "sparsity": c.lambda_sparsity,
            "entropy": c.lambda_entropy * late(at),
            "smooth": c.lambda_smooth,
            "connectivity": c.lambda_connectivity,
        }
        terms = self._terms(scene)
        # How often a run is logged must not change its result: an active term keeps its own rhythm.
        if step % _CONNECTIVITY_EVERY == 0 if c.lambda_connectivity > 0.0 else measure:
            self._floating = find_components(self.grid.hard() > AIR).floating()
        total = score.loss
        values = {"sds": score.loss, **score.parts}
        values = {name: value.detach() for name, value in values.items()}
        for name, weight in weights.items():
            if weight > 0.0 or measure:
                with torch.set_grad_enabled(weight > 0.0):
                    value = terms[name]()
                values[name] = value.detach()
                if weight > 0.0:
                    total = total + weight * value
        if not bool(torch.isfinite(total)):
            raise TeacherError(f"the loss is {float(total.detach())} at step {step + 1}", field="loss")
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        self._check_gradient(step)
        self.optimizer.step()
        self.grid.clamp_()
        report = {"total": float(total.detach()), **{name: float(value) for name, value in values.items()}}
        return StepReport(report, temperature, score.timestep)

    def _check_gradient(self, step: int) -> None:
        """A finite loss can have a gradient that is not: the grid must not take it."""
        sums = [p.grad.sum() for p in self._parameters().values() if p.grad is not None]
        if sums and not bool(torch.isfinite(torch.stack(sums)).all()):
            raise TeacherError(f"the gradient is not finite at step {step + 1}", field="loss")

    def _follow(self, scene: Scene, info: StepInfo, *, measure: bool) -> StepReport:
        """The same step where the loss is the cross-entropy to a target and nothing else."""
        assert isinstance(self.teacher, TargetTeacher)
        target = self.teacher.target(scene, info)
        values: dict[str, float] = {}
        if measure:
            self._floating = find_components(self.grid.hard() > AIR).floating()
            with torch.no_grad():
                values = {name: float(term()) for name, term in self._terms(scene).items()}
        loss = follow(self.grid, self.optimizer, target.probabilities, self._free, scene.temperature)
        if not math.isfinite(loss):
            raise TeacherError(f"the loss is {loss} at step {info.step + 1}", field="loss")
        return StepReport({"total": loss, "sds": loss, **values}, scene.temperature, target.timestep)

    def _terms(self, scene: Scene) -> dict[str, Callable[[], Tensor]]:
        """The regularisers by name."""
        return {
            "sparsity": lambda: losses.sparsity(scene.soft),
            "entropy": lambda: losses.entropy(scene.soft),
            "smooth": lambda: losses.smoothness(scene.soft),
            "connectivity": lambda: losses.connectivity(scene.soft, self._floating),
        }

    def _cameras(self, call: int) -> Sequence[Camera]:
        """The views of a look: some of the dataset's, or an orbit around the grid, at the training size."""
        c = self.config
        anchored = self._anchored(call)
        generator = np.random.default_rng([c.seed, 0 if anchored else call])
        if self.views:
            chosen = generator.choice(len(self.views), size=min(c.views_per_step, len(self.views)), replace=False)
            return [self.views[i].resized(c.image_size, c.image_size) for i in chosen]
        around = quarter_views if c.tiled_views else orbit_views
        elevations = ANCHORED_ELEVATIONS if anchored else ELEVATIONS
        return around(self.grid.shape, self.world_scale, c.views_per_step, c.image_size, generator, elevations)

    def _anchored(self, call: int) -> bool:
        """Whether this look has the first one's cameras and noise."""
        return call < self.config.anchored * min(self.config.teacher_calls, self.config.steps)

    def blocks(self) -> Blocks:
        return np.where(self.fixed, self.initial, self.grid.hard())

    def occupancy(self) -> Tensor:
        with torch.no_grad():
            return self.grid.occupancy(self.config.temp_end)

    def state(self) -> dict[str, Tensor]:
        out = {
            "grid.occupancy": self.grid.occupancy_logits.detach(),
            "grid.material": self.grid.material_logits.detach(),
            "floating": torch.from_numpy(self._floating),
        }
        for name, parameter in self._parameters().items():
            for key, value in self.optimizer.state[parameter].items():
                out[f"adam.{name}.{key}"] = value
        return out | {f"teacher.{name}": value for name, value in self.teacher.state().items()}

    def load_state(self, state: dict[str, Tensor]) -> None:
        try:
            with torch.no_grad():
                for name, parameter in self._parameters().items():
                    if state[f"grid.{name}"].shape != parameter.shape:
                        raise CheckpointError(
                            f"expected {list(parameter.shape)}, got {list(state[f'grid.{name}'].shape)}",
                            field=f"checkpoint.grid.{name}",
                        )
                    parameter.copy_(state[f"grid.{name}"])
                    moments = {key: state[f"adam.{name}.{key}"] for key in ("step", "exp_avg", "exp_avg_sq")}
                    # Every tensor but the step counter lives where the parameter does.
                    self.optimizer.state[parameter] = {
                        key: value.clone() if key == "step" else value.to(self.device).clone()
                        for key, value in moments.items()
                    }
            self._floating = state["floating"].numpy().astype(bool)
            prefix = "teacher."
            self.teacher.load_state({k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)})
        except KeyError as error:
            raise CheckpointError(f"expected the tensor {error}", field="checkpoint") from error

    def _parameters(self) -> dict[str, torch.nn.Parameter]:
        return {"occupancy": self.grid.occupancy_logits, "material": self.grid.material_logits}
