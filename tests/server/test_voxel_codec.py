"""The server packs, the client unpacks: two independent implementations of one format."""

import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from vox.v1 import voxels_pb2 as pb
from voxclient.errors import DataError
from voxclient.grid import Grid, GridAssembler

from server.voxel_codec import PART_BYTES, check_sendable, pack_delta, pack_grid, pack_occupancy, unpack_map, varints
from voxcore.errors import InvalidInput, LimitExceeded, ShapeError
from voxcore.palette import EDITOR, Block
from voxcore.wire_order import content_hash, from_bytes, to_bytes

SHAPES = st.tuples(*[st.integers(1, 6)] * 3)
GRIDS = SHAPES.flatmap(lambda shape: arrays(np.uint8, shape, elements=st.integers(0, len(EDITOR))))


def assembled(parts: list[pb.VoxelGrid]) -> Grid:
    assembler = GridAssembler()
    grids = [assembler.add_part(pb.VoxelGrid.FromString(part.SerializeToString())) for part in parts]
    assert grids[:-1] == [None] * (len(parts) - 1)
    assert grids[-1] is not None
    return grids[-1]


@given(GRIDS)
def test_client_reads_what_the_server_packs(blocks):
    (part,) = pack_grid(blocks, EDITOR, 1.5)
    grid = assembled([part])
    assert np.array_equal(from_bytes(grid.cells, grid.dims), blocks)
    assert grid.sha256().hex() == content_hash(blocks, EDITOR.names)
    assert [kind.name for kind in grid.palette] == list(EDITOR.names)
    assert grid.palette[1].top == EDITOR.blocks[0].top
    assert grid.world_scale == 1.5


@given(GRIDS)
def test_server_reads_what_the_client_packs(blocks):
    grid = assembled(pack_grid(blocks, EDITOR, 1.5))
    again = unpack_map(grid.to_message(), max_cells=1000)
    assert np.array_equal(again.blocks, blocks)
    assert again.palette.blocks == EDITOR.blocks
    assert again.world_scale == 1.5


@given(SHAPES.flatmap(lambda s: st.tuples(*[arrays(np.uint8, s, elements=st.integers(0, len(EDITOR)))] * 2)))
def test_delta_leads_from_one_grid_to_the_other(pair):
    before, after = pair
    delta = pack_delta(before, after, EDITOR.names)
    assert delta is not None
    assert delta.changed == np.count_nonzero(before != after)
    assembler = GridAssembler()
    assembler.add_part(*pack_grid(before, EDITOR, 1.0))
    assert from_bytes(assembler.apply(delta).cells, before.shape).tolist() == after.tolist()


@given(SHAPES.flatmap(lambda shape: arrays(np.float32, shape, elements=st.floats(-0.5, 1.5, width=32))))
def test_occupancy_is_sixteen_levels_in_wire_order(occupancy):
    (part,) = pack_occupancy(occupancy)
    raw = zlib.decompress(part.data) if part.encoding == pb.VOXEL_ENCODING_ZLIB else part.data
    assert len(raw) == part.raw_length
    assert (part.dims.x, part.dims.y, part.dims.z) == occupancy.shape
    assert (part.z_start, part.z_count, part.part_index, part.part_count) == (0, occupancy.shape[2], 0, 1)
    levels = from_bytes(raw, occupancy.shape)
    assert (levels % 17 == 0).all()
    assert np.abs(levels / 255 - np.clip(occupancy, 0, 1)).max() <= 0.5 / 15 + 1e-6


def test_large_occupancy_comes_in_slabs_below_a_mebibyte():
    parts = pack_occupancy(np.random.default_rng(0).random((128, 64, 128), dtype=np.float32))
    assert [p.part_index for p in parts] == list(range(len(parts))) == list(range(parts[0].part_count))
    assert [p.z_start for p in parts] == [0, *np.cumsum([p.z_count for p in parts])[:-1]]
    assert sum(p.raw_length for p in parts) == 128 * 64 * 128
    assert len(parts) > 1
    assert max(p.ByteSize() for p in parts) < 2**20


@given(st.lists(st.integers(0, 2**28 - 1), max_size=30))
def test_varints_are_protobuf_varints(values):
    from google.protobuf.internal import encoder

    expected: list[bytes] = []
    for value in values:
        encoder._VarintEncoder()(expected.append, value)
    assert varints(np.array(values, dtype=np.int64)) == b"".join(expected)


def test_varints_take_every_length():
    assert varints(np.array([127, 128, 16383, 16384, 2**21 - 1, 2**21])) == bytes.fromhex(
        "7f 8001 ff7f 808001 ffff7f 80808001"
    )


def test_delta_of_300_voxels_is_below_1_kb():
    rng = np.random.default_rng(0)
    before = rng.integers(0, 12, (64, 48, 64)).astype(np.uint8)
    after = before.copy()
    after.reshape(-1)[rng.choice(after.size, 300, replace=False)] += 1
    after %= 12
    delta = pack_delta(before, after, EDITOR.names)
    assert delta is not None
    assert delta.ByteSize() < 1000


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_large_grid_of_noise_comes_in_parts_below_1_mib(seed):
    blocks = np.random.default_rng(seed).integers(0, 12, (200, 100, 70)).astype(np.uint8)
    parts = pack_grid(blocks, EDITOR, 2.0)
    assert len(parts) == 3
    assert max(part.ByteSize() for part in parts) < 2**20
    assert [(p.part_index, p.part_count) for p in parts] == [(0, 3), (1, 3), (2, 3)]
    assert sum(p.z_count for p in parts) == 70
    # Each part can be shown by itself: whole layers, unpacked alone.
    assert zlib.decompress(parts[1].data) == to_bytes(blocks[:, :, parts[1].z_start : parts[2].z_start])
    assert np.array_equal(from_bytes(assembled(parts).cells, blocks.shape), blocks)


