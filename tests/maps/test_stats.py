"""Statistics, connected pieces and initial worlds against slow and obvious versions."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from voxcore.config import InitMode
from voxcore.errors import InvalidInput, ShapeError
from voxcore.maps import INITIAL_WORLDS, VoxelMap, exposed_faces, find_components, map_stats
from voxcore.palette import EDITOR, Palette

grids = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=3, max_dims=3, max_side=7))
STEPS = [(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)]


def flood(solid):
    """Pieces as a set of frozen sets of cells."""
    left = {tuple(c) for c in np.argwhere(solid).tolist()}
    pieces = set()
    while left:
        piece, waiting = set(), [left.pop()]
        while waiting:
            cell = waiting.pop()
            piece.add(cell)
            for step in STEPS:
                near = tuple(a + b for a, b in zip(cell, step, strict=True))
                if near in left:
                    left.remove(near)
                    waiting.append(near)
        pieces.add(frozenset(piece))
    return pieces


@given(grids)
def test_components_match_a_flood_fill(solid):
    found = find_components(solid)
    pieces = {frozenset(map(tuple, np.argwhere(found.labels == i).tolist())) for i in range(1, found.count + 1)}
    assert pieces == flood(solid)
    floating = {cell for piece in pieces if all(y > 0 for _, y, _ in piece) for cell in piece}
    assert {tuple(c) for c in np.argwhere(found.floating()).tolist()} == floating
    assert found.sizes.tolist() == np.bincount(found.labels.ravel(), minlength=found.count + 1).tolist()
    first_cells = [int(np.argmax(found.labels == i)) for i in range(1, found.count + 1)]
    assert first_cells == sorted(first_cells)


@given(grids)
def test_exposed_faces_match_a_count(solid):
    padded = np.pad(solid, 1)
    count = sum(not padded[tuple(np.array(c) + 1 + s)] for c in np.argwhere(solid) for s in np.array(STEPS))
    assert exposed_faces(solid) == count


def test_the_numbers_of_a_small_world():
    blocks = np.zeros((4, 5, 4), dtype=np.uint8)
    blocks[:, 0, :] = 3
    blocks[1, 1, 1] = 1
    blocks[2, 3, 2] = blocks[2, 4, 2] = 5
    stats = map_stats(blocks, EDITOR)
    assert (stats.shape, stats.blocks, stats.density) == ((4, 5, 4), 19, 19 / 80)
    assert stats.counts == {"Grass": 1, "Stone": 16, "Snow": 2}
    assert stats.box == ((0, 0, 0), (4, 5, 4))
    assert (stats.pieces, stats.floating_pieces, stats.floating_blocks) == (2, 1, 2)
    assert stats.grounded_share == pytest.approx(17 / 19)
    assert stats.exposed_faces == 16 + 16 + 16 + 4 + 10
    assert (stats.heights.lowest, stats.heights.highest, stats.heights.empty_columns) == (1, 5, 0)
    assert stats.heights.mean == pytest.approx((14 + 2 + 5) / 16)
    assert json.loads(json.dumps(stats.as_dict()))["counts"]["Snow"] == 2


def test_the_numbers_of_nothing():
    stats = map_stats(np.zeros((2, 3, 4), dtype=np.uint8), EDITOR)
    assert (stats.blocks, stats.counts, stats.box, stats.pieces, stats.exposed_faces) == (0, {}, None, 0, 0)
    assert (stats.grounded_share, stats.heights.empty_columns, stats.heights.highest) == (1.0, 8, 0)


@pytest.mark.parametrize(
    "blocks",
    [np.zeros((2, 2), np.uint8), np.zeros((2, 2, 2), np.int32), np.full((1, 1, 1), 12, np.uint8)],
)
def test_wrong_grids_are_refused(blocks):
    with pytest.raises(ShapeError, match="expected"):
        map_stats(blocks, EDITOR)


def test_components_refuse_other_arrays():
    with pytest.raises(ShapeError, match="bool"):
        find_components(np.zeros((2, 2, 2), dtype=np.uint8))


@given(st.tuples(*[st.integers(1, 9)] * 3))
def test_initial_worlds_have_the_sources_shape(shape):
    source = VoxelMap(np.full(shape, 3, dtype=np.uint8))
    worlds = {name: make(source) for name, make in INITIAL_WORLDS.items()}
    assert all(w.shape == shape and w.dtype == np.uint8 for w in worlds.values())
    assert (worlds["from_map"] == source.blocks).all()
    assert worlds["from_map"] is not source.blocks
    assert not worlds["empty"].any()
    assert (worlds["ground_plane"][:, 0] == EDITOR.index_by_name["Grass"]).all()
    assert not worlds["ground_plane"][:, 1:].any()
    side = max(1, min(shape) // 2)
    assert np.count_nonzero(worlds["cube"]) == side**3
    assert map_stats(worlds["cube"], EDITOR).floating_blocks == 0


def test_initial_worlds_are_those_of_the_settings_but_for_the_one_that_the_prior_draws():
    assert set(INITIAL_WORLDS) == set(InitMode.__args__) - {"prior"}


def test_initial_worlds_of_other_palettes():
    blocks = np.zeros((4, 4, 4), dtype=np.uint8)
    snow = Palette("snow", (EDITOR.blocks[4],))
    assert INITIAL_WORLDS["cube"](VoxelMap(blocks, snow)).max() == 1
    with pytest.raises(InvalidInput, match="at least one block"):
        INITIAL_WORLDS["ground_plane"](VoxelMap(blocks, Palette("none", ())))
