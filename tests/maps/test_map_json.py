"""map.json: lossless round trips, older shapes, and one clear error for each kind of bad input."""

import copy
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxcore.errors import InvalidInput, LimitExceeded, MapFormatError, NotFound, ShapeError, StorageError
from voxcore.maps import MapLimits, VoxelMap, dump_map, load_map, parse_map, save_map
from voxcore.palette import CLASSIC, EDITOR, UNKNOWN_COLOR, Block, Palette

PRESENT = {
    "sequence": 7,
    "worldScale": 2.0,
    "worldConfig": {
        "seed": 1337,
        "dimensions": {"x": 4, "y": 3, "z": 5, "unit": "cells"},
        "worldScale": 2.0,
        "biome": {"name": "hills", "wet": [1, 2.5, None]},
    },
    "blocks": [
        {"position": [0, 0, 0], "blockType": "Stone"},
        {"position": [3, 2, 4], "blockType": "Marble", "locked": True, "by": {"who": "me"}},
        {"position": [1, 0, 4], "blockType": "Obsidian"},
    ],
    "customBlocks": [
        {
            "id": 1000,
            "name": "Marble",
            "textureLayer": None,
            "colors": {"top": [0.9, 0.9, 0.8], "bottom": [0.7, 0.7, 0.7], "side": [0.8, 0.8, 0.8]},
            "faceTiles": {"top": {"path": "a", "url": "b", "prompt": "c", "sequence": 4}},
            "glow": 3,
        }
    ],
    "metadata": {"author": "somebody", "ünïcode": "✓"},
    "captureId": "abc",
    "future": [{"deep": {"er": 1e-7}}],
}


def parse(document):
    return parse_map(json.dumps(document).encode())


def changed(**changes):
    return copy.deepcopy(PRESENT) | changes


def blocks_by_cell(document):
    return {tuple(b["position"]): b for b in document["blocks"]}


def test_reads_the_present_shape():
    voxel_map = parse(PRESENT)
    assert voxel_map.shape == (4, 3, 5)
    assert (voxel_map.sequence, voxel_map.seed, voxel_map.world_scale) == (7, 1337, 2.0)
    assert voxel_map.counts() == {"Stone": 1, "Marble": 1, "Obsidian": 1}
    marble = voxel_map.palette.blocks[voxel_map.palette.index_by_name["Marble"] - 1]
    assert (marble.editor_id, marble.known, marble.top) == (1000, True, (0.9, 0.9, 0.8))


def test_unknown_names_are_kept_and_reported():
    voxel_map = parse(PRESENT)
    obsidian = voxel_map.palette.blocks[voxel_map.palette.index_by_name["Obsidian"] - 1]
    assert (obsidian.known, obsidian.side) == (False, UNKNOWN_COLOR)
    assert voxel_map.unknown_blocks() == {"Obsidian": 1}
    assert blocks_by_cell(json.loads(dump_map(voxel_map)))[1, 0, 4]["blockType"] == "Obsidian"


def test_round_trip_loses_nothing():
    written = json.loads(dump_map(parse(PRESENT)))
    assert {k: v for k, v in written.items() if k != "blocks"} == {k: v for k, v in PRESENT.items() if k != "blocks"}
    assert list(written) == list(PRESENT)
    assert blocks_by_cell(written) == blocks_by_cell(PRESENT)


def test_keys_of_a_block_stay_while_the_block_does():
    voxel_map = parse(PRESENT)
    blocks = voxel_map.blocks.copy()
    blocks[0, 0, 0] = 0
    kept = blocks_by_cell(json.loads(dump_map(voxel_map.with_blocks(blocks))))
    assert kept[3, 2, 4]["by"] == {"who": "me"}
    blocks[3, 2, 4] = EDITOR.index_by_name["Sand"]
    replaced = blocks_by_cell(json.loads(dump_map(voxel_map.with_blocks(blocks))))
    assert replaced[3, 2, 4] == {"position": [3, 2, 4], "blockType": "Sand"}


