"""How far sets of worlds are from each other, and how different the worlds of one prompt are."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.prior.measure import built_mask

Features = NDArray[np.float64]


def features(rows: list[dict[str, Any]]) -> Features:
    """[N, 256]."""
    return np.array([row["features"] for row in rows], dtype=np.float64)


def kernel_distance(x: Features, y: Features) -> float:
    """Unbiased squared maximum mean discrepancy with the kernel (x.y / d + 1)^3 (KID, arXiv:1801.01401).

    0 where both sets come from one distribution; it may come out a little below.
    """

    def kernel(a: Features, b: Features) -> Features:
        return (a @ b.T / a.shape[1] + 1.0) ** 3

    n, m = len(x), len(y)
    xx, yy = kernel(x, x), kernel(y, y)
    within = (xx.sum() - np.trace(xx)) / (n * (n - 1)) + (yy.sum() - np.trace(yy)) / (m * (m - 1))
    return float(within - 2 * kernel(x, y).mean())


def diversity(groups: list[list[dict[str, Any]]], scale: Features) -> tuple[float, float]:
    """Mean over prompts of the mean pairwise distance: of features over ``scale``, and 1 - IoU of what is built."""
    apart: list[float] = []
    shape: list[float] = []
    for rows in groups:
        if len(rows) < 2:
            continue
        f = features(rows) / scale
        masks = [built_mask(row) for row in rows]
        pairs = list(combinations(range(len(rows)), 2))
        apart.append(float(np.mean([np.linalg.norm(f[i] - f[j]) for i, j in pairs])))
        iou = [(masks[i] & masks[j]).sum() / max((masks[i] | masks[j]).sum(), 1) for i, j in pairs]
        shape.append(float(1 - np.mean(iou)))
    return (float(np.mean(apart)), float(np.mean(shape))) if apart else (0.0, 0.0)
