"""Pictures of a world and the cameras that took them.

Two formats are read: the editor's ``metadata.json`` (cameras and PNG pictures in one file) and
NeRF-style ``transforms.json`` (see `voxcore.nerf_transforms`). Datasets are written as
``metadata.json``; one that was read from there keeps every key that voxcore does not know.

Convention of metadata.json: matrices are 16 numbers, column-major; ``viewMatrix`` is
cam_from_world (the camera looks along its -Z, +Y up, right-handed); the projection is OpenGL's.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from voxcore.cameras import Camera
from voxcore.errors import DatasetFormatError, InvalidInput, LimitExceeded, ShapeError
from voxcore.json_io import (
    JsonObject,
    find_file,
    get_integer,
    get_list,
    get_number,
    get_numbers,
    get_object,
    get_text,
    parse_object,
    read_limited,
    shown,
)
from voxcore.maps.atomic import write_bytes
from voxcore.maps.library import DATASET_FILES
from voxcore.nerf_transforms import parse_transforms
from voxcore.png import HEADER_BYTES, MAX_SIDE, Picture, decode_png, png_size

METADATA_FILE, TRANSFORMS_FILE = DATASET_FILES
FORMAT_VERSION: Final = "1.0"
AXIS_TOLERANCE: Final = 2e-3
"""How far a view's axes and matrices may disagree per entry (the editor works in float32)."""
POSITION_TOLERANCE: Final = 5e-3
"""The same for positions, relative to the distance from the origin and at least to one unit."""
ASPECT_TOLERANCE: Final = 0.01

_DATA_URL: Final = "data:image/png;base64,"

Matrix = NDArray[np.float64]
StoredPicture = str | bytes | Path
"""Base64 text, the bytes of a PNG, or the file that has them."""


@dataclass(frozen=True)
class DatasetLimits:
    """The largest dataset this installation accepts; ``max_pixels`` is over all pictures."""

    max_file_bytes: int = 2**30
    max_views: int = 4096
    max_pixels: int = 2**29

    def check(self, cameras: Sequence[Camera]) -> None:
        """Raises LimitExceeded."""
        pixels = sum(c.width * c.height for c in cameras)
        if len(cameras) > self.max_views:
            raise LimitExceeded(f"expected at most {self.max_views} views, got {len(cameras)}", field="views")
        if pixels > self.max_pixels:
            raise LimitExceeded(f"expected at most {self.max_pixels} pixels in all, got {pixels}", field="views")


@dataclass(frozen=True, eq=False)
class Dataset:
    """Views of one world.

    Args:
        cameras: at least one.
        pictures: the picture of each camera as it is stored, None where a view has none. Nothing
            is decoded before `image` asks for it.
        document: the JSON object of the metadata.json it was read from; empty for other sources.
    """

    cameras: tuple[Camera, ...]
    pictures: tuple[StoredPicture | None, ...]
    document: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.cameras or len(self.pictures) != len(self.cameras):
            raise ShapeError(
                f"expected as many pictures as cameras, at least one; got {len(self.pictures)} and {len(self.cameras)}",
                field="dataset",
            )

    def __len__(self) -> int:
        """Number of views."""
        return len(self.cameras)

    def png(self, index: int) -> bytes | None:
        """The PNG of view ``index``, as stored; None where the view has none.

        Raises DatasetFormatError for broken base64, NotFound or StorageError for a file.
        """
        stored = self.pictures[index]
        if isinstance(stored, Path):
            return read_limited(stored, DatasetLimits.max_file_bytes)
        return _from_base64(stored, f"views[{index}].rgbBase64") if isinstance(stored, str) else stored

    def image(self, index: int) -> Picture | None:
        """The picture of view ``index``, [H, W, 3] uint8 of its camera's size; decoded anew at each call.

        Raises DatasetFormatError for a damaged picture or one of another size, and as `png`.
        """
        data = self.png(index)
        if data is None:
            return None
        where = f"views[{index}].rgbBase64"
        _check_size(data[:HEADER_BYTES], self.cameras[index].width, self.cameras[index].height, where)
        return decode_png(data, field=where)