def test_blocks_are_written_y_then_z_then_x():
    voxel_map = VoxelMap(np.ones((2, 2, 2), dtype=np.uint8))
    positions = [b["position"] for b in json.loads(dump_map(voxel_map))["blocks"]]
    assert positions == sorted(positions, key=lambda p: (p[1], p[2], p[0]))
    assert positions[:3] == [[0, 0, 0], [1, 0, 0], [0, 0, 1]]


@pytest.mark.parametrize("config", ["absent", None, {"seed": 5}])
def test_dimensions_come_from_the_extent_where_the_file_has_none(config):
    document = {"worldScale": 1.5, "blocks": [{"position": [2, 60, 3], "blockType": "Dirt"}]}
    if config != "absent":
        document["worldConfig"] = config
    voxel_map = parse(document)
    assert voxel_map.shape == (64, 61, 64)
    assert voxel_map.world_scale == 1.5
    assert json.loads(dump_map(voxel_map)) == document
    assert parse({"blocks": []}).shape == (64, 48, 64)


def test_dimensions_are_written_once_the_extent_does_not_say_them_any_more():
    voxel_map = parse({"blocks": [{"position": [2, 60, 3], "blockType": "Dirt"}]})
    emptied = dump_map(voxel_map.with_blocks(np.zeros_like(voxel_map.blocks)))
    assert parse_map(emptied).shape == (64, 61, 64)


@pytest.mark.parametrize(
    ("document", "scale"),
    [
        ({"worldScale": 3, "blocks": []}, 3.0),
        ({"worldConfig": {"worldScale": 0.5}, "blocks": []}, 0.5),
        ({"worldScale": 3, "worldConfig": {"worldScale": 0.5}, "blocks": []}, 0.5),
        ({"blocks": []}, 2.0),
    ],
)
def test_world_scale_is_found_in_both_places(document, scale):
    assert parse(document).world_scale == scale


def test_changed_values_are_written():
    voxel_map = parse(PRESENT)
    other = VoxelMap(voxel_map.blocks, voxel_map.palette, 4.0, 8, 9, voxel_map.document, voxel_map.extras)
    back = parse_map(dump_map(other))
    assert (back.world_scale, back.sequence, back.seed) == (4.0, 8, 9)
    assert back.document["worldConfig"]["biome"] == PRESENT["worldConfig"]["biome"]


def test_a_new_map_states_everything():
    blocks = np.zeros((3, 4, 5), dtype=np.uint8)
    written = json.loads(dump_map(VoxelMap(blocks, sequence=2, seed=11)))
    assert written == {
        "sequence": 2,
        "worldScale": 2.0,
        "worldConfig": {"worldScale": 2.0, "dimensions": {"x": 3, "y": 4, "z": 5}, "seed": 11},
        "blocks": [],
        "customBlocks": [],
    }


def test_menu_names_are_read_as_the_block_they_mean():
    document = {"blocks": [{"position": [0, 0, 0], "blockType": "Alpine Rock"}]}
    voxel_map = parse(document)
    assert voxel_map.counts() == {"AlpineRock": 1}
    own = document | {"customBlocks": [{"id": 1000, "name": "Alpine Rock"}]}
    assert parse(own).counts() == {"Alpine Rock": 1}


@pytest.mark.parametrize("colors", ["absent", None, {}, {"side": [0.1, 0.2, 0.3]}])
def test_custom_blocks_may_lack_colours(colors):
    entry = {"id": 1001, "name": "Lamp"} | ({} if colors == "absent" else {"colors": colors})
    block = parse({"blocks": [], "customBlocks": [entry]}).palette.blocks[-1]
    assert block.name == "Lamp"
    assert block.top == block.side == ((0.1, 0.2, 0.3) if isinstance(colors, dict) and colors else (0.6, 0.6, 0.6))


def test_a_custom_block_may_redefine_one_of_the_palette():
    entry = {"id": 1000, "name": "Stone", "colors": {"side": [1, 0, 0]}}
    palette = parse({"blocks": [], "customBlocks": [entry]}).palette
    assert len(palette) == len(EDITOR)
    assert palette.blocks[palette.index_by_name["Stone"] - 1].side == (1.0, 0.0, 0.0)


