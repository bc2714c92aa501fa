"""Exported files, read back by readers that are not ours, or that share nothing with the writers."""

import gzip
import io
import json
import struct

import nbtlib
import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from voxcore.errors import InvalidInput, LimitExceeded
from voxcore.maps import VoxelMap, exposed_faces, parse_map
from voxcore.maps.formats import MAP_FORMATS, export_map, format_of_file
from voxcore.maps.formats.sponge import BLOCK_IDS, block_id
from voxcore.palette import EDITOR, FACE_SLOT, Block

grids = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=3, max_dims=3, max_side=6), elements=st.integers(0, 11))
FEW = settings(max_examples=40, deadline=None)


def some_map(shape=(5, 4, 3), seed=0, **more) -> VoxelMap:
    blocks = np.random.default_rng(seed).integers(0, 12, shape).astype(np.uint8)
    blocks[0, 0, 0] = 3
    return VoxelMap(blocks, **more)


def editor_bytes(index: int, slot: int) -> tuple[int, ...]:
    return tuple(round(255 * c) for c in EDITOR.colors[index - 1, slot])


# --- .vox -----------------------------------------------------------------------------------------


def read_vox(data: bytes):
    """Models as (centre, [x, y, z] array), and colours by index, straight from the description of the format."""
    assert struct.unpack_from("<4si", data) == (b"VOX ", 150)
    name, content, children = struct.unpack_from("<4sii", data, 8)
    assert (name, content, children) == (b"MAIN", 0, len(data) - 20)
    at, chunks = 20, []
    while at < len(data):
        name, length, inner = struct.unpack_from("<4sii", data, at)
        assert inner == 0
        chunks.append((name, data[at + 12 : at + 12 + length]))
        at += 12 + length
    assert at == len(data)
    sizes = [struct.unpack("<3i", body) for name, body in chunks if name == b"SIZE"]
    models = []
    for size, body in zip(sizes, (b for name, b in chunks if name == b"XYZI"), strict=True):
        (count,) = struct.unpack_from("<i", body)
        assert len(body) == 4 + 4 * count
        grid = np.zeros(size, dtype=np.uint8)
        for x, y, z, index in struct.iter_unpack("<4B", body[4:]):
            assert grid[x, y, z] == 0
            grid[x, y, z] = index
        models.append(grid)
    (palette,) = (body for name, body in chunks if name == b"RGBA")
    colors = {i + 1: tuple(palette[4 * i : 4 * i + 3]) for i in range(255)}
    return list(zip(centers(chunks), models, strict=True)), colors


def centers(chunks):
    """Translations of the models, by walking the scene from node 0."""
    nodes = {}
    for name, body in chunks:
        if name in (b"nTRN", b"nGRP", b"nSHP"):
            node, attributes = struct.unpack_from("<ii", body)
            assert attributes == 0
            nodes[node] = name, body[8:]
    found = {}

    def walk(node, translation):
        name, body = nodes.pop(node)
        if name == b"nTRN":
            child, reserved, _layer, frames, entries = struct.unpack_from("<5i", body)
            assert (reserved, frames) == (-1, 1)
            if entries:
                (key,) = struct.unpack_from("<i", body, 20)
                (value,) = struct.unpack_from("<i", body, 24 + key)
                assert body[24 : 24 + key] == b"_t"
                translation = tuple(map(int, body[28 + key : 28 + key + value].split()))
            walk(child, translation)
        elif name == b"nGRP":
            (count,) = struct.unpack_from("<i", body)
            for child in struct.unpack_from(f"<{count}i", body, 4):
                walk(child, translation)
        else:
            count, model, attributes = struct.unpack("<3i", body)
            assert (count, attributes) == (1, 0)
            found[model] = translation

    walk(0, (0, 0, 0))
    assert not nodes
    return [found[i] for i in range(len(found))]


@FEW
@given(grids)
def test_vox_holds_the_same_blocks_turned_upright(blocks):
    models, colors = read_vox(export_map(VoxelMap(blocks), "vox"))
    ((_, grid),) = models
    # z is up there; the world is turned about x, not mirrored.
    expected = np.stack([blocks[:, :, z].T for z in reversed(range(blocks.shape[2]))], axis=2)  # [y, x, z reversed]
    assert (grid == expected.transpose(1, 2, 0)).all()
    assert colors[1] == editor_bytes(1, 0)
    assert colors[11] == editor_bytes(11, 0)


