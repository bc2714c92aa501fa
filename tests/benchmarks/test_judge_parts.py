from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from benchmarks.prior import copies, results, shapes
from benchmarks.prior.cast import cast, color_table, ray_bases
from benchmarks.prior.hits import judge
from benchmarks.prior.measure import untouched
from benchmarks.prior.prompts import load_prompts
from benchmarks.prior.reference import Captions, ceiling_world
from benchmarks.prior.spread import kernel_distance
from benchmarks.prior.stand_ins import _njit, label
from benchmarks.prior.structure import bodies, ground_of, natural
from benchmarks.prior.views import (
    SCORE_AZIMUTHS,
    SCORE_ELEVATIONS,
    SIDE,
    near_scoring,
    score_cameras,
    training_cameras,
)
from voxcore.errors import MapFormatError
from voxcore.maps import VoxelMap, dump_map, find_components
from voxcore.palette import EDITOR
from voxcore.render import hard_image, lit_colors, to_uint8
from voxcore.worlds import generate

PROMPTS = load_prompts()


def test_the_batched_renderer_draws_the_editors_picture() -> None:
    worlds = [generate(seed) for seed in (3, 4)]
    rng = np.random.default_rng(1)
    cameras = [score_cameras(), training_cameras(rng)]
    stack = torch.from_numpy(np.stack([w.blocks for w in worlds]))
    codes = cast(stack, ray_bases(cameras, (64, 48, 64), 2.0), SIDE)
    drawn = to_uint8(color_table().numpy())[codes.numpy()]
    lit = lit_colors(EDITOR)
    expected = np.stack(
        [[hard_image(w.blocks, lit, c, world_scale=2.0) for c in row] for w, row in zip(worlds, cameras, strict=True)]
    )
    # float32 may choose the other face where a ray meets an edge
    assert (drawn == expected).all(axis=-1).mean() > 0.9999


def test_an_empty_world_is_all_sky() -> None:
    codes = cast(torch.zeros(1, 64, 48, 64, dtype=torch.uint8), ray_bases([score_cameras()], (64, 48, 64), 2.0), 16)
    assert not codes.any()


def test_training_never_looks_from_where_scoring_does() -> None:
    assert all(near_scoring(a, e) for a, e in zip(SCORE_AZIMUTHS, SCORE_ELEVATIONS, strict=True))
    assert near_scoring(SCORE_AZIMUTHS[0] + 360 - 3, 55.0)
    assert near_scoring(-SCORE_AZIMUTHS[0] + 90, 55.0)  # the mirrored world's picture
    assert near_scoring(70.0, SCORE_ELEVATIONS[1] + 1)
    assert not near_scoring(70.0, 30.0)
    eyes = np.stack([c.position for c in score_cameras()])
    rng = np.random.default_rng(0)
    for _ in range(50):
        for camera in training_cameras(rng):
            assert np.linalg.norm(eyes - camera.position, axis=1).min() > 1.0


def test_labels_without_numba_are_those_of_voxcore() -> None:
    for seed in range(4):
        solid = generate(seed).blocks > 0
        solid &= np.random.default_rng(seed).random(solid.shape) > 0.25 * seed
        expected = find_components(solid)
        labels, count = label(solid)
        assert count == expected.count
        assert np.array_equal(labels, expected.labels)
    assert label(np.zeros((2, 3, 4), dtype=bool))[1] == 0


def test_stand_in_decorator_leaves_functions_alone() -> None:
    def f() -> int:
        return 3

    assert _njit(f) is f
    assert _njit(cache=True)(f) is f


def test_packed_maps_are_the_exported_bytes(tmp_path) -> None:
    world = VoxelMap(generate(5).blocks, sequence=7, document={"sequence": 7, "extra": {"a": [1]}})
    data = dump_map(world)
    writer = results.Writer(tmp_path)
    writer.add(results.Record("a", {"seed": 1}, results.pack(data)))
    with (tmp_path / "runs-0.jsonl").open("a") as file:
        file.write('{"key": "torn')
    again = results.Writer(tmp_path)
    assert again.done == {"a"}
    again.add(results.Record("b", {}, results.pack(data)))
    first, second = results.read(tmp_path)
    assert (first.key, second.key) == ("a", "b")
    assert first.open_map().document["extra"] == {"a": [1]}
    assert np.array_equal(first.open_map().blocks, world.blocks)
    broken = dict(first.packed, blocks=results.pack(dump_map(VoxelMap(generate(6).blocks)))["blocks"])
    with pytest.raises(MapFormatError):
        results.Record("c", {}, broken).open_map()


def test_results_go_into_parts_of_limited_size(tmp_path, monkeypatch) -> None:
    packed = results.pack(dump_map(VoxelMap(np.ones((2, 2, 2), dtype=np.uint8))))
    monkeypatch.setattr(results, "MAX_PART", int(2.5 * len(json.dumps(packed))))
    writer = results.Writer(tmp_path)
    for i in range(5):
        writer.add(results.Record(str(i), {}, packed))
    assert len(results.parts(tmp_path)) >= 2
    assert [r.key for r in results.read(tmp_path)] == list("01234")


def row(families: list[str], setting: str = "plain", ground: str = "meadow") -> dict:
    return {"families": families, "setting": [setting], "ground": [ground]}


