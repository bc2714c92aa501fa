"""Which cells the compiled renderer visits, against the twin's own way of finding them."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch

from voxcore.render import soft_kernels, walks
from voxcore.render.reference import visited_cells

Walk = list[tuple[int, int, float]]


def compiled_walks(shape, origin, direction, near, far) -> list[Walk]:
    """Per ray the flat cell, the axis crossed and t, in order."""
    sizes = np.array(shape, dtype=np.int64)
    count, room = len(origin), walks.run_start(sizes, len(origin), 0)
    cells, places, times = np.empty(room), np.empty(room), np.empty(room, np.float32)
    counts, numbers = np.empty(3 * count, np.int64), np.arange(max(shape) + 4.0)
    walks.walk_rays(
        sizes, origin, direction, near, far, 0, count, numbers, np.empty((6, 3)), cells, places, times, counts
    )
    out = []
    for walk in range(count):
        found = []
        for axis in range(3):
            at = walks.run_start(sizes, walk, axis)
            for i in range(at, at + counts[3 * walk + axis]):
                found.append((places.view(np.int32)[2 * i], (cells.view(np.int32)[2 * i], axis, times[i])))
            assert places.view(np.int32)[2 * (at + counts[3 * walk + axis])] > 10**6, "no end mark behind the run"
        assert sorted(place for place, _ in found) == list(range(len(found)))
        out.append([entry for _, entry in sorted(found, key=lambda pair: pair[0])])
    return out


def twin_walks(shape, origin, direction, near, far) -> list[Walk]:
    tensors = [torch.from_numpy(a) for a in (origin, direction, near, far)]
    cell, face, t, counts = visited_cells(shape, *tensors)
    return [
        list(zip(c[k].tolist(), (f[k] // 2).tolist(), x[k].tolist(), strict=True))
        for c, f, x, k in zip(cell, face, t, counts, strict=True)
    ]


def assert_same_walks(shape, origin, direction, near, far) -> list[Walk]:
    fast = compiled_walks(shape, origin, direction, near, far)
    slow = twin_walks(shape, origin, direction, near, far)
    for a, b in zip(fast, slow, strict=True):
        assert [step[:2] for step in a] == [step[:2] for step in b]
        np.testing.assert_allclose([step[2] for step in a], [step[2] for step in b], rtol=1e-6)
    return fast


@pytest.mark.parametrize("shape", [(7, 9, 5), (1, 1, 1), (1, 30, 2), (16, 16, 16)])
@pytest.mark.parametrize("distance", [0.0, 1.0, 1e3, 1e9, 1e13])
def test_random_rays(shape, distance):
    """From inside the grid to so far away that no crossing can be told from its neighbours at once."""
    rng = np.random.default_rng(int(distance) % 1000 + sum(shape))
    target = rng.uniform(0, shape, (300, 3))
    direction = rng.normal(size=(300, 3))
    origin = target - distance * direction
    near = np.maximum(0.0, distance * rng.uniform(0.9, 1.0, 300)) + 1e-3
    far = near + rng.choice([2.0, 1e15], 300)
    found = assert_same_walks(shape, origin, direction, near, far)
    if distance <= 1e9 and shape != (1, 1, 1):
        assert sum(map(len, found)) > 100


def test_rays_through_edges_corners_and_along_planes():
    """Small whole numbers everywhere: nearly every crossing is a tie, many rays are parallel to planes."""
    rng = np.random.default_rng(3)
    shape = (4, 5, 3)
    origin = rng.integers(-4, 9, (3000, 3)) / 2.0
    direction = rng.integers(-2, 3, (3000, 3)) * 1.0
    direction[~direction.any(axis=1)] = [0.0, 1.0, 0.0]
    near = rng.choice([0.0, 0.5, 1.0, 2.0], 3000)
    far = near + rng.choice([0.5, 1.0, 3.0, 50.0], 3000)
    assert sum(map(len, assert_same_walks(shape, origin, direction, near, far))) > 1000


def test_nearly_parallel_and_nearly_touching_rays():
    rng = np.random.default_rng(4)
    shape = (6, 4, 5)
    origin = rng.integers(-2, 8, (2000, 3)) + rng.choice([0.0, 1e-15, 1e-13, 1e-11, 1e-9, 0.3], (2000, 3))
    direction = rng.integers(-1, 2, (2000, 3)) + rng.choice([0.0, 1e-300, 1e-16, 1e-13, 1e-9], (2000, 3))
    direction[~direction.any(axis=1)] = [0.0, 0.0, -1.0]
    near, far = np.zeros(2000), np.full(2000, 100.0)
    assert sum(map(len, assert_same_walks(shape, origin, direction, near, far))) > 500


def test_cached_kernels_belong_to_their_sources():
    """A changed part must invalidate the cache of the kernels that it is compiled into."""
    folder = Path(soft_kernels.__file__).parent
    parts = b"".join((folder / name).read_bytes() for name in ("kernels.py", "lanes.py", "walks.py"))
    assert hashlib.sha256(parts).hexdigest()[:16] == soft_kernels.COMPILED_IN
