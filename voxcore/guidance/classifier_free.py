"""Classifier-free guidance (arXiv:2207.12598). The one home of the one formula."""

from __future__ import annotations

from torch import Tensor


def classifier_free(unconditional: Tensor, conditional: Tensor, scale: float | Tensor) -> Tensor:
    """``unconditional + scale * (conditional - unconditional)``; scale 1 is the plain condition.

    The two tensors are any pair of equal shape in which moving along a line makes sense: noise
    predictions, or log-probabilities up to a constant.
    """
    return unconditional + scale * (conditional - unconditional)
