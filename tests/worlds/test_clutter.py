"""Edits of worlds in which something stands already: what is not in the way stays, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from voxcore.worlds import World, generate
from voxcore.worlds.canvas import LEAF
from voxcore.worlds.clutter import with_clutter


@pytest.fixture(scope="module")
def worlds() -> list[World]:
    return [generate(seed) for seed in range(80)]


def test_most_pairs_have_trees_or_things_that_stay(worlds: list[World]) -> None:
    rng = np.random.default_rng(0)
    kept = 0
    for i, world in enumerate(worlds):
        other = worlds[i - 1]
        before, after = with_clutter(world.terrain, world.blocks, other.terrain, other.blocks, rng)
        moved_over = (before != world.terrain) & (before == after)
        stood = (world.terrain == LEAF) & (world.blocks == LEAF) if dict(world.tags)["ground"] != "alpine" else [False]
        kept += int(moved_over.sum() > 15 or np.sum(stood) > 15)
    assert kept / len(worlds) >= 0.5


def test_clutter_changes_nothing_that_the_world_builds(worlds: list[World]) -> None:
    rng = np.random.default_rng(1)
    for i, world in enumerate(worlds):
        other = worlds[i - 1]
        before, after = with_clutter(world.terrain, world.blocks, other.terrain, other.blocks, rng)
        built = (world.terrain != world.blocks).any(axis=1)
        new = after != world.blocks
        assert not (new & built[:, None, :]).any()
        assert np.array_equal(before[new], after[new])


def test_a_structure_changes_the_ground_near_itself_only() -> None:
    """Around a tower on flat land all columns farther than 4 from it are what they were."""
    checked = 0
    for seed in range(60):
        world = generate(seed, family="watchtower")
        tags = dict(world.tags)
        if tags["setting"] not in ("plain", "rolling", "editor_hills") or "companion" in tags or tags["count"] != "1":
            continue
        if any(word in world.caption for word in ("tree", "forest", "wood", "palm", "pine", "clearing")):
            continue  # trees that were asked for
        changed = np.argwhere((world.blocks != world.terrain).any(axis=1))
        extent = changed.max(axis=0) - changed.min(axis=0)
        assert extent.max() <= 15 + 8 + 2 * 4, (seed, world.caption, extent)
        checked += 1
    assert checked > 10
