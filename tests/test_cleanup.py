"""Cleaning touches only what a job has changed."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from voxcore.cleanup import CRUMB, SPECKLE, cleaned
from voxcore.maps import find_components


def ground() -> np.ndarray:
    blocks = np.zeros((24, 24, 24), dtype=np.uint8)
    blocks[:, :4] = 2
    return blocks


def free(blocks: np.ndarray) -> np.ndarray:
    return np.zeros(blocks.shape, dtype=bool)


def test_crumbs_are_dropped_and_large_pieces_settle() -> None:
    source = ground()
    after = source.copy()
    after[2:5, 12:14, 2:5] = 3  # 18 cells: a crumb, but no speckle
    after[10:16, 10:14, 10:16] = 1  # 144 cells, six above the ground
    result = cleaned(after, source, free(source))
    assert (result.dropped, result.settled) == (18, 144)
    assert (result.blocks[10:16, 4:8, 10:16] == 1).all()
    assert not find_components(result.blocks > 0).floating().any()


def test_speckle_goes_back() -> None:
    source = ground()
    after = source.copy()
    after[3, 4, 3] = 5
    after[15, 3, 15] = 0
    result = cleaned(after, source, free(source))
    assert SPECKLE > 1
    np.testing.assert_array_equal(result.blocks, source)


def test_buried_changes_go_back() -> None:
    source = ground()
    after = source.copy()
    after[:, :3] = 3
    result = cleaned(after, source, free(source))
    np.testing.assert_array_equal(result.blocks[1:-1, 1:, 1:-1], source[1:-1, 1:, 1:-1])


def test_repainted_ground_aside_goes_back_but_a_repainted_world_stays() -> None:
    source = ground()
    after = source.copy()
    after[2:8, 4:10, 2:8] = 3
    after[16:20, 3, 16:20] = 6
    result = cleaned(after, source, free(source))
    assert (result.blocks[16:20, 3, 16:20] == 2).all()
    assert (result.blocks[2:8, 4:10, 2:8] == 3).all()
    desert = source.copy()
    desert[:, 3] = 6
    np.testing.assert_array_equal(cleaned(desert, source, free(source)).blocks, desert)


def test_what_floated_before_stays() -> None:
    source = ground()
    source[5:7, 15, 5:7] = 9
    result = cleaned(source.copy(), source, free(source))
    np.testing.assert_array_equal(result.blocks, source)
    assert (result.dropped, result.settled, result.restored) == (0, 0, 0)


@settings(max_examples=50, deadline=None)
@given(
    source=arrays(np.uint8, (6, 6, 6), elements=st.integers(0, 2)),
    after=arrays(np.uint8, (6, 6, 6), elements=st.integers(0, 2)),
    fixed=arrays(np.bool_, (6, 6, 6)),
)
def test_fixed_cells_never_change(source: np.ndarray, after: np.ndarray, fixed: np.ndarray) -> None:
    after = np.where(fixed, source, after)
    result = cleaned(after, source, fixed)
    np.testing.assert_array_equal(result.blocks[fixed], source[fixed])
    assert CRUMB > 0
