"""Maps and datasets over the contract: put, versions, parts, resume, what is refused."""

import hashlib
import json
from dataclasses import replace

import grpc
import numpy as np
import pytest
from live_server import QUICK, Server
from vox.v1 import maps_pb2, maps_pb2_grpc, uploads_pb2, uploads_pb2_grpc
from voxclient import InvalidRequest, NotFound, Refused, VoxClient

from voxcore.cameras import orbit_cameras
from voxcore.datasets import dump_dataset, load_dataset, new_dataset
from voxcore.maps import VoxelMap, dump_map, load_map
from voxcore.maps.formats import MAP_FORMATS, export_map
from voxcore.png import encode_png


@pytest.fixture
def stubs(server):
    with grpc.insecure_channel(server.address) as channel:
        yield maps_pb2_grpc.MapServiceStub(channel), uploads_pb2_grpc.UploadServiceStub(channel)


def changed(grid, value: int = 2):
    return replace(grid, cells=bytes([value]) + grid.cells[1:])


def test_map_is_put_changed_trained_on_and_deleted(server, client):
    grid = client.get_map("1")
    stored = client.put_map("mine", grid)
    assert (stored.id, stored.owner) == ("mine", "")
    assert client.get_map("mine") == grid
    assert stored.version == next(m.version for m in client.maps() if m.id == "mine")
    other = changed(grid)
    newer = client.put_map("mine", other, expected_version=stored.version)
    assert newer.version != stored.version
    assert client.get_map("mine").cells == other.cells
    result = list(client.train("x", map_id="mine", **QUICK))[-1]
    assert result.map_id.startswith("trained_map_mine_")
    client.delete_map("mine", expected_version=newer.version)
    with pytest.raises(NotFound):
        client.get_map("mine")


def test_without_an_id_comes_the_map_that_a_viewer_begins_with(client, stubs):
    first = next(m for m in client.maps() if not m.id.startswith("trained_map_"))
    for _ in range(2):
        answers = list(stubs[0].GetMap(maps_pb2.GetMapRequest()))
        assert [(a.map_id, a.version) for a in answers] == [(first.id, first.version)]
        assert answers == list(stubs[0].GetMap(maps_pb2.GetMapRequest(map_id=first.id)))


def test_two_editors_cannot_overwrite_each_other(client):
    grid = client.get_map("1")
    seen = client.put_map("shared", grid)
    with pytest.raises(Refused) as caught:
        client.put_map("shared", grid)
    assert caught.value.reason == "ID_TAKEN"
    client.put_map("shared", changed(grid), expected_version=seen.version)
    for call in (
        lambda: client.put_map("shared", changed(grid, 3), expected_version=seen.version),
        lambda: client.delete_map("shared", expected_version=seen.version),
        lambda: client.delete_map("shared", expected_version=""),
    ):
        with pytest.raises(Refused) as caught:
            call()
        assert caught.value.reason == "VERSION_CONFLICT"
    assert client.get_map("shared").cells[0] == 2


def test_what_a_map_holds_besides_blocks_survives_a_put(server, client):
    document = json.loads((server.folder / "maps" / "1" / "map.json").read_text())
    document["author"] = "somebody"
    data = json.dumps(document).encode()
    stored = client.upload("map", "documented", data)
    client.put_map("documented", changed(client.get_map("documented")), expected_version=stored.version)
    assert json.loads(client.export_map("documented"))["author"] == "somebody"


@pytest.mark.parametrize("map_id", ["", "../x", "a/b", "a" * 65, "trained_map_1_99", ".tmp-x", "a.b", "\0"])
def test_no_id_is_a_path(client, map_id):
    with pytest.raises(InvalidRequest):
        client.put_map(map_id, client.get_map("1"))
    with pytest.raises((InvalidRequest, NotFound)):
        client.export_map(map_id)


