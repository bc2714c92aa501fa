"""What an image diffusion model is to a teacher, whoever's weights are inside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from voxcore.cameras import Camera
from voxcore.guidance.noise_schedule import NoiseSchedule


@dataclass(frozen=True, eq=False)
class Question:
    """What a batch of B pictures is said to show.

    ``mix`` [B, P] weighs the embeddings of the texts that `ImageModel.read` was given. ``cameras``
    [B] is where each was taken from, by one camera or tiled from several (`voxcore.guidance.tiles`); models
    that know nothing of cameras leave it. ``size`` is (height, width) of the pictures in pixels.
    """

    mix: Tensor
    cameras: Sequence[tuple[Camera, ...]]
    size: tuple[int, int]


class ImageModel(Protocol):
    """A text-to-image diffusion model. Nothing in it is trained."""

    @property
    def schedule(self) -> NoiseSchedule:
        """Its noise levels, and what its output means."""
        ...

    def read(self, texts: Sequence[str]) -> None:
        """Embed the P texts that questions will be about. Raises TeacherError."""
        ...

    def encode(self, rgb: Tensor) -> Tensor:
        """Latents [B, C, h, w] float32 of pictures [B, H, W, 3] in 0..1. Differentiable."""
        ...

    def output(self, noisy: Tensor, t: int, question: Question) -> Tensor:
        """The model's raw output [B, C, h, w] float32 for ``noisy`` latents at timestep ``t``.

        Not differentiable: distillation leaves out the network's Jacobian (arXiv:2209.14988 eq. 3).
        """
        ...
