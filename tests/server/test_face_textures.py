"""Pictures on custom blocks: from a map.json to the wire and back, small and bounded whatever there is."""

import base64
import io
import json
import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from vox.v1 import training_pb2
from vox.v1 import voxels_pb2 as pb
from voxclient.grid import GridAssembler

from server.face_textures import MAX_BYTES, textures
from server.voxel_codec import pack_grid, palette_entries, unpack_map
from server.worker.outgoing import Outgoing
from voxcore.errors import InvalidInput, LimitExceeded
from voxcore.events import Started, VoxelFrame
from voxcore.maps import dump_map, parse_map
from voxcore.maps.face_tiles import MAX_PIXELS
from voxcore.palette import EDITOR, Block, FaceTiles, Palette

GREY = (0.5, 0.5, 0.5)
PIXELS = np.array([[[200, 0, 0, 255], [0, 100, 0, 128]]], dtype=np.uint8)


def picture(pixels: np.ndarray, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, format=kind)
    return out.getvalue()


def noise(side: int, seed: int = 0) -> bytes:
    return picture(np.random.default_rng(seed).integers(0, 256, (side, side, 4), dtype=np.uint8))


def decoded(png: bytes) -> np.ndarray:
    assert png.startswith(b"\x89PNG")
    with Image.open(io.BytesIO(png)) as image:
        assert image.mode == "RGBA"
        return np.array(image)


def url(data: bytes, kind: str = "png") -> str:
    return f"data:image/{kind};base64," + base64.b64encode(data).decode()


def map_with(**urls: object):
    tiles = {slot: {"path": None, "url": value, "prompt": None, "sequence": 1} for slot, value in urls.items()}
    entry = {"id": 1000, "name": "Marble", "textureLayer": None, "faceTiles": tiles}
    blocks = [{"position": [0, 0, 0], "blockType": "Marble"}]
    return parse_map(json.dumps({"blocks": blocks, "customBlocks": [entry]}).encode())


def palette_of(*files: FaceTiles) -> Palette:
    return Palette("p", tuple(Block(f"b{i}", 1000 + i, GREY, GREY, GREY, tiles=tiles) for i, tiles in enumerate(files)))


def test_picture_of_a_map_is_on_the_wire_pixel_by_pixel():
    loaded = map_with(side=url(picture(PIXELS)), top=url(picture(PIXELS[..., :3], "JPEG"), "jpeg"))
    (part, *_) = pack_grid(loaded.blocks, loaded.palette, 2.0, with_textures=True)
    entry = next(e for e in part.palette if e.name == "Marble")
    assert np.array_equal(decoded(entry.textures.side), PIXELS)
    assert decoded(entry.textures.top).shape == (1, 2, 4)
    assert entry.textures.bottom == b""
    assert not any(e.HasField("textures") for e in part.palette if e.name != "Marble")


def test_voxel_frames_and_palettes_without_pictures_cost_nothing():
    loaded = map_with(side=url(noise(64)))
    assert not any(e.HasField("textures") for e in pack_grid(loaded.blocks, loaded.palette, 2.0)[0].palette)
    assert palette_entries(EDITOR, with_textures=True) == palette_entries(EDITOR)


def test_a_run_sends_them_once():
    loaded = map_with(side=url(picture(PIXELS)))
    out = Outgoing(1000.0)
    started = Started(10, 0, loaded.shape, loaded.palette, loaded.world_scale, "cpu")
    (fact,) = out.pack(started)
    entries = training_pb2.JobEvent.FromString(fact.event).started.palette
    assert [e.name for e in entries if e.HasField("textures")] == ["Marble"]
    (frame,) = out.pack(VoxelFrame(1, loaded.blocks, None))
    keyframe = pb.VoxelKeyframe.FromString(frame.parts[0])
    assert keyframe.grid.palette
    assert not any(e.HasField("textures") for e in keyframe.grid.palette)


@pytest.mark.parametrize(
    "value",
    [
        "https://example.org/marble.png",
        "data:image/svg+xml;base64,AAAA",
        "data:image/png;base64,A",
        url(b"\x89PNG\r\n\x1a\n" + bytes(40)),
        url(picture(np.zeros((4097, MAX_PIXELS // 4096), dtype=bool))),
        url(noise(32)[:-200]),
        7,
        None,
    ],
)
def test_what_is_no_picture_is_left_out_and_the_map_loads(value):
    assert textures(map_with(side=value).palette) == {}


def test_picture_that_would_unpack_to_gigabytes_is_left_out_at_once():
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 6, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(10**6))) + chunk(b"IEND", b"")
    assert textures(map_with(side=url(bomb)).palette) == {}


def test_a_large_picture_becomes_a_tile_of_its_nearest_pixels():
    large = np.zeros((512, 512, 4), dtype=np.uint8)
    large[:256, :256] = 255
    (found,) = textures(palette_of(FaceTiles(side=picture(large)))).values()
    assert np.array_equal(decoded(found.side), large[2::4, 2::4])


def test_all_pictures_of_a_palette_fit_however_many_there_are():
    tiles = [FaceTiles(noise(128, i), noise(128, i + 100), noise(128, i + 200)) for i in range(20)]
    found = textures(palette_of(*tiles))
    files = [getattr(one, slot) for one in found.values() for slot in ("top", "bottom", "side")]
    assert len(files) == 60
    assert {decoded(png).shape for png in files} == {(32, 32, 4)}
    assert sum(map(len, files)) <= MAX_BYTES
    part = pack_grid(np.zeros((64, 64, 64), dtype=np.uint8), palette_of(*tiles), 2.0, with_textures=True)[0]
    assert part.ByteSize() < 2**20


def test_pictures_come_back_from_a_client_and_into_its_map():
    loaded = map_with(side=url(picture(PIXELS)))
    grid = GridAssembler().add_part(pack_grid(loaded.blocks, loaded.palette, 2.0, with_textures=True)[0])
    again = unpack_map(grid.to_message(), max_cells=10**6)
    (block,) = (b for b in again.palette.blocks if b.name == "Marble")
    assert np.array_equal(decoded(block.tiles.side), PIXELS)
    stored = parse_map(dump_map(again))
    assert [b.tiles for b in stored.palette.blocks if b.tiles] == [block.tiles]


@pytest.mark.parametrize(
    ("files", "error", "field", "words"),
    [
        ([b"GIF89a"], InvalidInput, "grid.palette[1].textures.top", "intact PNG"),
        ([noise(32)[:-200]], InvalidInput, "grid.palette[1].textures.top", "intact PNG"),
        ([b"", noise(129)], LimitExceeded, "grid.palette[2].textures.top", "129 x 129"),
        ([noise(128, i) for i in range(5)], LimitExceeded, "grid.palette[4].textures.top", f"{MAX_BYTES} bytes"),
    ],
)
def test_pictures_of_a_request_are_checked(files, error, field, words):
    entries = [pb.PaletteEntry(name=f"b{i}", textures=pb.FaceTextures(top=data)) for i, data in enumerate(files)]
    grid = pb.VoxelGrid(dims=pb.Dimensions(x=1, y=1, z=1), palette=[pb.PaletteEntry(name="Air"), *entries])
    grid.data, grid.raw_length = b"\0", 1
    with pytest.raises(error, match=words) as caught:
        unpack_map(grid, max_cells=10, where="grid")
    assert caught.value.field == field