def test_large_map_goes_up_and_down_in_parts(server, client, stubs):
    blocks = np.random.default_rng(0).integers(1, 9, (64, 48, 64)).astype(np.uint8)
    data = dump_map(VoxelMap(blocks))
    assert len(data) > 3 * 2**20
    assert client.upload("map", "huge", data).file_bytes == len(data)
    assert client.export_map("huge") == data
    assert (load_map(server.folder / "maps" / "huge" / "map.json").blocks == blocks).all()
    maps, _ = stubs
    responses = maps.ExportMap(maps_pb2.ExportMapRequest(map_id="huge"), timeout=30)
    first = next(responses).part
    responses.cancel()
    rest = maps_pb2.ExportMapRequest(map_id="huge", offset=len(first.data), version=first.version)
    assert first.data + b"".join(r.part.data for r in maps.ExportMap(rest, timeout=30)) == data
    with pytest.raises(grpc.RpcError) as caught:
        next(maps.ExportMap(maps_pb2.ExportMapRequest(map_id="huge", version="0" * 64), timeout=30))
    assert caught.value.code() is grpc.StatusCode.ABORTED


def test_map_comes_in_every_format_that_the_server_lists(server, client, stubs):
    formats = client.info().map_formats
    assert [f.name for f in formats] == list(MAP_FORMATS)
    assert formats[0].format == maps_pb2.MAP_FORMAT_MAP_JSON
    world = load_map(server.folder / "maps" / "1")
    for found in formats:
        expected = (
            (server.folder / "maps" / "1" / "map.json").read_bytes()
            if found.name == "map_json"
            else export_map(world, found.name)
        )
        assert client.export_map("1", found.name) == expected
        part = next(iter(stubs[0].ExportMap(maps_pb2.ExportMapRequest(map_id="1", format=found.format)))).part
        assert part.file_name == ("map.json" if found.name == "map_json" else f"1{found.suffix}")
        assert part.version == next(m.version for m in client.maps() if m.id == "1")


def test_export_is_taken_up_at_any_byte_of_the_version_that_it_began_with(client, stubs):
    blocks = np.random.default_rng(1).integers(0, 9, (40, 40, 40)).astype(np.uint8)
    client.upload("map", "noisy", dump_map(VoxelMap(blocks)))
    whole = client.export_map("noisy", "glb")
    assert len(whole) > 2**20
    maps, _ = stubs
    request = maps_pb2.ExportMapRequest(map_id="noisy", format=maps_pb2.MAP_FORMAT_GLB)
    version = next(maps.ExportMap(request, timeout=30)).part.version
    request.offset, request.version = 12345, version
    parts = [r.part for r in maps.ExportMap(request, timeout=30)]
    assert b"".join(p.data for p in parts) == whole[12345:]
    assert {p.sha256 for p in parts} == {hashlib.sha256(whole).digest()}
    client.put_map("noisy", changed(client.get_map("noisy")), expected_version=version)
    for bad, code in (
        (request, grpc.StatusCode.ABORTED),
        (maps_pb2.ExportMapRequest(map_id="noisy", format=99), grpc.StatusCode.INVALID_ARGUMENT),
        (maps_pb2.ExportMapRequest(map_id="noisy", offset=2**40, format=2), grpc.StatusCode.INVALID_ARGUMENT),
        (maps_pb2.ExportMapRequest(map_id="damaged", format=2), grpc.StatusCode.INVALID_ARGUMENT),
    ):
        with pytest.raises(grpc.RpcError) as caught:
            next(maps.ExportMap(bad, timeout=30))
        assert caught.value.code() is code


def test_map_that_does_not_fit_a_format_is_refused_with_a_sentence(client):
    client.upload("map", "nothing", dump_map(VoxelMap(np.zeros((4, 4, 4), dtype=np.uint8))))
    assert len(client.export_map("nothing", "vox")) > 1000
    with pytest.raises(InvalidRequest, match="at least one block") as caught:
        client.export_map("nothing", "glb")
    assert caught.value.field == "map_id"
    with pytest.raises(InvalidRequest, match="expected one of map_json") as caught:
        client.export_map("1", "obj")
    assert caught.value.field == "format"


def test_export_that_would_be_too_long_is_refused(tmp_path):
    server = Server(tmp_path, "--max-export-bytes=20000", "--no-warm-up").start()
    try:
        with VoxClient(server.address) as client:
            assert client.info().limits.max_export_bytes == 20_000
            assert client.export_map("1", "schem_v3")
            with pytest.raises(Refused, match="at most 20000 bytes") as caught:
                client.export_map("1", "glb")
            assert (caught.value.reason, caught.value.field) == ("LIMIT_EXCEEDED", "format")
    finally:
        server.stop()


