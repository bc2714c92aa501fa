"""The contract of ``voxcore.worlds.generate``: shapes, determinism, captions, ground contact, terrain pairs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from voxcore.errors import InvalidInput
from voxcore.maps import find_components
from voxcore.palette import EDITOR
from voxcore.worlds import FAMILIES, HELD_OUT, HELD_OUT_WORDS, World, generate
from voxcore.worlds.phrases import DETAILS, FRAMES, GROUND_PHRASES, MADE_OF, MATERIAL_ADJECTIVES, OPENINGS
from voxcore.worlds.vocabulary import NOUNS, STYLES

ROOT = Path(__file__).parents[2]
SEEDS = range(40, 46)


@pytest.fixture(scope="module")
def worlds() -> list[World]:
    return [generate(seed, family=family) for family in FAMILIES for seed in SEEDS]


def test_there_are_many_families() -> None:
    assert len(FAMILIES) >= 60
    assert len(set(FAMILIES)) == len(FAMILIES)


def test_shape_dtype_and_ids(worlds: list[World]) -> None:
    for world in worlds:
        for grid in (world.blocks, world.terrain):
            assert grid.shape == (64, 48, 64)
            assert grid.dtype == np.uint8
            assert grid.flags.c_contiguous
            assert int(grid.max()) <= len(EDITOR)
            assert (grid[:, 0] > 0).all(), world.family


def test_every_block_stands_on_the_ground(worlds: list[World]) -> None:
    for world in worlds:
        pieces = find_components(world.blocks > 0)
        share = pieces.sizes[1:][pieces.grounded[1:]].sum() / pieces.sizes[1:].sum()
        assert share >= 0.995, (world.family, world.caption)


def test_captions_are_plain_short_text(worlds: list[World]) -> None:
    for world in worlds:
        assert world.caption
        assert world.caption.isascii()
        assert len(world.caption) <= 200
        assert "{" not in world.caption
        assert "  " not in world.caption


def test_captions_vary(worlds: list[World]) -> None:
    assert len({w.caption for w in worlds}) > 0.9 * len(worlds)


def test_no_table_holds_a_held_out_word() -> None:
    tables = (NOUNS, STYLES, DETAILS, GROUND_PHRASES, MADE_OF, MATERIAL_ADJECTIVES, {"": OPENINGS}, {"": FRAMES})
    text = " | ".join(phrase for table in tables for words in table.values() for phrase in words).lower()
    found = [word for word in HELD_OUT_WORDS if re.search(rf"\b{word}", text)]
    assert found == []
    assert 25 <= len(HELD_OUT_WORDS) <= 35
    assert set(HELD_OUT.values()) <= set(FAMILIES)


def test_no_caption_holds_a_held_out_word(worlds: list[World]) -> None:
    pattern = re.compile(r"\b(" + "|".join(HELD_OUT_WORDS) + ")")
    assert [w.caption for w in worlds if pattern.search(w.caption.lower())] == []


def test_same_seed_same_world() -> None:
    for seed in (0, 7, 2**40):
        a, b = generate(seed), generate(seed)
        assert np.array_equal(a.blocks, b.blocks)
        assert np.array_equal(a.terrain, b.terrain)
        assert (a.caption, a.family, a.tags) == (b.caption, b.family, b.tags)


def test_no_two_seeds_are_equal() -> None:
    seen = {generate(seed).blocks.tobytes() for seed in range(60)}
    assert len(seen) == 60


def test_a_seed_chooses_among_the_families() -> None:
    assert len({generate(seed).family for seed in range(120)}) > 35


def test_terrain_is_the_world_before(worlds: list[World]) -> None:
    """A single small structure changes the map near itself only."""
    checked = 0
    for world in worlds:
        tags = dict(world.tags)
        if world.family in ("well", "fountain", "snowman", "statue") and tags["setting"] == "plain":
            changed = (world.blocks != world.terrain).any(axis=1)
            assert 0 < changed.mean() < 0.75
            checked += 1
        assert not np.array_equal(world.blocks, world.terrain) or world.family == "plains", world.caption
    assert checked > 4


def test_the_tagged_ground_covers_the_plain(worlds: list[World]) -> None:
    skin = {"meadow": "Grass", "snow": "Snow", "desert": "Sand", "dirt": "Dirt", "rock": "Stone"}
    for world in worlds:
        tags = dict(world.tags)
        if tags.get("setting") == "plain" and tags["ground"] in skin and world.family != "oasis":
            tops = world.terrain.shape[1] - 1 - (world.terrain[:, ::-1] > 0).argmax(axis=1)
            top = np.take_along_axis(world.terrain, tops[:, None, :], axis=1)
            assert (top == EDITOR.index_by_name[skin[tags["ground"]]]).mean() > 0.6  # trees may stand on it


def test_bad_arguments_are_named() -> None:
    with pytest.raises(InvalidInput, match="seed"):
        generate(-1)
    with pytest.raises(InvalidInput, match="family"):
        generate(1, family="teapot")


def test_the_readme_has_the_families_as_they_are() -> None:
    script = ROOT / "scripts" / "world_gallery.py"
    out = subprocess.run([sys.executable, str(script), "--table"], check=True, capture_output=True, text=True).stdout
    assert out in (ROOT / "voxcore" / "worlds" / "README.md").read_text()


def test_a_seed_whose_first_objects_find_no_room_still_gives_a_world() -> None:
    world = generate(3 * 2**40 + 1749)
    assert world.caption
    assert world.objects
