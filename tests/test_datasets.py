"""Datasets: both formats, lossless round trips, lazy pictures, and clear errors for bad ones."""

import base64
import copy
import json
import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from voxcore.cameras import orbit_cameras
from voxcore.datasets import (
    Dataset,
    DatasetLimits,
    dump_dataset,
    load_dataset,
    new_dataset,
    parse_metadata,
    save_dataset,
)
from voxcore.errors import DatasetFormatError, LimitExceeded, NotFound, ShapeError, StorageError
from voxcore.maps import list_datasets, resolve_dataset_id
from voxcore.png import decode_png, encode_png
from voxcore.render import SKY

WIDTH, HEIGHT = 31, 25


def pictures(count):
    return np.random.default_rng(3).integers(0, 256, (count, HEIGHT, WIDTH, 3), dtype=np.uint8)


def cameras(count):
    return orbit_cameras(
        count,
        center=np.array([1.0, 20.0, -3.0]),
        radius=90.0,
        elevation_degrees=(10.0, 65.0),
        fov_y_degrees=60.0,
        width=WIDTH,
        height=HEIGHT,
        rng=np.random.default_rng(count),
    )


def small_dataset(count=3):
    pngs = [encode_png(p) for p in pictures(count)]
    return new_dataset(cameras(count), pngs, capture_id="c", exported_at="2025-01-01T00:00:00.000Z")


@pytest.fixture
def document():
    return json.loads(dump_dataset(small_dataset()))


def parse(document, **keywords):
    return parse_metadata(json.dumps(document).encode(), **keywords)


def same_cameras(a, b):
    return all(
        np.array_equal(p.world_from_cam, q.world_from_cam)
        and np.array_equal(p.position, q.position)
        and (p.fov_y_degrees, p.width, p.height, p.near, p.far) == (q.fov_y_degrees, q.width, q.height, q.near, q.far)
        for p, q in zip(a, b, strict=True)
    )


def test_saves_and_loads(tmp_path):
    save_dataset(small_dataset(), tmp_path / "metadata.json")
    for path in (tmp_path, tmp_path / "metadata.json"):
        dataset = load_dataset(path)
        assert same_cameras(dataset.cameras, cameras(3))
        assert all((dataset.image(i) == pictures(3)[i]).all() for i in range(len(dataset)))
    assert [p.name for p in tmp_path.iterdir()] == ["metadata.json"]


def test_writes_the_editors_keys(document):
    assert list(document) == ["formatVersion", "exportedAt", "imageSize", "viewCount", "captureId", "views"]
    view, camera = document["views"][1], cameras(3)[1]
    assert (view["id"], view["index"]) == ("view_002", 1)
    m, f = view["projectionMatrix"], 1 / np.tan(np.radians(30))
    assert m[0] == pytest.approx(f * HEIGHT / WIDTH)
    assert m[5] == pytest.approx(f)
    assert (m[10], m[11], m[14]) == pytest.approx((500.1 / -499.9, -1.0, 2 * 500 * 0.1 / -499.9))
    to_camera = np.array(view["viewMatrix"]).reshape(4, 4, order="F")
    assert to_camera @ np.array([*camera.position, 1.0]) == pytest.approx([0, 0, 0, 1], abs=1e-9)
    ahead = camera.position + 5.0 * np.array(view["forward"])
    assert (to_camera @ np.array([*ahead, 1.0]))[:3] == pytest.approx([0, 0, -5], abs=1e-9)
    both = np.array(m).reshape(4, 4, order="F") @ to_camera
    assert np.array(view["viewProjectionMatrix"]).reshape(4, 4, order="F") == pytest.approx(both)


def test_unknown_keys_survive(document):
    document["weather"] = {"wind": [1, None, 2.5]}
    document["views"][0]["exposure"] = 1.25
    document["views"][0]["intrinsics"]["sensor"] = "big"
    document["views"][1]["depthBase64"] = "not looked at"
    assert json.loads(dump_dataset(parse(document))) == document


def test_float32_views_are_read(document):
    for view in document["views"]:
        for key in ("position", "forward", "up", "right", "viewMatrix", "projectionMatrix"):
            view[key] = np.float32(view[key]).tolist()
    document["views"][0]["intrinsics"]["aspect"] = round(WIDTH / HEIGHT, 3)
    assert len(parse(document)) == 3


def test_optional_keys_may_be_absent(document):
    for key in ("formatVersion", "exportedAt", "viewCount", "captureId"):
        del document[key]
    for view in document["views"]:
        for key in ("id", "index", "capturedAt", "projectionMatrix", "viewProjectionMatrix", "depthBase64"):
            del view[key]
        view["intrinsics"] = {"fovYDegrees": 50}
    assert [(c.fov_y_degrees, c.near, c.far) for c in parse(document).cameras] == [(50.0, 0.1, 500.0)] * 3