def load_dataset(path: Path, *, limits: DatasetLimits = DatasetLimits()) -> Dataset:
    """The dataset in ``path``: a metadata.json, a transforms.json, or a folder with one of them.

    Raises:
        NotFound: there is no such file.
        DatasetFormatError: the file does not follow its format; the message names the key.
        LimitExceeded: the file, its number of views or its pictures are above ``limits``.
        StorageError: it cannot be read.
    """
    file = find_file(path, DATASET_FILES)
    data = read_limited(file, limits.max_file_bytes)
    if file.name == TRANSFORMS_FILE:
        cameras, files = parse_transforms(data, file.parent, max_views=limits.max_views)
        limits.check(cameras)
        return Dataset(cameras, files)
    return parse_metadata(data, limits=limits)


def parse_metadata(data: bytes, *, limits: DatasetLimits = DatasetLimits()) -> Dataset:
    """The dataset in the bytes of a metadata.json. Raises DatasetFormatError or LimitExceeded."""
    document = parse_object(data, DatasetFormatError, what=METADATA_FILE)
    version = document.get("formatVersion", FORMAT_VERSION)
    if not isinstance(version, str) or version.split(".")[0] != "1":
        raise DatasetFormatError(f"expected 1.x, got {shown(version)}", field="formatVersion")
    views = get_list(document, "views", DatasetFormatError)
    if not views:
        raise DatasetFormatError("expected at least one view, got none", field="views")
    if len(views) > limits.max_views:
        raise LimitExceeded(f"expected at most {limits.max_views} views, got {len(views)}", field="views")
    if document.get("viewCount") is not None:
        count = get_integer(document, "viewCount", DatasetFormatError)
        if count != len(views):
            raise DatasetFormatError(f"expected the number of views, {len(views)}, got {count}", field="viewCount")
    size = get_object(document, "imageSize", DatasetFormatError)
    width, height = (get_integer(size, key, DatasetFormatError, where="imageSize.") for key in ("width", "height"))
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
        raise LimitExceeded(f"expected 1 to {MAX_SIDE} pixels a side, got {width} x {height}", field="imageSize")
    cameras = tuple(_camera(view, f"views[{i}]", width, height) for i, view in enumerate(views))
    limits.check(cameras)
    pictures = tuple(_picture(view, f"views[{i}].rgbBase64", width, height) for i, view in enumerate(views))
    return Dataset(cameras, pictures, document)


def new_dataset(
    cameras: Sequence[Camera], pngs: Sequence[bytes | None], *, capture_id: str, exported_at: str
) -> Dataset:
    """A dataset in the editor's format from cameras of one picture size and their PNGs.

    ``exported_at`` is the time (ISO 8601) that every view gets as well. Raises ShapeError where
    the counts differ or are 0, DatasetFormatError for a picture or camera of another size.
    """
    plain = Dataset(tuple(cameras), tuple(pngs))
    width, height = cameras[0].width, cameras[0].height
    for i, (camera, png) in enumerate(zip(cameras, pngs, strict=True)):
        if (camera.width, camera.height) != (width, height):
            raise DatasetFormatError(f"expected {width} x {height} pixels as in view 0", field=f"views[{i}]")
        if png is not None:
            _check_size(png[:HEADER_BYTES], width, height, f"views[{i}].rgbBase64")
    document = {
        "formatVersion": FORMAT_VERSION,
        "exportedAt": exported_at,
        "imageSize": {"width": width, "height": height},
        "viewCount": len(cameras),
        "captureId": capture_id,
        "views": [_view(i, camera, pngs[i], exported_at) for i, camera in enumerate(cameras)],
    }
    return Dataset(plain.cameras, plain.pictures, document)


def save_dataset(dataset: Dataset, path: Path) -> None:
    """Writes ``dataset`` as a metadata.json to the file ``path``, all or nothing.

    Raises StorageError where the disk refuses, and as `dump_dataset`.
    """
    write_bytes(path, dump_dataset(dataset))


def dump_dataset(dataset: Dataset) -> bytes:
    """The bytes of a metadata.json.

    Raises as `new_dataset` and `Dataset.png` for a dataset that was read from another format.
    """
    if not dataset.document:
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        pngs = [dataset.png(i) for i in range(len(dataset))]
        dataset = new_dataset(dataset.cameras, pngs, capture_id="", exported_at=now)
    return (json.dumps(dataset.document, indent=1, allow_nan=False) + "\n").encode()


