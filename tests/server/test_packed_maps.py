"""Packed maps are kept by version, up to so many bytes."""

from vox.v1 import voxels_pb2 as pb

from server.packed_maps import PackedMaps


def parts(size: int) -> list[pb.VoxelGrid]:
    return [pb.VoxelGrid(data=bytes(size)), pb.VoxelGrid(data=bytes(size), part_index=1)]


def test_what_is_kept_is_what_comes_back():
    kept = PackedMaps(max_bytes=1000)
    assert kept.get("a") is None
    kept.keep("a", parts(100))
    assert kept.get("a") == tuple(parts(100))


def test_those_not_asked_for_longest_go_first():
    kept = PackedMaps(max_bytes=1000)
    for version in "abcd":
        kept.keep(version, parts(100))
    kept.get("a")
    kept.keep("e", parts(200))
    assert [version for version in "abcde" if kept.get(version)] == ["a", "d", "e"]


def test_a_map_that_is_too_large_is_not_kept_and_drives_nothing_out():
    kept = PackedMaps(max_bytes=1000)
    kept.keep("a", parts(100))
    kept.keep("large", parts(600))
    assert kept.get("large") is None
    assert kept.get("a") is not None