def test_blocks_of_a_jobs_own_palette_become_custom_blocks():
    lava = Block("Lava", 1200, (1.0, 0.3, 0.0), (1.0, 0.2, 0.0), (1.0, 0.25, 0.0))
    palette = Palette("game", (*CLASSIC.blocks, lava))
    blocks = np.full((2, 2, 2), 8, dtype=np.uint8)
    back = parse_map(dump_map(VoxelMap(blocks, palette)))
    assert back.palette.blocks[-1] == lava
    assert back.counts() == {"Lava": 8}
    assert dump_map(back) == dump_map(parse_map(dump_map(back)))


def test_a_palette_can_be_given_for_reading():
    assert parse_map(dump_map(parse(PRESENT)), palette=CLASSIC).palette.names[1:8] == CLASSIC.names[1:]


NOT_NUMBERS = ["1", None, True, [1], 0.5, {}]
BAD = [
    ({"worldConfig": {}}, "blocks"),
    (changed(blocks={}), "blocks"),
    (changed(blocks=[7]), "blocks[0]"),
    (changed(blocks=["ab"]), "blocks[0]"),
    (changed(blocks=[{"blockType": "Stone"}]), "blocks[0].position"),
    (changed(blocks=[PRESENT["blocks"][0], {"position": [1, 1, 1]}]), "blocks[1].blockType"),
    (changed(blocks=[{"position": [0, 0, 0], "blockType": 3}]), "blocks[0].blockType"),
    (changed(blocks=[{"position": [0, 0, 0], "blockType": ""}]), "blocks.blockType"),
    (changed(blocks=[{"position": [0, 0, 0], "blockType": "x" * 129}]), "blocks.blockType"),
    (changed(blocks=[{"position": [0, 0, 0], "blockType": "\ud800"}]), "blocks.blockType"),
    (changed(blocks=[{"position": [0, 0], "blockType": "Stone"}]), "blocks[0].position"),
    (changed(blocks=[{"position": "abc", "blockType": "Stone"}]), "blocks[0].position"),
    (changed(blocks=[{"position": [0, 0, 0, 0], "blockType": "Stone"}]), "blocks[0].position"),
    (changed(blocks=[{"position": [-1, 0, 0], "blockType": "Stone"}]), "blocks[0].position"),
    (changed(blocks=[{"position": [0, 3, 0], "blockType": "Stone"}]), "blocks[0].position"),
    (changed(blocks=[{"position": [10**400, 0, 0], "blockType": "Stone"}]), "blocks[0].position.x"),
    (changed(blocks=[{"position": [2**63, 0, 0], "blockType": "Stone"}]), "blocks[0].position"),
    (changed(blocks=[{"position": [0, 1e30, 0], "blockType": "Stone"}]), "blocks[0].position.y"),
    (changed(blocks=[PRESENT["blocks"][0], PRESENT["blocks"][2], PRESENT["blocks"][0]]), "blocks[2].position"),
    (changed(worldConfig=3), "worldConfig"),
    (changed(worldConfig={"dimensions": [1, 2, 3]}), "worldConfig.dimensions"),
    (changed(worldConfig={"dimensions": {"x": 1, "y": 1}}), "worldConfig.dimensions.z"),
    (changed(worldConfig={"dimensions": {"x": 0, "y": 1, "z": 1}}), "worldConfig.dimensions"),
    (changed(worldConfig={"dimensions": {"x": 1.5, "y": 1, "z": 1}}), "worldConfig.dimensions.x"),
    (changed(worldConfig={"seed": "x"}), "worldConfig.seed"),
    (changed(worldConfig={"worldScale": 0}), "worldConfig.worldScale"),
    (changed(worldConfig={}, worldScale=-2), "worldScale"),
    (changed(worldConfig={}, worldScale="2"), "worldScale"),
    (changed(sequence="one"), "sequence"),
    (changed(customBlocks={}), "customBlocks"),
    (changed(customBlocks=["Marble"]), "customBlocks[0]"),
    (changed(customBlocks=[{"id": 1000}]), "customBlocks[0].name"),
    (changed(customBlocks=[{"name": "A"}]), "customBlocks[0].id"),
    (changed(customBlocks=[{"id": -1, "name": "A"}]), "customBlocks[0].id"),
    (changed(customBlocks=[{"id": 1, "name": "Air"}]), "customBlocks[0].name"),
    (changed(customBlocks=[{"id": 1, "name": "A"}, {"id": 2, "name": "A"}]), "customBlocks[1].name"),
    (changed(customBlocks=[{"id": 1, "name": "A", "colors": {"top": [1, 2]}}]), "customBlocks[0].colors.top"),
    (changed(customBlocks=[{"id": 1, "name": "A", "colors": {"top": [1, 2, 3]}}]), "customBlocks[0].colors"),
    *[(changed(blocks=[{"position": [0, v, 0], "blockType": "A"}]), "blocks[0].position.y") for v in NOT_NUMBERS],
]