def test_part_of_noise_that_does_not_compress_is_below_1_mib():
    blocks = np.random.default_rng(0).integers(0, 256, (512, 1024, 1)).astype(np.uint8)
    (part,) = pack_grid(
        blocks, EDITOR.extended(tuple(Block(f"b{i}", 1000 + i, *[(0, 0, 0)] * 3) for i in range(244))), 1
    )
    assert part.encoding == pb.VOXEL_ENCODING_RAW
    assert part.ByteSize() < 2**20


def test_delta_that_would_be_longer_than_a_message_is_none():
    zeros = np.zeros((PART_BYTES // 2 + 1, 1, 1), dtype=np.uint8)
    assert pack_delta(zeros, zeros + 1, EDITOR.names) is None


def grid_message(**changes) -> pb.VoxelGrid:
    message = pb.VoxelGrid(
        dims=pb.Dimensions(x=2, y=1, z=2),
        palette=[pb.PaletteEntry(name="Air"), pb.PaletteEntry(name="Stone"), pb.PaletteEntry(name="Marble")],
        raw_length=4,
        data=b"\0\1\2\1",
    )
    for name, value in changes.items():
        getattr(message, name).CopyFrom(value) if name == "dims" else setattr(message, name, value)
    return message


def test_palette_of_a_request_needs_names_only():
    found = unpack_map(grid_message(), max_cells=4)
    assert found.blocks[:, 0, :].tolist() == [[0, 2], [1, 1]]
    assert found.palette.blocks[0] == EDITOR.blocks[2]
    assert not found.palette.blocks[1].known
    assert found.world_scale == 2.0


def zipped(data: bytes) -> dict:
    return {"encoding": pb.VOXEL_ENCODING_ZLIB, "data": data}


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"dims": pb.Dimensions(x=2, y=0, z=2)}, ShapeError, "source.grid.dims"),
        ({"dims": pb.Dimensions(x=1000, y=1000, z=1000)}, LimitExceeded, "source.grid.dims"),
        ({"dims": pb.Dimensions(x=2**32 - 1, y=2**32 - 1, z=2**32 - 1)}, LimitExceeded, "source.grid.dims"),
        ({"dims": pb.Dimensions(x=2, y=1, z=3)}, InvalidInput, "source.grid.raw_length"),
        ({"data": b"\0\1\2"}, InvalidInput, "source.grid.data"),
        ({"data": b"\0\1\2\3"}, InvalidInput, "source.grid.data"),
        ({"part_count": 2}, InvalidInput, "source.grid.part_count"),
        ({"encoding": 9}, InvalidInput, "source.grid.encoding"),
        ({"sha256": bytes(32)}, InvalidInput, "source.grid.sha256"),
        ({"world_scale": -1.0}, InvalidInput, "source.grid.world_scale"),
        ({"world_scale": float("nan")}, InvalidInput, "source.grid.world_scale"),
        (zipped(b"no zlib"), InvalidInput, "source.grid.data"),
        (zipped(zlib.compress(bytes(3))), InvalidInput, "source.grid.data"),
        (zipped(zlib.compress(bytes(10**8))), InvalidInput, "source.grid.data"),
    ],
)
def test_unusable_grid_is_refused_with_its_field(changes, error, field):
    with pytest.raises(error) as caught:
        unpack_map(grid_message(**changes), max_cells=10**6)
    assert caught.value.field == field


def test_palette_without_air_is_refused():
    message = grid_message()
    del message.palette[0]
    with pytest.raises(InvalidInput, match="Air"):
        unpack_map(message, max_cells=4)


def test_layer_that_could_not_be_sent_back_is_refused():
    with pytest.raises(LimitExceeded):
        check_sendable((PART_BYTES, 2, 1), max_cells=2**30, field="map_id")


def test_client_notices_a_damaged_grid():
    (part,) = pack_grid(np.ones((2, 2, 2), dtype=np.uint8), EDITOR, 1.0)
    part.encoding, part.data = pb.VOXEL_ENCODING_RAW, bytes(8)
    with pytest.raises(DataError, match="hash"):
        GridAssembler().add_part(part)


def test_client_notices_a_response_that_was_cut():
    (part,) = pack_grid(np.ones((9, 9, 9), dtype=np.uint8), EDITOR, 1.0)
    part.data = part.data[: len(part.data) // 2]
    with pytest.raises(DataError, match="expected 729 bytes"):
        GridAssembler().add_part(part)


def test_client_notices_a_delta_for_another_grid():
    ones = np.ones((3, 3, 3), dtype=np.uint8)
    delta = pack_delta(ones, ones * 2, EDITOR.names)
    assembler = GridAssembler()
    with pytest.raises(DataError, match="without the grid"):
        assembler.apply(delta)
    other = ones.copy()
    other[0] = 0
    assembler.add_part(*pack_grid(other[:2], EDITOR, 1.0))
    with pytest.raises(DataError):
        assembler.apply(delta)


def test_client_ignores_the_rest_of_a_grid_whose_beginning_it_missed():
    parts = pack_grid(np.zeros((512, 512, 4), dtype=np.uint8), EDITOR, 1.0)
    assert len(parts) == 2
    assembler = GridAssembler()
    assert assembler.add_part(parts[1], name=7) is None
    assert assembler.add_part(parts[0], name=8) is None
    assert assembler.add_part(parts[1], name=9) is None
    assert assembler.add_part(parts[0], name=10) is None
    assert assembler.add_part(parts[1], name=10) is not None