def test_rules_of_what_counts_as_right() -> None:
    single, lake, three = PROMPTS["single-01"], PROMPTS["setting-02"], PROMPTS["several-23"]
    assert judge(row(["castle", "keep"]), single).right
    assert not judge(row(["keep", "castle"]), single).right
    assert judge(row(["house"], "lake"), lake).right  # a small house is a cottage
    assert judge(row(["cottage"], "coast"), lake).family
    assert not judge(row(["cottage"], "coast"), lake).right
    assert judge(row(["oak", "windmill", "cottage", "barn"]), three).right
    assert not judge(row(["oak", "windmill", "barn", "cottage"]), three).right
    assert judge(row(["oak", "giant_tree", "windmill", "house"]), three).right  # two names of one thing are one thing


def test_distance_of_sets_is_nothing_for_alike_and_grows_with_difference() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(300, 16)), rng.normal(size=(300, 16))
    near, far = kernel_distance(a, b), kernel_distance(a, b + 0.5)
    assert abs(near) < 0.02
    assert far > 10 * abs(near)


def test_a_turned_copy_is_found_and_another_castle_is_not() -> None:
    first, other = (copies.main_structure(generate(s, family="castle").blocks) for s in (2**45, 2**45 + 1))
    assert first is not None
    assert other is not None
    turned = np.ascontiguousarray(np.rot90(first, 1, axes=(0, 2)))[:, :, ::-1]
    assert copies.nearest(turned, [other, first]) == 1.0
    assert copies.nearest(first, [other]) < copies.COPY
    assert copies.main_structure(np.zeros((64, 48, 64), dtype=np.uint8)) is None


def test_untouched_looks_only_outside_of_the_site() -> None:
    source = np.zeros((64, 48, 64), dtype=np.uint8)
    source[:, :10] = 3
    edited = source.copy()
    edited[20:30, 8:20, 20:30] = 4
    assert untouched(edited, source)["outside"] == 1.0
    assert untouched(edited, source)["all"] == pytest.approx(1 - 200 / 40960)
    edited[50:54, 9, 50:54] = 1
    assert untouched(edited, source)["outside"] == pytest.approx(1 - 16 / (40960 - 16 * 16 * 10))
    assert untouched(source, source) == {"outside": 1.0, "all": 1.0, "site": 0.0}
    assert untouched(np.zeros_like(source), source) == {"outside": None, "all": 0.0, "site": 1.0}


def test_ground_is_told_from_what_stands_on_it() -> None:
    blocks = np.zeros((64, 48, 64), dtype=np.uint8)
    blocks[:, :8] = 3
    blocks[32:, 8:12] = 3  # a terrace is ground
    blocks[10:20, 8:18, 10:20] = 4
    blocks[11:19, 8:17, 11:19] = 0
    assert (ground_of(blocks)[:28] == 8).all()
    assert (ground_of(blocks)[40:] == 12).all()
    found = bodies(blocks)
    assert len(found) == 1
    assert found[0].tall == 10
    assert found[0].share("Plank") == 1.0
    assert (ground_of(blocks, massive=True) >= 8).all()


def test_a_narrow_peak_is_land_and_a_tower_is_built() -> None:
    blocks = np.zeros((64, 48, 64), dtype=np.uint8)
    height = np.full((64, 64), 8)
    height[10:16, 10:16] = 14
    y = np.arange(48)[None, :, None]
    h = height[:, None, :]
    for below, kind in ((h, 3), (h, 2), (h, 1)):
        layer = {3: y < below, 2: (y < below) & (y >= below - 3), 1: y == below - 1}[kind]
        blocks[layer] = kind
    assert natural(blocks).all()
    assert bodies(blocks) == []
    blocks[40:44, 8:20, 40:44] = 3
    assert [b.corner for b in bodies(blocks)] == [(40, 40)]


@pytest.mark.parametrize("family", sorted(set(shapes.MEASURES)))
def test_shape_measures_accept_the_generators_worlds_and_refuse_bare_land(family) -> None:
    asked = [a for a in PROMPTS.values() if a.families[0] == family and len(a.objects) == 1]
    answers = [shapes.MEASURES[family](ceiling_world(a, seed).blocks) for a in asked[:4] for seed in range(4)]
    assert np.mean([all(a.values()) for a in answers]) >= 0.75
    bare = generate(2**45 + 3, family="plains").blocks
    assert not all(shapes.MEASURES[family](bare).values())


@pytest.mark.parametrize("family", sorted(set(shapes.MEASURES)))
def test_shape_measures_say_no_to_any_nonsense(family) -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 12, (64, 48, 64), dtype=np.uint8)
    dust = np.where(rng.random(noise.shape) < 0.001, noise, 0).astype(np.uint8)
    floor = np.zeros_like(noise)
    floor[:, 0] = 1
    post = floor.copy()
    post[30, 1:9, 30] = 3
    slab = floor.copy()
    slab[5:7, 1:30, 5:60] = 3
    empty, full, sea = (np.full_like(noise, kind) for kind in (0, 3, 7))
    shapes.MEASURES[family](noise)
    for blocks in (empty, full, sea, dust, floor, post, slab):
        assert not all(shapes.MEASURES[family](blocks).values())


def test_a_castle_without_its_towers_or_with_a_breach_fails() -> None:
    blocks = ceiling_world(PROMPTS["single-01"], 3).blocks
    assert all(shapes.castle(blocks).values())
    low = blocks.copy()
    low[:, int(ground_of(blocks).min()) + 8 :] = 0
    assert not shapes.castle(low)["four corner towers above the wall"]


def test_captions_are_found_by_their_rare_words() -> None:
    found = Captions(["a stone castle", "a stone house", "a wooden house by a lake", "two stone castles on a hill"])
    assert found.nearest("a castle", 2) == [0, 3]
    assert found.nearest("lake", 1) == [2]
