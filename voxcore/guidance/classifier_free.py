"""Classifier-free guidance (arXiv:2207.12598) and its rescaling. The one home of the formulas."""

from __future__ import annotations

from torch import Tensor


def classifier_free(unconditional: Tensor, conditional: Tensor, scale: float | Tensor) -> Tensor:
    """``unconditional + scale * (conditional - unconditional)``; scale 1 is the plain condition.

    The two tensors are any pair of equal shape in which moving along a line makes sense: noise
    predictions, or log-probabilities up to a constant.
    """
    return unconditional + scale * (conditional - unconditional)


def rescaled(guided: Tensor, conditional: Tensor, share: float) -> Tensor:
    """Guidance [B, ...] brought back to the spread of the plain condition, by ``share`` in 0..1.

    arXiv:2305.08891 eq. 15 and 16: strong guidance overexposes, since it widens the prediction.
    """
    if share == 0.0:
        return guided
    axes = tuple(range(1, guided.ndim))
    spread = conditional.std(dim=axes, keepdim=True) / guided.std(dim=axes, keepdim=True)
    return guided * (share * spread + (1.0 - share))