def _camera(view: object, where: str, width: int, height: int) -> Camera:
    if not isinstance(view, dict):
        raise DatasetFormatError(f"expected an object, got {shown(view)}", field=where)
    where += "."
    position, forward, up, right = (
        np.array(get_numbers(view, key, 3, DatasetFormatError, where=where))
        for key in ("position", "forward", "up", "right")
    )
    cam_from_world = _matrix(view, "viewMatrix", where)
    rotation = cam_from_world[:3, :3]
    for name, axis, row in (("right", right, 0), ("up", up, 1), ("forward", -forward, 2)):
        if np.abs(rotation[row] - axis).max() > AXIS_TOLERANCE:
            raise DatasetFormatError(f"expected the axis in viewMatrix, {_text(rotation[row])}", field=where + name)
    seen_from = -rotation.T @ cam_from_world[:3, 3]
    if np.abs(seen_from - position).max() > POSITION_TOLERANCE * max(1.0, float(np.linalg.norm(position))):
        raise DatasetFormatError(
            f"expected the eye of viewMatrix, {_text(seen_from)}, got {_text(position)}", field=where + "position"
        )
    lens = get_object(view, "intrinsics", DatasetFormatError, where=where)
    where += "intrinsics."
    fov = get_number(lens, "fovYDegrees", DatasetFormatError, where=where)
    near, far = (
        get_number(lens, key, DatasetFormatError, where=where) if lens.get(key) is not None else default
        for key, default in (("near", Camera.near), ("far", Camera.far))
    )
    if lens.get("aspect") is not None:
        aspect = get_number(lens, "aspect", DatasetFormatError, where=where)
        if abs(aspect * height / width - 1.0) > ASPECT_TOLERANCE:
            raise DatasetFormatError(
                f"expected width / height, {width / height:.4f}, got {aspect}", field=where + "aspect"
            )
    try:
        camera = Camera(rotation.T, position, fov, width, height, near, far)
    except InvalidInput as error:
        raise DatasetFormatError(str(error), field=where.split(".")[0]) from error
    _check_projection(view, camera, where.removesuffix("intrinsics."))
    return camera


def _check_projection(view: JsonObject, camera: Camera, where: str) -> None:
    if view.get("projectionMatrix") is None:
        return
    given = _matrix(view, "projectionMatrix", where)
    expected = camera.clip_from_cam
    if np.abs(given - expected).max() > ASPECT_TOLERANCE * np.abs(expected).max():
        raise DatasetFormatError("expected the projection of the intrinsics", field=where + "projectionMatrix")


def _matrix(view: JsonObject, key: str, where: str) -> Matrix:
    values = get_numbers(view, key, 16, DatasetFormatError, where=where)
    return np.array(values).reshape(4, 4).T


def _text(vector: Matrix) -> str:
    return "[" + ", ".join(f"{v:.4g}" for v in vector) + "]"


def _picture(view: JsonObject, where: str, width: int, height: int) -> str | None:
    key = "rgbBase64"
    if view.get(key) is None:
        return None
    stored = get_text(view, key, DatasetFormatError, where=where.removesuffix(key)).removeprefix(_DATA_URL)
    header = _from_base64(stored[: HEADER_BYTES // 3 * 4], where)
    _check_size(header, width, height, where)
    return stored


def _from_base64(text: str, where: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise DatasetFormatError(f"expected base64: {error}", field=where) from error


def _check_size(header: bytes, width: int, height: int, where: str) -> None:
    size = png_size(header, field=where)
    if size != (width, height):
        raise DatasetFormatError(
            f"expected the camera's {width} x {height} pixels, got {size[0]} x {size[1]}", field=where
        )


def _view(index: int, camera: Camera, png: bytes | None, captured_at: str) -> JsonObject:
    right, up, backward = camera.world_from_cam.T
    view, projection = camera.cam_from_world, camera.clip_from_cam
    return {
        "id": f"view_{index + 1:03d}",
        "index": index,
        "capturedAt": captured_at,
        "position": camera.position.tolist(),
        "forward": (-backward).tolist(),
        "up": up.tolist(),
        "right": right.tolist(),
        "intrinsics": {
            "fovYDegrees": camera.fov_y_degrees,
            "aspect": camera.aspect,
            "near": camera.near,
            "far": camera.far,
        },
        "viewMatrix": view.T.ravel().tolist(),
        "projectionMatrix": projection.T.ravel().tolist(),
        "viewProjectionMatrix": (projection @ view).T.ravel().tolist(),
        "rgbBase64": None if png is None else base64.b64encode(png).decode(),
        "depthBase64": None,
        "normalBase64": None,
    }
