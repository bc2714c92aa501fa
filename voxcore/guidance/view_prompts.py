"""What is said to an image model about a view: the prompt, from where one looks, and what not to show.

Azimuth 0 looks at the world's +Z side, which counts as its front. A row of a *mix* [.., P] holds the
weight of each of the P texts in one condition; text 0 is the negative prompt.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from voxcore.cameras import Camera
from voxcore.guidance.perp_neg import FRONT_AT_BACK, SIDE_BESIDE_BACK, SIDE_BESIDE_FRONT, push

OVERHEAD_DEGREES: Final = 60.0
"""Views from higher than this show the world from above, whatever their azimuth."""
_FRONT, _SIDE, _BACK, _OVERHEAD = 1, 2, 3, 4
_WORDS: Final = {_FRONT: "front view", _SIDE: "side view", _BACK: "back view", _OVERHEAD: "overhead view"}


@dataclass(frozen=True, eq=False)
class ViewConditions:
    """For V views: ``positive`` [V, P], and texts to push away from: ``negatives`` of [V, P] each with its
    ``weights`` [V].
    """

    positive: Tensor
    negatives: tuple[Tensor, ...] = ()
    weights: tuple[Tensor, ...] = ()


class ViewPrompts:
    """The texts of a job and their part in each view.

    ``view_dependent`` adds "front view" and the like; with ``perp_neg`` views in between get a mix
    (`voxcore.guidance.perp_neg`).
    """

    def __init__(self, prompt: str, negative: str = "", *, view_dependent: bool = True, perp_neg: bool = False) -> None:
        self.view_dependent, self.perp_neg = view_dependent or perp_neg, perp_neg
        directed = [f"{prompt}, {word}" for word in _WORDS.values()] if self.view_dependent else [prompt]
        self.texts: tuple[str, ...] = (negative, *directed)

    def for_cameras(self, cameras: Sequence[Camera]) -> ViewConditions:
        """What to ask of each view."""
        if not self.view_dependent:
            return ViewConditions(self._rows([{1: 1.0} for _ in cameras]))
        angles = [direction(camera) for camera in cameras]
        if not self.perp_neg:
            return ViewConditions(self._rows([{nearest(*angle): 1.0} for angle in angles]))
        views = [_between(*angle) for angle in angles]
        pushed = [list(negatives.items()) for _, negatives in views]
        return ViewConditions(
            self._rows([positive for positive, _ in views]),
            tuple(self._rows([{texts[i][0]: 1.0} for texts in pushed]) for i in range(2)),
            tuple(torch.tensor([texts[i][1] for texts in pushed]) for i in range(2)),
        )

    def _rows(self, shares: Sequence[dict[int, float]]) -> Tensor:
        mix = torch.zeros(len(shares), len(self.texts))
        for row, share in enumerate(shares):
            for text, weight in share.items():
                mix[row, text] = weight
        return mix


def direction(camera: Camera) -> tuple[float, float]:
    """From where a camera looks: azimuth in -180..180 and elevation in -90..90, degrees."""
    x, y, z = camera.world_from_cam[:, 2]
    return math.degrees(math.atan2(x, z)), math.degrees(math.asin(min(1.0, max(-1.0, y))))


def nearest(azimuth: float, elevation: float) -> int:
    """The text that fits a view best."""
    if elevation > OVERHEAD_DEGREES:
        return _OVERHEAD
    if abs(azimuth) <= 45.0:
        return _FRONT
    return _BACK if abs(azimuth) >= 135.0 else _SIDE


def _between(azimuth: float, elevation: float) -> tuple[dict[int, float], dict[int, float]]:
    """The shares of the texts in a view, and the two texts to push away from with their weights."""
    if elevation > OVERHEAD_DEGREES:
        return {_OVERHEAD: 1.0}, {_FRONT: 0.0, _SIDE: 0.0}
    turned = abs(azimuth) / 90.0
    if turned < 1.0:
        front = 1.0 - turned
        away = {_FRONT: push(SIDE_BESIDE_FRONT, front), _SIDE: push(SIDE_BESIDE_FRONT, turned)}
        return {_FRONT: front, _SIDE: turned}, away
    side = 2.0 - turned
    return {_SIDE: side, _BACK: 1.0 - side}, {
        _SIDE: push(SIDE_BESIDE_BACK, side),
        _FRONT: push(FRONT_AT_BACK, side),
    }