def test_broken_upload_is_taken_up_where_it_was(client, stubs, server):
    data = (server.folder / "maps" / "1" / "map.json").read_bytes()
    _, uploads = stubs
    begin = uploads_pb2.BeginUploadRequest(
        kind=uploads_pb2.UPLOAD_KIND_MAP, target_id="half", total_bytes=len(data), sha256=hashlib.sha256(data).digest()
    )
    upload = uploads.BeginUpload(begin, timeout=10).upload
    uploads.UploadPart(uploads_pb2.UploadPartRequest(upload_id=upload.upload_id, data=data[:1000]), timeout=10)
    again = uploads.BeginUpload(begin, timeout=10).upload
    assert (again.upload_id, again.received_bytes) == (upload.upload_id, 1000)
    with pytest.raises(grpc.RpcError) as caught:
        uploads.FinishUpload(uploads_pb2.FinishUploadRequest(upload_id=upload.upload_id), timeout=10)
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    for part in (
        uploads_pb2.UploadPartRequest(upload_id=upload.upload_id, offset=999, data=b"x"),
        uploads_pb2.UploadPartRequest(upload_id=upload.upload_id, offset=1000, data=b"x" * len(data)),
        uploads_pb2.UploadPartRequest(upload_id=upload.upload_id, offset=1000, data=b"x", sha256=bytes(32)),
    ):
        with pytest.raises(grpc.RpcError) as caught:
            uploads.UploadPart(part, timeout=10)
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert client.upload("map", "half", data).id == "half"
    assert client.export_map("half") == data


@pytest.mark.parametrize(
    ("kind", "data", "field"),
    [
        ("map", b"{", "map.json"),
        ("map", b'{"blocks": [{"position": [0, 0, 0]}]}', "blocks[0].blockType"),
        ("map", b'{"worldConfig": {"dimensions": {"x": 4000, "y": 4000, "z": 4000}}, "blocks": []}', None),
        ("dataset", b'{"views": []}', "views"),
        ("dataset", b"[" * 100_000, "metadata.json"),
    ],
)
def test_file_that_is_none_is_refused_and_forgotten(client, server, kind, data, field):
    with pytest.raises((InvalidRequest, Refused)) as caught:
        client.upload(kind, "bad", data)
    if field is not None:
        assert caught.value.field == field
    assert not (server.folder / f"{kind}s" / "bad").exists()
    assert not list((server.folder / "runs" / "uploads").glob("*")) or all(
        json.loads((u / "upload.json").read_text())["target_id"] != "bad"
        for u in (server.folder / "runs" / "uploads").iterdir()
    )


def test_capture_of_a_viewer_becomes_a_dataset(server, client):
    cameras = orbit_cameras(
        2, center=np.array([0.0, 6.0, 0.0]), radius=40.0, elevation_degrees=(20.0, 20.0), fov_y_degrees=50.0,
        width=40, height=30,
    )  # fmt: skip
    picture = encode_png(np.zeros((30, 40, 3), dtype=np.uint8))
    data = dump_dataset(new_dataset(cameras, [picture] * 2, capture_id="c", exported_at="2026-01-01T00:00:00Z"))
    stored = client.upload("dataset", "pictures-of-mine", data)
    try:
        assert stored.id in [d.id for d in client.datasets()]
        assert len(load_dataset(server.folder / "datasets" / stored.id)) == 2
        with pytest.raises(Refused) as caught:
            client.upload("dataset", stored.id, data)
        assert caught.value.reason == "ID_TAKEN"
        assert client.upload("dataset", stored.id, data, expected_version=stored.version).version == stored.version
    finally:
        (server.folder / "datasets" / stored.id / "metadata.json").unlink()


def test_too_large_an_upload_is_refused_before_anything_is_sent(stubs):
    _, uploads = stubs
    request = uploads_pb2.BeginUploadRequest(
        kind=uploads_pb2.UPLOAD_KIND_MAP, target_id="x", total_bytes=2**40, sha256=bytes(32)
    )
    with pytest.raises(grpc.RpcError) as caught:
        uploads.BeginUpload(request, timeout=10)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
