"""Asking for a specific world, and worlds of several families."""

from __future__ import annotations

import re

import numpy as np
import pytest

from voxcore.errors import InvalidInput
from voxcore.maps import find_components
from voxcore.worlds import FAMILIES, Wish, World, generate
from voxcore.worlds.canvas import DIRT, ICE, PLANK, SAND, STONE, WATER
from voxcore.worlds.phrases import MADE_OF, MATERIAL_ADJECTIVES
from voxcore.worlds.vocabulary import NOUNS

WISHES = (
    (Wish((("castle", 1),), "stone"), STONE),
    (Wish((("watchtower", 2),), "stone", "lake"), STONE),
    (Wish((("cottage", 4),), "wood"), PLANK),
    (Wish((("igloo", 3),), "ice"), ICE),
    (Wish((("castle", 1), ("windmill", 1))), None),
    (Wish((("church", 1), ("lighthouse", 1)), setting="coast"), None),
    (Wish((("pyramid", 1), ("obelisk", 1), ("palm", 1)), "sand", ground="desert"), SAND),
    (Wish((("bridge", 1), ("watchtower", 2))), None),
    (Wish((("ship", 1), ("house", 1))), None),
    (Wish((("well", 1), ("cottage", 3)), "stone", pattern="around"), STONE),
    (Wish((("gate", 1), ("watchtower", 2)), "stone", pattern="flank"), STONE),
    (Wish((("house", 1), ("oak", 2), ("well", 1)), "brick"), DIRT),
)


@pytest.fixture(scope="module")
def several() -> list[World]:
    return [w for w in (generate(seed) for seed in range(260)) if "pattern" in dict(w.tags)]


@pytest.mark.parametrize(("wish", "block"), WISHES)
def test_a_wish_comes_true(wish: Wish, block: int | None) -> None:
    for seed in range(5):
        world = generate(seed, wish=wish)
        tags = dict(world.tags)
        assert world.objects == wish.families
        assert world.family == wish.families[0][0]
        assert tags["material"] == wish.material if wish.material else True
        assert tags["setting"] == wish.setting if wish.setting else True
        assert tags["ground"] == wish.ground if wish.ground else True
        if block is not None:
            assert ((world.blocks == block) & (world.terrain != block)).sum() > 60
            words = (*MATERIAL_ADJECTIVES[wish.material], *MADE_OF[wish.material])
            assert any(word in world.caption.lower() for word in words), world.caption


def test_a_wish_is_repeatable_and_varied() -> None:
    wish = Wish((("castle", 1), ("windmill", 1)))
    a, b, c = generate(3, wish=wish), generate(3, wish=wish), generate(4, wish=wish)
    assert np.array_equal(a.blocks, b.blocks)
    assert a.caption == b.caption
    assert not np.array_equal(a.blocks, c.blocks)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_can_be_wished_for(family: str) -> None:
    assert generate(1, wish=Wish(((family, 1),))).objects[0] == (family, 1)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"families": ()}, "families"),
        ({"families": (("teapot", 1),)}, "families"),
        ({"families": (("castle", 3),)}, "castle"),
        ({"families": (("castle", 0),)}, "castle"),
        ({"families": (("castle", 1), ("castle", 1))}, "different"),
        ({"families": (("castle", 1), ("volcano", 1))}, "volcano"),
        ({"families": (("house", 4), ("well", 4))}, "6 objects"),
        ({"families": (("castle", 1),), "material": "cheese"}, "material"),
        ({"families": (("snowman", 1),), "material": "stone"}, "material"),
        ({"families": (("castle", 1),), "setting": "sea"}, "setting"),
        ({"families": (("castle", 1), ("house", 1)), "setting": "sea"}, "sea"),
        ({"families": (("castle", 1), ("bridge", 1)), "setting": "hill"}, "crossing"),
        ({"families": (("volcano", 1),), "setting": "lake"}, "setting"),
        ({"families": (("well", 1), ("cottage", 2)), "pattern": "around"}, "three or more"),
        ({"families": (("well", 1), ("cottage", 3)), "pattern": "flank"}, "two of"),
        ({"families": (("well", 1),), "pattern": "around"}, "around"),
        ({"families": (("igloo", 1),), "ground": "desert"}, "ground"),
    ],
)
def test_impossible_wishes_are_refused(fields: dict[str, object], named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        Wish(**fields)  # type: ignore[arg-type]


def test_family_and_wish_exclude_each_other() -> None:
    with pytest.raises(InvalidInput, match="wish"):
        generate(1, family="castle", wish=Wish((("castle", 1),)))


def test_about_three_worlds_in_ten_hold_several_kinds() -> None:
    share = np.mean([len(generate(seed).objects) > 1 for seed in range(400)])
    assert 0.22 <= share <= 0.42


def test_every_object_is_said_by_a_name_of_its_family(several: list[World]) -> None:
    for world in several:
        assert 2 <= sum(n for _, n in world.objects) <= 6
        assert len(world.objects) >= 2
        for family, count in world.objects:
            heads = [re.split(r" (?:with|of|on|across|above|around|in) ", noun)[0] for noun in NOUNS[family]]
            stems = [head[:-3] if head.endswith("man") else head.rstrip("y") for head in heads]
            assert any(stem in world.caption.lower() for stem in stems), (family, count, world.caption)


def test_objects_of_a_group_stand_apart(several: list[World]) -> None:
    """On flat land with nothing else on it, what was built falls into as many pieces as there are objects."""
    checked = 0
    for world in several:
        tags = dict(world.tags)
        loose = {"oak", "palm", "pine", "dead_tree", "cactus", "stone_circle", "ruins", "bridge", "gate", "shrine"}
        if tags["setting"] != "plain" or loose & {f for f, _ in world.objects}:
            continue
        built = (world.blocks != world.terrain) & (world.blocks > 0) & (world.blocks != WATER)
        surface = int(np.median((world.terrain > 0).sum(axis=1)))
        pieces = find_components(built[:, surface + 1 :])
        assert (pieces.sizes[1:] > 20).sum() >= sum(n for _, n in world.objects), (world.caption, world.objects)
        checked += 1
    assert checked > 5


def test_a_material_in_the_tags_is_named_in_the_caption() -> None:
    for seed in range(400):
        world = generate(seed)
        material = dict(world.tags).get("material")
        if material and "wooden" not in world.caption:
            words = (*MATERIAL_ADJECTIVES[material], *MADE_OF[material])
            assert any(word in world.caption.lower() for word in words), (material, world.caption)
