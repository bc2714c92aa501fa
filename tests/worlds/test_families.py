"""What makes a family that family: measured on the parts and worlds, not on the pictures."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest

from voxcore.maps import find_components
from voxcore.worlds import castles, generate, homes, monuments, sacred, waterside
from voxcore.worlds.canvas import AIR, KEEP, SNOW, STONE, WATER, Part
from voxcore.worlds.order import MATERIALS, Order

SIZES = ("small", "medium", "large")


def order(seed: int, *, material: str = "stone", size: str = "medium", contrast: bool = False, room: int = 40) -> Order:
    return Order(Random(seed), MATERIALS[material], size, 54, room, contrast)


def tops(part: Part) -> np.ndarray:
    """Highest solid layer above the ground of every column [w, d]; 0 where there is none."""
    solid = (part.cells != KEEP) & (part.cells != AIR)
    height = solid.shape[1] - (solid[:, ::-1]).argmax(axis=1) - part.below
    return np.where(solid.any(axis=1), height, 0)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", range(4))
def test_castle_has_corner_towers_above_its_walls_and_a_court(seed: int, size: str) -> None:
    part = castles.castle(order(seed, size=size))
    height = tops(part)
    built = np.argwhere(height > 4)
    (x0, z0), (x1, z1) = built.min(axis=0), built.max(axis=0)
    n = 7
    corners = [height[x0 : x0 + n, z0 : z0 + n], height[x0 : x0 + n, z1 - n + 1 : z1 + 1]]
    corners += [height[x1 - n + 1 : x1 + 1, z0 : z0 + n], height[x1 - n + 1 : x1 + 1, z1 - n + 1 : z1 + 1]]
    side = height[x0 : x0 + 6, (z0 + z1) // 2 - 2 : (z0 + z1) // 2 + 3] if size == "small" else None
    for corner in corners:
        assert corner.max() >= 9
        if side is not None:
            assert corner.max() > side.max() - 1
    court = part.cells[x0 + 6 : x1 - 5, part.below + 2, z0 + 6 : z1 - 5]
    assert (court == AIR).mean() > 0.15


@pytest.mark.parametrize("seed", range(4))
def test_stone_castle_is_of_stone(seed: int) -> None:
    assert castles.castle(order(seed)).share(STONE) > 0.9


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", range(4))
def test_plain_castle_has_a_closed_wall_and_a_keep(seed: int, size: str) -> None:
    """At three layers up nothing gets in from outside but through the gate, and inside stands a keep."""
    part = castles.castle(order(seed, size=size))
    keys = {key for key, _ in part.details}
    assert {"keep", "crenels", "walls"} <= keys
    assert not {"moat", "six", "pointed_roofs"} & keys
    wall = (part.cells[:, part.below : part.below + 7] == STONE).all(axis=1)
    wall |= (part.cells[:, part.below + 6] == STONE) & (tops(part) > 6)  # the gate's lintel closes the ring
    free = np.pad(~wall, 1, constant_values=True)
    outside = find_components(free[:, None, :]).labels[:, 0, :]
    court = outside[1:-1, 1:-1][part.w // 2 - 12 : part.w // 2 + 12, part.d // 2 - 10 : part.d // 2 + 10]
    assert (court != outside[0, 0]).any()
    assert ((court > 0) & (court != outside[0, 0])).sum() > 20


def test_moat_is_noted_where_there_is_water() -> None:
    for seed in range(12):
        part = castles.castle(replace(order(seed), style="variant"))
        assert (("moat", "") in part.details) == bool((part.cells == WATER).any())


@pytest.mark.parametrize("seed", range(5))
def test_bridge_spans_water_and_clears_it(seed: int) -> None:
    world = generate(seed, family="bridge")
    wet = (world.terrain == WATER).any(axis=1)
    deck = (world.blocks != world.terrain).any(axis=1) & wet
    assert deck.sum() > 30
    under = (world.blocks == WATER).any(axis=1) & deck
    assert under.sum() > 10  # water goes on below the arches


@pytest.mark.parametrize("seed", range(5))
def test_church_steeple_is_the_highest_and_at_one_end(seed: int) -> None:
    height = tops(sacred.church(order(seed)))
    columns = np.argwhere(height >= height.max() - 2)
    width = height.shape[0]
    assert columns[:, 0].max() < width / 2
    assert height[width // 2 :].max() < height.max() - 2


@pytest.mark.parametrize("seed", range(5))
def test_temple_has_gaps_between_columns(seed: int) -> None:
    part = sacred.temple(order(seed, material="white"))
    row = part.cells[:, part.below + 5, :]
    first = next(z for z in range(row.shape[1]) if (row[:, z] == SNOW).any())
    line = row[:, first] == SNOW
    edges = int(np.count_nonzero(np.diff(line.astype(int)) == 1))
    assert edges >= 4


@pytest.mark.parametrize("seed", range(5))
def test_pagoda_gets_narrower_upwards(seed: int) -> None:
    part = sacred.pagoda(order(seed, material="wood"))
    solid = (part.cells != KEEP) & (part.cells != AIR)
    area = solid.sum(axis=(0, 2))[part.below :]
    used = area[area > 0]
    assert used[: len(used) // 4].mean() > 1.5 * used[-len(used) // 4 :].mean()


@pytest.mark.parametrize("seed", range(5))
def test_pyramid_is_a_pyramid(seed: int) -> None:
    height = tops(monuments.pyramid(order(seed, material="sand")))
    side = height.shape[0] // 2
    middle = height[:, side]
    assert (np.diff(middle[2:side]) >= 0).all()
    assert height.max() >= side - 2


@pytest.mark.parametrize("seed", range(5))
def test_windmill_has_sails_in_front_of_its_tower(seed: int) -> None:
    part = homes.windmill(order(seed))
    sails = part.cells[:, :, :3]
    solid = (sails != KEEP) & (sails != AIR)
    assert solid.sum() > 25
    assert solid.any(axis=(1, 2)).sum() >= 9


@pytest.mark.parametrize("seed", range(5))
def test_ship_has_masts_and_sails_above_a_hull(seed: int) -> None:
    part = waterside.ship(order(seed, material="wood", size="large"))
    assert (part.cells == SNOW).sum() > 40
    height = tops(part)
    assert height.max() > 3 * np.median(height[height > 0])


def test_said_material_is_most_of_the_structure() -> None:
    """Measured on the world: what changed and is solid, in worlds with nothing else in them."""
    wall = {key: m.wall for key, m in MATERIALS.items()}
    checked = 0
    for family in ("keep", "watchtower", "temple", "pyramid", "arch", "obelisk", "city_wall"):
        for seed in range(30):
            world = generate(seed, family=family)
            tags = dict(world.tags)
            if "material" not in tags or tags["setting"] != "plain" or "companion" in tags or "tree" in world.caption:
                continue
            built = (world.blocks != world.terrain) & (world.blocks > 0)
            trees = np.isin(world.blocks, (2, 9, 1)) & built if wall[tags["material"]] not in (1, 2, 9) else False
            share = ((world.blocks == wall[tags["material"]]) & built).sum() / max((built & ~trees).sum(), 1)
            assert share > 0.6, (world.caption, share)
            checked += 1
    assert checked > 15
