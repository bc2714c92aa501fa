"""What an edit keeps of the world around it."""

from __future__ import annotations

import numpy as np
import pytest

from voxcore.cleanup import cleaned
from voxcore.palette import EDITOR, Block
from voxcore.plot import above_land, grown

GRASS, DIRT, STONE, PLANK, SAND, WATER = (
    EDITOR.index_by_name[name] for name in ("Grass", "Dirt", "Stone", "Plank", "Sand", "Water")
)


def meadow() -> np.ndarray:
    """48 by 48 cells of ground up to y = 6, grass on top."""
    blocks = np.zeros((48, 24, 48), dtype=np.uint8)
    blocks[:, :6] = DIRT
    blocks[:, 6] = GRASS
    return blocks


def plant(blocks: np.ndarray, x: int, z: int) -> None:
    blocks[x, 7:11, z] = PLANK
    blocks[x - 2 : x + 3, 10:13, z - 2 : z + 3] = GRASS


def house(blocks: np.ndarray) -> None:
    blocks[18:30, 7:15, 18:30] = STONE


def clean(blocks: np.ndarray, source: np.ndarray) -> np.ndarray:
    return cleaned(blocks, source, np.zeros(source.shape, dtype=bool)).blocks


def test_trees_aside_come_back_whole_and_those_in_the_way_stay_gone() -> None:
    source = meadow()
    for x, z in ((5, 5), (15, 24), (24, 24)):
        plant(source, x, z)
    after = meadow()
    house(after)
    expected = after.copy()
    plant(expected, 5, 5)
    plant(expected, 15, 24)  # its crown reaches the border of the plot: not cut in two
    house(expected)
    np.testing.assert_array_equal(clean(after, source), expected)


def test_far_ground_is_put_back_in_shape_and_kind() -> None:
    source, after = meadow(), meadow()
    house(after)
    expected = after.copy()
    after[2:12, 6, 2:40] = DIRT
    after[36:44, 7, 5:40] = GRASS  # a layer higher
    after[36:44, 6, 42:47] = 0  # a layer lower
    np.testing.assert_array_equal(clean(after, source), expected)


def test_a_courtyard_is_part_of_what_was_built() -> None:
    source, after = meadow(), meadow()
    house(after)
    after[20:28, 7:15, 20:28] = 0
    after[20:28, 6, 20:28] = SAND
    np.testing.assert_array_equal(clean(after, source), after)


@pytest.mark.parametrize("kind", ["pit", "lake", "country"])
def test_what_is_no_building_but_was_asked_for_stays(kind: str) -> None:
    source, after = meadow(), meadow()
    if kind == "pit":
        after[10:36, 2:7, 10:36] = 0
    elif kind == "lake":
        after[10:36, 6, 10:36] = WATER
    else:
        after[:, 6] = SAND
        after[18:30, 6, 18:30] = GRASS
        house(after)
    np.testing.assert_array_equal(clean(after, source), after)


def test_several_buildings_stay_and_a_small_patch_goes() -> None:
    source, after = meadow(), meadow()
    house(after)
    after[4:10, 7:14, 36:42] = PLANK
    expected = after.copy()
    after[42:45, 7, 3:6] = STONE
    np.testing.assert_array_equal(clean(after, source), expected)


def test_custom_blocks_that_only_changed_their_kind_are_kept() -> None:
    marble = Block("Marble", 1000, (0.9, 0.9, 0.9), (0.9, 0.9, 0.9), (0.9, 0.9, 0.9))
    palette = EDITOR.extended((marble,))
    own = palette.index_by_name["Marble"]
    source = meadow()
    source[:, 6, 10:40] = own
    after = source.copy()
    after[:, 6] = SAND
    house(after)
    fixed = np.zeros(source.shape, dtype=bool)
    result = cleaned(after, source, fixed, palette).blocks
    assert (result[source == own] == own).all()
    assert (result[18:30, 7:15, 18:30] == STONE).all()


def test_a_blank_that_is_built_on_is_not_kept() -> None:
    source = np.zeros((48, 24, 48), dtype=np.uint8)
    source[:, 0] = GRASS
    after = meadow()
    after[:, 0] = DIRT
    house(after)
    after[36:44, 7, 5:40] = SAND
    result = cleaned(after, source, np.zeros(source.shape, dtype=bool), edits=False).blocks
    np.testing.assert_array_equal(result, after)


def test_leaves_whose_trunk_is_gone_do_not_stay_in_the_air() -> None:
    source = meadow()
    plant(source, 30, 24)
    after = source.copy()
    house(after)
    after[28:31, 7:13, 22:26] = 0
    result = clean(after, source)
    solid = result > 0
    from voxcore.maps import find_components

    assert not find_components(solid).floating().any()


def test_land_is_what_is_left_without_narrow_things() -> None:
    source = meadow()
    plant(source, 10, 10)
    source[24:44, 7:12, 24:44] = DIRT  # a plateau
    above = above_land(source)
    assert above[10, 7:13, 10].all()
    assert not above[30, :12, 30].any()


def test_growing_keeps_to_its_axes() -> None:
    mask = np.zeros((5, 5, 5), dtype=bool)
    mask[2, 2, 2] = True
    assert grown(mask, 1).sum() == 27
    assert grown(mask, 2, axes=(0, 2)).sum() == 25