def test_views_may_lack_pictures_and_have_data_urls(document):
    document["views"][0]["rgbBase64"] = None
    del document["views"][1]["rgbBase64"]
    document["views"][2]["rgbBase64"] = "data:image/png;base64," + document["views"][2]["rgbBase64"]
    dataset = parse(document)
    assert dataset.image(0) is None
    assert dataset.image(1) is None
    assert (dataset.image(2) == pictures(3)[2]).all()


def view_with(**changes):
    def change(document):
        document["views"][1].update(changes)

    return change


def with_keys(**changes):
    return lambda document: document.update(changes)


def without(key):
    return lambda document: document["views"][1].pop(key)


def lens_with(**changes):
    return lambda document: document["views"][1]["intrinsics"].update(changes)


BAD = [
    (with_keys(views=[]), "views"),
    (with_keys(views=None), "views"),
    (with_keys(views=[3], viewCount=1), "views[0]"),
    (with_keys(viewCount=2), "viewCount"),
    (with_keys(formatVersion="2.0"), "formatVersion"),
    (with_keys(formatVersion=1), "formatVersion"),
    (with_keys(imageSize=[1, 2]), "imageSize"),
    (with_keys(imageSize={"width": 31}), "imageSize.height"),
    (with_keys(imageSize={"width": 31, "height": 25.5}), "imageSize.height"),
    (with_keys(imageSize={"width": 31, "height": 24}), "views[0].intrinsics.aspect"),
    (view_with(position=[1, 2]), "views[1].position"),
    (view_with(position=[1, 2, None]), "views[1].position"),
    (view_with(position=[1, 2, "3"]), "views[1].position"),
    (view_with(position=[1.0, 2.0, 3.0]), "views[1].position"),
    (view_with(forward=[0, 0, 1]), "views[1].forward"),
    (view_with(up=[0, 1, 0]), "views[1].up"),
    (view_with(right=[1, 0]), "views[1].right"),
    (view_with(viewMatrix=[0] * 15), "views[1].viewMatrix"),
    (view_with(projectionMatrix=[1.0] * 16), "views[1].projectionMatrix"),
    (view_with(intrinsics=None), "views[1].intrinsics"),
    (without("position"), "views[1].position"),
    (without("viewMatrix"), "views[1].viewMatrix"),
    (without("intrinsics"), "views[1].intrinsics"),
    (lens_with(fovYDegrees="60"), "views[1].intrinsics.fovYDegrees"),
    (lens_with(fovYDegrees=0), "views[1]"),
    (lens_with(fovYDegrees=True), "views[1].intrinsics.fovYDegrees"),
    (lens_with(near=-1), "views[1]"),
    (lens_with(aspect=2.0), "views[1].intrinsics.aspect"),
    (lens_with(fovYDegrees=40), "views[1].projectionMatrix"),
    (view_with(rgbBase64=5), "views[1].rgbBase64"),
    (view_with(rgbBase64="?"), "views[1].rgbBase64"),
    (view_with(rgbBase64=base64.b64encode(b"GIF89a" * 10).decode()), "views[1].rgbBase64"),
    (view_with(rgbBase64=base64.b64encode(encode_png(np.zeros((2, 2, 3), np.uint8))).decode()), "views[1].rgbBase64"),
]


@pytest.mark.parametrize(("change", "field"), BAD)
def test_bad_input_names_its_field(document, change, field):
    change(document)
    with pytest.raises(DatasetFormatError, match="expected") as caught:
        parse(document)
    assert caught.value.field == field
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_cameras_that_are_not_finite_are_named(document, number):
    document["views"][2]["position"][1] = "HERE"
    data = json.dumps(document).replace('"HERE"', number).encode()
    with pytest.raises(DatasetFormatError, match="finite") as caught:
        parse_metadata(data)
    assert caught.value.field == "views[2].position[1]"


def test_a_view_matrix_that_is_no_rotation_is_refused(document):
    view = document["views"][0]
    for key in ("forward", "up", "right"):
        view[key] = [2 * v for v in view[key]]
    matrix = np.array(view["viewMatrix"])
    matrix[[0, 1, 2, 4, 5, 6, 8, 9, 10]] *= 2
    view["viewMatrix"] = matrix.tolist()
    with pytest.raises(DatasetFormatError, match=r"views\[0\]"):
        parse(document)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff"])
def test_broken_json_is_one_error(data):
    with pytest.raises(DatasetFormatError, match=r"metadata\.json: expected"):
        parse_metadata(data)


