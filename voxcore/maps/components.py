"""Connected pieces of a grid: which blocks hold together, and which of them stand on the ground."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from voxcore.errors import ShapeError

Solid = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Components:
    """The pieces of a grid; two blocks belong together where they share a face (6-connectivity).

    Args:
        labels: piece of each cell [X, Y, Z] int32; 0 is air, pieces count from 1 in the order in
            which a scan (x outermost, z innermost) first meets them.
        sizes: blocks of each piece [pieces + 1]; ``sizes[0]`` counts the air.
        grounded: whether each piece reaches the layer y = 0 [pieces + 1]; False for air.
    """

    labels: NDArray[np.int32]
    sizes: NDArray[np.int64]
    grounded: NDArray[np.bool_]

    @property
    def count(self) -> int:
        """Number of pieces."""
        return len(self.sizes) - 1

    def floating(self) -> Solid:
        """Cells [X, Y, Z] of the pieces that do not stand on the ground."""
        loose = ~self.grounded
        loose[0] = False
        return np.asarray(loose[self.labels])


def find_components(solid: Solid) -> Components:
    """The pieces of ``solid`` [X, Y, Z] bool. Raises ShapeError for another shape or dtype."""
    if solid.ndim != 3 or solid.dtype != np.bool_:
        raise ShapeError(f"expected [X, Y, Z] bool, got {list(solid.shape)} {solid.dtype}", field="solid")
    labels, count = _label(np.ascontiguousarray(solid))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    grounded = np.zeros(count + 1, dtype=np.bool_)
    grounded[labels[:, 0, :].ravel()] = True
    grounded[0] = False
    return Components(labels, sizes, grounded)


@njit(cache=True)
def _root(parent: NDArray[np.int32], i: int) -> int:
    while parent[i] != i:
        parent[i] = parent[parent[i]]  # path halving
        i = parent[i]
    return i


@njit(cache=True)
def _label(solid: Solid) -> tuple[NDArray[np.int32], int]:
    """Two-pass labelling with union-find; the smaller root wins, so labels keep scan order."""
    nx, ny, nz = solid.shape
    labels = np.zeros((nx, ny, nz), dtype=np.int32)
    parent = np.zeros((solid.size + 1) // 2 + 1, dtype=np.int32)
    used = 0
    for x in range(nx):
        for y in range(ny):
            for z in range(nz):
                if not solid[x, y, z]:
                    continue
                best = 0
                for back in range(3):
                    px, py, pz = x - (back == 0), y - (back == 1), z - (back == 2)
                    if px < 0 or py < 0 or pz < 0 or labels[px, py, pz] == 0:
                        continue
                    root = _root(parent, labels[px, py, pz])
                    if best == 0:
                        best = root
                    elif root < best:
                        parent[best] = root
                        best = root
                    else:
                        parent[root] = best
                if best == 0:
                    used += 1
                    parent[used] = used
                    best = used
                labels[x, y, z] = best
    final = np.zeros(used + 1, dtype=np.int32)
    count = 0
    for i in range(1, used + 1):
        root = _root(parent, i)
        if root == i:
            count += 1
            final[i] = count
        else:
            final[i] = final[root]
    for x in range(nx):
        for y in range(ny):
            for z in range(nz):
                labels[x, y, z] = final[labels[x, y, z]]
    return labels, count