@pytest.mark.parametrize(("document", "field"), BAD)
def test_bad_input_names_its_field(document, field):
    with pytest.raises(MapFormatError, match="expected") as caught:
        parse(document)
    assert caught.value.field == field
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b'{"blocks": [', b"[]", b"3", b"\xff\xfe\xfa", b'{"blocks": [' + b"[" * 100_000, b"9" * 5000],
)
def test_broken_json_is_one_error(data):
    with pytest.raises(MapFormatError, match=r"map\.json: expected"):
        parse_map(data)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('{"blocks": [{"position": [0, NaN, 0], "blockType": "A"}]}', "blocks[0].position[1]"),
        ('{"blocks": [], "metadata": {"a": [1, {"b": Infinity}]}}', "metadata.a[1].b"),
        ('{"blocks": [], "worldScale": 1e999}', "worldScale"),
    ],
)
def test_numbers_that_are_not_finite_are_named(text, field):
    with pytest.raises(MapFormatError, match="finite") as caught:
        parse_map(text.encode())
    assert caught.value.field == field


@pytest.mark.parametrize("dimensions", [(1000, 1000, 1000), (513, 1, 1), (512, 512, 512), (10**30, 1, 1)])
def test_large_grids_are_refused_before_they_are_allocated(dimensions, monkeypatch):
    def refuse(*arguments, **keywords):
        raise AssertionError("allocated")

    monkeypatch.setattr("voxcore.maps.map_json.np.zeros", refuse)
    x, y, z = dimensions
    expected = LimitExceeded if max(dimensions) < 2**64 else MapFormatError
    with pytest.raises(expected, match="expected"):
        parse({"worldConfig": {"dimensions": {"x": x, "y": y, "z": z}}, "blocks": []})


def test_large_extents_are_refused():
    with pytest.raises(LimitExceeded) as caught:
        parse({"blocks": [{"position": [10**9, 0, 0], "blockType": "Stone"}]})
    assert caught.value.field == "blocks"