def test_limits(document, tmp_path):
    with pytest.raises(LimitExceeded, match="at most 2 views, got 3"):
        parse(document, limits=DatasetLimits(max_views=2))
    with pytest.raises(LimitExceeded, match="pixels in all"):
        parse(document, limits=DatasetLimits(max_pixels=3 * WIDTH * HEIGHT - 1))
    (tmp_path / "metadata.json").write_bytes(json.dumps(document).encode())
    with pytest.raises(LimitExceeded, match="bytes"):
        load_dataset(tmp_path, limits=DatasetLimits(max_file_bytes=100))
    document["imageSize"] = {"width": 10**9, "height": 10**9}
    with pytest.raises(LimitExceeded, match="imageSize"):
        parse(document)


def png_chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def test_a_pixel_bomb_is_refused_by_its_header(document, monkeypatch):
    monkeypatch.setattr("voxcore.png.Image.open", None)  # the decoder must not be reached
    bomb = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0))
    document["views"][0]["rgbBase64"] = base64.b64encode(bomb).decode()
    with pytest.raises(LimitExceeded, match="60000 x 60000"):
        parse(document)
    with pytest.raises(LimitExceeded):
        decode_png(bomb, field="x")


def test_damaged_pictures_are_found_when_decoded(document):
    png = base64.b64decode(document["views"][0]["rgbBase64"])
    damaged = [png[:60], png[:40] + b"\0" * (len(png) - 40), png[:33]]
    for data in damaged:
        document["views"][0]["rgbBase64"] = base64.b64encode(data).decode()
        dataset = parse(document)
        with pytest.raises(DatasetFormatError) as caught:
            dataset.image(0)
        assert caught.value.field == "views[0].rgbBase64"
    document["views"][0]["rgbBase64"] = base64.b64encode(png).decode()[:-4] + "!!!!"
    with pytest.raises(DatasetFormatError, match="base64"):
        parse(document).image(0)


def test_transparent_and_grey_pictures_become_rgb():
    def stored(image):
        out = BytesIO()
        image.save(out, format="PNG")
        return decode_png(out.getvalue(), field="x")

    assert (stored(Image.new("RGBA", (2, 3), (9, 8, 7, 0))) == np.round(SKY * 255)).all()
    assert (stored(Image.new("RGBA", (2, 3), (9, 8, 7, 255))) == (9, 8, 7)).all()
    assert (stored(Image.new("L", (2, 3), 77)) == 77).all()
    with pytest.raises(DatasetFormatError, match="8 bits"):
        stored(Image.new("I;16", (2, 3)))


@given(st.binary(max_size=80))
def test_any_bytes_are_a_picture_or_a_clear_error(data):
    with pytest.raises(DatasetFormatError, match="expected"):
        decode_png(b"\x89PNG\r\n\x1a\n" + data if len(data) % 2 else data, field="x")


def test_wrong_datasets_cannot_be_made():
    with pytest.raises(ShapeError):
        new_dataset([], [], capture_id="", exported_at="")
    with pytest.raises(ShapeError):
        Dataset(tuple(cameras(2)), (None,))
    with pytest.raises(DatasetFormatError, match=r"views\[1\]"):
        new_dataset([cameras(1)[0], cameras(1)[0].resized(5, 5)], [None, None], capture_id="", exported_at="")
    with pytest.raises(ShapeError):
        encode_png(np.zeros((2, 2), dtype=np.uint8))


# --- transforms.json ----------------------------------------------------------------------------


def nerf(tmp_path, **changes):
    """A folder with three frames, after ``changes`` to the top level; returns the document."""
    folder = tmp_path / "nerf"
    (folder / "train").mkdir(parents=True, exist_ok=True)
    frames = []
    for i, camera in enumerate(cameras(3)):
        (folder / "train" / f"r_{i}.png").write_bytes(encode_png(pictures(3)[i]))
        pose = np.eye(4)
        pose[:3, :3], pose[:3, 3] = camera.world_from_cam, camera.position
        frames.append({"file_path": f"./train/r_{i}", "transform_matrix": pose.tolist()})
    angle = 2 * np.arctan(np.tan(np.radians(30)) * WIDTH / HEIGHT)
    document = {"camera_angle_x": float(angle), "frames": frames} | changes
    (folder / "transforms.json").write_text(json.dumps(document))
    return document, folder


def test_reads_transforms(tmp_path):
    _, folder = nerf(tmp_path)
    dataset = load_dataset(folder)
    for read, camera in zip(dataset.cameras, cameras(3), strict=True):
        assert read.fov_y_degrees == pytest.approx(60.0)
        assert np.array_equal(read.cam_from_world, camera.cam_from_world)
    assert (dataset.image(2) == pictures(3)[2]).all()


