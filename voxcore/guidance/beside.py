"""The embedded prior beside another teacher: its 3D score joins that teacher's loss.

A teacher that looks at pictures says little about what no picture shows; the prior knows what worlds
are like inside and behind. It looks at its own pace, from noise to clean over the whole run, however
often the other one looks.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from torch import Tensor

from voxcore.guidance.base import Scene, Score, StepInfo, Teacher
from voxcore.schedules import call_index

PRIOR_CALLS: Final = 40
"""Looks of the prior during a run; more bring nothing that can be seen."""


class WithPrior:
    """``teacher``'s loss plus ``weight`` times the prior's. The diffusion time is ``teacher``'s."""

    def __init__(self, teacher: Teacher, prior: Teacher, weight: float) -> None:
        self.teacher, self.prior, self.weight = teacher, prior, weight

    def score(self, scene: Scene, info: StepInfo) -> Score:
        main = self.teacher.score(scene, info)
        calls = min(PRIOR_CALLS, info.total)
        call = call_index(info.step, info.total, calls)
        beside = self.prior.score(scene, replace(info, call=call, calls=calls))
        parts = {"sds": main.loss, **main.parts, "prior": beside.loss}
        return Score(main.loss + self.weight * beside.loss, main.timestep, parts)

    def state(self) -> dict[str, Tensor]:
        own = {f"main.{name}": value for name, value in self.teacher.state().items()}
        return own | {f"prior.{name}": value for name, value in self.prior.state().items()}

    def load_state(self, state: dict[str, Tensor]) -> None:
        for prefix, teacher in (("main.", self.teacher), ("prior.", self.prior)):
            teacher.load_state({k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)})
