"""Pixel-wise gradient clipping (PGC, arXiv:2310.12474)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class _ClipPixelGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rgb: Tensor, limit: float) -> Tensor:
        ctx.limit = limit
        return rgb.view_as(rgb)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor, None]:
        grad = grads[0]
        norm = grad.norm(dim=-1, keepdim=True)
        return grad * (ctx.limit / norm.clamp(min=ctx.limit)), None


def clip_pixel_gradient(rgb: Tensor, limit: float) -> Tensor:
    """``rgb`` [..., 3] unchanged; on the way back each pixel's gradient is scaled to norm <= limit.

    A limit of 0 leaves gradients alone.
    """
    if limit == 0.0:
        return rgb
    clipped: Tensor = _ClipPixelGradient.apply(rgb, limit)  # type: ignore[no-untyped-call]
    return clipped