def test_reads_focal_lengths(tmp_path):
    focal = HEIGHT / 2 / np.tan(np.radians(25))
    lens = {"fl_x": focal, "fl_y": focal, "w": WIDTH, "h": HEIGHT, "cx": WIDTH / 2, "cy": HEIGHT / 2, "k1": 0}
    _, folder = nerf(tmp_path, **lens)
    assert [c.fov_y_degrees for c in load_dataset(folder).cameras] == pytest.approx([50.0] * 3)


def test_transforms_can_be_saved_as_metadata(tmp_path):
    _, folder = nerf(tmp_path)
    source = load_dataset(folder)
    save_dataset(source, tmp_path / "metadata.json")
    copied = load_dataset(tmp_path)
    assert same_cameras(source.cameras, copied.cameras)
    assert (copied.image(1) == pictures(3)[1]).all()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"frames": []}, "frames"),
        ({"frames": 3}, "frames"),
        ({"frames": [1]}, "frames[0]"),
        ({"camera_angle_x": "wide"}, "frames[0].camera_angle_x"),
        ({"camera_angle_x": 4}, "frames[0].camera_angle_x"),
        ({"camera_angle_x": None}, "frames[0].camera_angle_x"),
        ({"fl_x": 10.0, "fl_y": 20.0}, "frames[0].fl_x"),
        ({"fl_y": -10.0}, "frames[0].fl_x"),
        ({"w": 30}, "frames[0].w"),
        ({"cx": 3.0}, "frames[0].cx"),
        ({"k1": 0.1}, "frames[0].k1"),
    ],
)
def test_bad_transforms_name_their_field(tmp_path, changes, field):
    _, folder = nerf(tmp_path, **changes)
    with pytest.raises(DatasetFormatError, match="expected") as caught:
        load_dataset(folder)
    assert caught.value.field == field


def frame_error(tmp_path, **changes):
    document, folder = nerf(tmp_path)
    document["frames"][1].update(changes)
    (folder / "transforms.json").write_text(json.dumps(document))
    with pytest.raises((DatasetFormatError, NotFound)) as caught:
        load_dataset(folder)
    return caught.value


@pytest.mark.parametrize(
    "matrix",
    [
        3,
        [[1, 0, 0, 0]] * 3,
        [[1, 0, 0]] * 4,
        [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 2]],
        [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, -1, 0], [0, 0, 0, 1]],
        [[2, 0, 0, 0], [0, 2, 0, 0], [0, 0, 2, 0], [0, 0, 0, 1]],
        [[1, 0, 0, "a"], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]],
    ],
)
def test_bad_matrices_are_refused(tmp_path, matrix):
    assert frame_error(tmp_path, transform_matrix=matrix).field.startswith("frames[1].transform_matrix")


@pytest.mark.parametrize(
    "path", ["../secret.png", "/etc/passwd", "train/../../secret", "", "a\0b", "..\\secret.png", "link.png", "."]
)
def test_paths_that_leave_the_folder_are_refused(tmp_path, path):
    (tmp_path / "secret.png").write_bytes(encode_png(pictures(1)[0]))
    (tmp_path / "nerf").mkdir()
    (tmp_path / "nerf" / "link.png").symlink_to(tmp_path / "secret.png")
    error = frame_error(tmp_path, file_path=path)
    assert isinstance(error, DatasetFormatError)
    assert error.field == "frames[1].file_path"


def test_missing_pictures_are_named(tmp_path):
    error = frame_error(tmp_path, file_path="train/nothing")
    assert isinstance(error, NotFound)
    assert error.field == "frames[1].file_path"


def test_too_many_frames_are_refused(tmp_path):
    _, folder = nerf(tmp_path)
    with pytest.raises(LimitExceeded, match="at most 2"):
        load_dataset(folder, limits=DatasetLimits(max_views=2))


def test_missing_datasets_and_the_listing(tmp_path):
    with pytest.raises(NotFound):
        load_dataset(tmp_path)
    nerf(tmp_path)
    (tmp_path / "1").mkdir()
    save_dataset(small_dataset(), tmp_path / "1" / "metadata.json")
    assert [(d.id, d.file) for d in list_datasets(tmp_path)] == [("1", "metadata.json"), ("nerf", "transforms.json")]
    assert resolve_dataset_id(tmp_path, "nerf") == tmp_path / "nerf"
    with pytest.raises(NotFound):
        resolve_dataset_id(tmp_path, "2")


def test_a_refused_write_leaves_nothing(tmp_path):
    with pytest.raises(StorageError, match="folder does not exist"):
        save_dataset(small_dataset(), tmp_path / "nothing" / "metadata.json")
    assert list(tmp_path.iterdir()) == []


def test_a_dataset_is_not_changed_by_being_written():
    dataset = small_dataset()
    before = copy.deepcopy(dict(dataset.document))
    assert dump_dataset(dataset) == dump_dataset(dataset)
    assert dataset.document == before