def test_too_many_kinds_of_block_are_refused():
    entries = [{"position": [i % 64, i // 64, 0], "blockType": f"kind {i}"} for i in range(250)]
    with pytest.raises(LimitExceeded, match="kinds of block"):
        parse({"blocks": entries})


def test_large_files_are_refused_unread(tmp_path):
    path = tmp_path / "map.json"
    path.write_bytes(b" " * 2000)
    with pytest.raises(LimitExceeded, match="at most 1999 bytes, got 2000"):
        load_map(path, limits=MapLimits(max_file_bytes=1999))


def test_missing_and_odd_files(tmp_path):
    with pytest.raises(NotFound, match="does not exist"):
        load_map(tmp_path / "nothing" / "map.json")
    with pytest.raises(NotFound):
        load_map(tmp_path)
    (tmp_path / "map.json").mkdir()
    with pytest.raises(StorageError, match="not a regular file"):
        load_map(tmp_path)


def test_saves_and_loads_a_file(tmp_path):
    save_map(parse(PRESENT), tmp_path / "map.json")
    assert [p.name for p in tmp_path.iterdir()] == ["map.json"]
    assert (load_map(tmp_path).blocks == parse(PRESENT).blocks).all()
    assert load_map(tmp_path / "map.json").document["captureId"] == "abc"


def test_a_document_that_is_no_json_writes_nothing(tmp_path):
    voxel_map = VoxelMap(np.zeros((1, 1, 1), dtype=np.uint8), document={"blocks": [], "x": float("nan")})
    with pytest.raises(MapFormatError, match="plain JSON"):
        save_map(voxel_map, tmp_path / "map.json")
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_voxel_map_cannot_exist():
    with pytest.raises(ShapeError):
        VoxelMap(np.zeros((2, 2), dtype=np.uint8))
    with pytest.raises(ShapeError):
        VoxelMap(np.zeros((2, 2, 2), dtype=np.int64))
    with pytest.raises(InvalidInput, match="up to 11, got 12"):
        VoxelMap(np.full((2, 2, 2), 12, dtype=np.uint8))
    with pytest.raises(InvalidInput, match="worldScale"):
        VoxelMap(np.zeros((2, 2, 2), dtype=np.uint8), world_scale=float("nan"))
    with pytest.raises(ShapeError):
        parse(PRESENT).with_blocks(np.zeros((2, 2, 2), dtype=np.uint8))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
READ_KEYS = {"sequence", "worldScale", "worldConfig", "blocks", "customBlocks", "seed", "dimensions"}
unknown_keys = st.dictionaries(st.text(max_size=8).filter(lambda k: k not in READ_KEYS), json_values, max_size=3)
block_names = st.sampled_from(EDITOR.names[1:]) | st.text(
    st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12
).filter(lambda name: name not in ("Air", "Alpine Rock", "Alpine Grass", "Glacier Ice"))


@st.composite
def documents(draw):
    shape = draw(st.tuples(*[st.integers(1, 6)] * 3))
    cells = draw(st.sets(st.tuples(*[st.integers(0, n - 1) for n in shape]), max_size=12))
    reserved = {"position", "blockType"}
    extras = st.dictionaries(st.text(max_size=4).filter(lambda k: k not in reserved), json_values, max_size=2)
    blocks = [{"position": list(c), "blockType": draw(block_names)} | draw(extras) for c in sorted(cells)]
    document = draw(unknown_keys) | {"blocks": blocks}
    if draw(st.booleans()):
        dimensions = draw(unknown_keys) | dict(zip("xyz", shape, strict=True))
        document["worldConfig"] = draw(unknown_keys) | {"dimensions": dimensions, "seed": draw(st.integers(0, 2**64))}
    if draw(st.booleans()):
        document["worldScale"] = draw(st.floats(0.01, 100.0))
    if draw(st.booleans()):
        document["sequence"] = draw(st.none() | st.integers(0, 10**9))
    names = draw(st.lists(block_names, unique=True, max_size=3))
    if names:
        document["customBlocks"] = [draw(unknown_keys) | {"id": 1000 + i, "name": n} for i, n in enumerate(names)]
        for entry in document["customBlocks"]:
            entry.pop("colors", None)
    return document


@given(documents())
@settings(max_examples=150, deadline=None)
def test_any_map_survives_a_round_trip(document):
    written = json.loads(dump_map(parse(document)))
    assert blocks_by_cell(written) == blocks_by_cell(document)
    assert written | {"blocks": []} == document | {"blocks": []}
    assert dump_map(parse(written)) == dump_map(parse(document))


@given(st.binary(max_size=60) | json_values.map(lambda v: json.dumps(v).encode()))
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_a_map_or_a_clear_error(data):
    try:
        problem = f"expected, got {parse_map(data)}"
    except MapFormatError as error:
        problem = str(error)
    assert "expected" in problem


def test_a_name_that_the_file_system_refuses_is_one_error(tmp_path):
    with pytest.raises(StorageError, match="cannot read"):
        load_map(tmp_path / ("x" * 5000))