def test_vox_splits_what_is_longer_than_a_model():
    blocks = np.zeros((300, 8, 520), dtype=np.uint8)
    blocks[0, 0, 0], blocks[299, 7, 519], blocks[270, 1, 3] = 1, 2, 3
    models, _ = read_vox(export_map(VoxelMap(blocks), "vox"))
    assert all(max(grid.shape) <= 256 for _, grid in models)
    there = {}
    for center, grid in models:
        for cell in np.argwhere(grid):
            place = tuple(int(v) for v in cell + center - np.array(grid.shape) // 2)
            there[place] = int(grid[tuple(cell)])
    # (x, y, z) is (x, 519 - z, y), centred in the first two.
    assert there == {(-150, 519 - 260, 0): 1, (149, -260, 7): 2, (120, 516 - 260, 1): 3}


def test_vox_of_an_empty_map_has_one_empty_model():
    ((_, grid),), _ = read_vox(export_map(VoxelMap(np.zeros((600, 2, 2), dtype=np.uint8)), "vox"))
    assert not grid.any()


# --- meshes ---------------------------------------------------------------------------------------


def as_mesh(data: bytes, kind: str) -> trimesh.Trimesh:
    return trimesh.load(io.BytesIO(data), file_type=kind, force="mesh", process=False)


def expected_quads(found: VoxelMap) -> set:
    """Every visible face as (sorted corners, normal, colour), cell by cell."""
    x, y, z = found.shape
    quads = set()
    for cell in np.argwhere(found.blocks).tolist():
        for axis in range(3):
            for sign in (1, -1):
                near = list(cell)
                near[axis] += sign
                if all(0 <= n < side for n, side in zip(near, (x, y, z), strict=True)) and found.blocks[tuple(near)]:
                    continue
                normal = [0, 0, 0]
                normal[axis] = sign
                corners = []
                for a in (0, 1):
                    for b in (0, 1):
                        corner = list(cell)
                        corner[axis] += sign > 0
                        corner[(axis + 1) % 3] += a
                        corner[(axis + 2) % 3] += b
                        s = found.world_scale
                        corners.append(((corner[0] - x / 2) * s, corner[1] * s, (corner[2] - z / 2) * s))
                slot = FACE_SLOT[2 * axis + (sign < 0)]
                quads.add((tuple(sorted(corners)), tuple(normal), editor_bytes(found.blocks[tuple(cell)], slot)))
    return quads


def quads_of(mesh: trimesh.Trimesh, color_of) -> set:
    """Pairs of triangles that follow each other, put together."""
    quads = set()
    for pair in mesh.faces.reshape(-1, 2, 3):
        corners = {tuple(map(float, mesh.vertices[v])) for v in pair.ravel()}
        assert len(corners) == 4
        normals = []
        for triangle in pair:
            a, b, c = mesh.vertices[triangle]
            normal = np.cross(b - a, c - a)
            normals.append(tuple(int(v) for v in np.round(normal / np.linalg.norm(normal))))
        assert normals[0] == normals[1]
        colors = {color_of(v) for v in pair.ravel()}
        assert len(colors) == 1
        quads.add((tuple(sorted(corners)), normals[0], colors.pop()))
    return quads


@pytest.mark.parametrize("seed", range(3))
def test_glb_shows_exactly_the_visible_faces_in_their_colours(seed):
    found = some_map(seed=seed, world_scale=0.5)
    mesh = as_mesh(export_map(found, "glb"), "glb")
    texture = np.array(mesh.visual.material.baseColorTexture.convert("RGB"))
    height, width = texture.shape[:2]

    def color_of(vertex):
        # trimesh turns v round: there 0 is at the bottom.
        u, v = mesh.visual.uv[vertex]
        return tuple(map(int, texture[int((1 - v) * height), int(u * width)]))

    assert quads_of(mesh, color_of) == expected_quads(found)


def test_glb_is_laid_out_as_the_specification_says():
    found = some_map(shape=(7, 3, 4))
    data = export_map(found, "glb")
    magic, version, total = struct.unpack_from("<4sII", data)
    assert (magic, version, total) == (b"glTF", 2, len(data))
    length, kind = struct.unpack_from("<I4s", data, 12)
    assert kind == b"JSON"
    assert length % 4 == 0
    document = json.loads(data[20 : 20 + length])
    binary_length, kind = struct.unpack_from("<I4s", data, 20 + length)
    assert kind == b"BIN\0"
    assert binary_length % 4 == 0
    binary = data[28 + length :]
    assert document["buffers"] == [{"byteLength": binary_length}]
    faces = exposed_faces(found.blocks != 0)
    end = 0
    for view in document["bufferViews"]:
        assert view["byteOffset"] % 4 == 0
        assert view["byteOffset"] >= end
        end = view["byteOffset"] + view["byteLength"]
    assert end <= binary_length
    by_name = document["meshes"][0]["primitives"][0]["attributes"]
    position = document["accessors"][by_name["POSITION"]]
    view = document["bufferViews"][position["bufferView"]]
    points = np.frombuffer(binary, np.float32, 12 * faces, view["byteOffset"]).reshape(-1, 3)
    assert position["count"] == 4 * faces
    assert position["min"] == points.min(axis=0).tolist()
    assert position["max"] == points.max(axis=0).tolist()
    normal_view = document["bufferViews"][document["accessors"][by_name["NORMAL"]]["bufferView"]]
    normals = np.frombuffer(binary, np.float32, 12 * faces, normal_view["byteOffset"]).reshape(-1, 4, 3)
    edges = points.reshape(-1, 4, 3)
    turned = np.cross(edges[:, 1] - edges[:, 0], edges[:, 2] - edges[:, 1])
    assert np.allclose(turned / np.linalg.norm(turned, axis=1, keepdims=True), normals[:, 0])
    image = document["bufferViews"][document["images"][0]["bufferView"]]
    picture = Image.open(io.BytesIO(binary[image["byteOffset"] : image["byteOffset"] + image["byteLength"]]))
    assert picture.size == (16, 4)
    assert document["materials"][0]["extras"]["blocks"] == list(EDITOR.names[1:])


def test_ply_shows_exactly_the_visible_faces_in_their_colours():
    found = some_map(seed=4)
    mesh = as_mesh(export_map(found, "ply"), "ply")
    assert len(mesh.faces) == 2 * exposed_faces(found.blocks != 0)
    # The reader may cut the quads in any order: faces are told apart by their corners and colours.
    quads = set()
    for start in range(0, len(mesh.vertices), 4):
        corners = tuple(sorted(tuple(map(float, v)) for v in mesh.vertices[start : start + 4]))
        (color,) = {tuple(map(int, c[:3])) for c in mesh.visual.vertex_colors[start : start + 4]}
        quads.add((corners, color))
    assert quads == {(corners, color) for corners, _, color in expected_quads(found)}
    assert mesh.face_normals.sum(axis=0) == pytest.approx([0, 0, 0], abs=1e-6)


# --- .schem ---------------------------------------------------------------------------------------


def read_schem(data: bytes) -> tuple[int, np.ndarray, dict, nbtlib.Compound]:
    # No time in the header: the same map gives the same bytes at any time.
    assert data[4:8] == bytes(4)
    file = nbtlib.File.parse(io.BytesIO(gzip.decompress(data)))
    if "Schematic" in file:
        root = file["Schematic"]
        assert file.root_name == ""
        container, cells = root["Blocks"], root["Blocks"]["Data"]
    else:
        root = file
        assert file.root_name == "Schematic"
        container, cells = root, root["BlockData"]
        assert int(root["PaletteMax"]) == len(root["Palette"])
    names = {int(number): str(name) for name, number in container["Palette"].items()}
    assert sorted(names) == list(range(len(names)))
    assert len(container["BlockEntities"]) == 0
    shape = tuple(int(root[name]) & 0xFFFF for name in ("Width", "Height", "Length"))
    grid = np.empty(shape, dtype=object)
    for i, value in enumerate(np.asarray(cells).astype(int).tolist()):
        rest, x = divmod(i, shape[0])
        y, z = divmod(rest, shape[2])
        grid[x, y, z] = names[value]
    assert i + 1 == grid.size
    return int(root["Version"]), grid, names, root


@pytest.mark.parametrize("version", [2, 3])
@FEW
@given(blocks=grids)
def test_schematic_holds_the_same_blocks(version, blocks):
    found, grid, _, root = read_schem(export_map(VoxelMap(blocks), f"schem_v{version}"))
    assert found == version
    assert [list(row) for row in grid.reshape(-1, 1)] == [[BLOCK_IDS[EDITOR.names[b]]] for b in blocks.ravel()]
    assert [int(v) for v in root["Offset"]] == [-(blocks.shape[0] // 2), 0, -(blocks.shape[2] // 2)]
    assert isinstance(root["Width"], nbtlib.Short)
    assert isinstance(root["DataVersion"], nbtlib.Int)


def test_every_block_of_the_editor_has_a_block_of_minecraft():
    assert BLOCK_IDS.keys() == set(EDITOR.names)


def test_blocks_that_minecraft_does_not_have_become_concrete_of_the_nearest_colour():
    custom = b'{"customBlocks": [{"id": 1000, "name": "Marble", "colors": {"side": [0.82, 0.83, 0.83]}},'
    custom += b'{"id": 1001, "name": "Coal", "colors": {"side": [0.02, 0.02, 0.03]}}], "blocks": ['
    custom += b'{"position": [0, 0, 0], "blockType": "Marble"}, {"position": [1, 0, 0], "blockType": "Coal"},'
    custom += b'{"position": [2, 0, 0], "blockType": "Nobody knows"}]}'
    _, grid, _, _ = read_schem(export_map(parse_map(custom), "schem_v3"))
    names = ["white", "black", "magenta"]
    assert grid[:3, 0, 0].tolist() == [f"minecraft:{name}_concrete" for name in names]
    assert block_id(Block("Sky", 1, (0.1, 0.5, 0.8), (0.1, 0.5, 0.8), (0.1, 0.5, 0.8))).endswith("light_blue_concrete")


# --- all of them ----------------------------------------------------------------------------------


def test_own_format_is_read_back_whole():
    found = some_map()
    again = parse_map(export_map(found, "map_json"))
    assert (again.blocks[:5, :4, :3] == found.blocks).all()


@pytest.mark.parametrize("name", MAP_FORMATS)
def test_the_same_map_gives_the_same_bytes(name):
    assert export_map(some_map(), name) == export_map(some_map(), name)


@pytest.mark.parametrize("name", MAP_FORMATS)
def test_a_file_that_would_be_too_long_is_refused(name):
    data = export_map(some_map((20, 20, 20)), name)
    if name == "vox":
        assert len(export_map(some_map((20, 20, 20)), name, max_bytes=2**17)) == len(data)
    else:
        limit = max(len(data), 8000)
        assert export_map(some_map((20, 20, 20)), name, max_bytes=limit) == data
    with pytest.raises(LimitExceeded) as caught:
        export_map(some_map((20, 20, 20)), name, max_bytes=min(len(data), 8000) - 1)
    assert caught.value.field == "format"


@pytest.mark.parametrize("name", ["glb", "ply"])
def test_meshes_need_a_block(name):
    with pytest.raises(InvalidInput, match="at least one block"):
        export_map(VoxelMap(np.zeros((2, 2, 2), dtype=np.uint8)), name)


def test_schematic_refuses_a_side_that_it_cannot_say():
    with pytest.raises(LimitExceeded, match="65535"):
        export_map(VoxelMap(np.zeros((65536, 1, 1), dtype=np.uint8)), "schem_v2")


def test_format_goes_by_the_file_name():
    assert [format_of_file(f"a{found.suffix.upper()}") for found in MAP_FORMATS.values()] == [
        "map_json", "vox", "glb", "schem_v2", "schem_v2", "ply",
    ]  # fmt: skip
    with pytest.raises(InvalidInput, match=r"\.vox"):
        format_of_file("castle.txt")
    with pytest.raises(InvalidInput, match="expected one of map_json"):
        export_map(some_map(), "obj")
