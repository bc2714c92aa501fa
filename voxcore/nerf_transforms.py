"""NeRF-style ``transforms.json``: cameras recorded by hand, pictures in files beside it.

Convention: ``transform_matrix`` is world_from_cam in OpenGL axes (the camera looks along its -Z,
+Y up), rows first, in voxcore's world units with +Y up. Lens: either ``camera_angle_x``
(horizontal field of view, radians) or ``fl_y`` (and ``fl_x``), pixels, each for all frames or in
one frame. Square pixels, the principal point in the middle, no distortion: voxcore's renderers have
no other camera, so a file with one is refused rather than read wrongly.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final

import numpy as np

from voxcore.cameras import Camera
from voxcore.errors import DatasetFormatError, InvalidInput, LimitExceeded, NotFound, StorageError
from voxcore.json_io import JsonObject, get_integer, get_list, get_number, get_numbers, get_text, parse_object, shown
from voxcore.png import HEADER_BYTES, png_size

_DISTORTION: Final = ("k1", "k2", "k3", "k4", "p1", "p2")
_FOCAL_TOLERANCE: Final = 1e-3
_CENTRE_TOLERANCE: Final = 0.5


def parse_transforms(
    data: bytes, folder: Path, *, max_views: int
) -> tuple[tuple[Camera, ...], tuple[Path | None, ...]]:
    """Cameras and picture files of the transforms.json with bytes ``data`` that lies in ``folder``.

    A frame's file is PNG and lies inside ``folder``; ``.png`` may be left off, as the original
    files do.

    Raises:
        DatasetFormatError: naming ``frames[i].key``; also for a path that leaves the folder.
        NotFound: a picture is missing.
        LimitExceeded: more than ``max_views`` frames, or a picture above the PNG limits.
        StorageError: a picture cannot be read.
    """
    document = parse_object(data, DatasetFormatError, what="transforms.json")
    frames = get_list(document, "frames", DatasetFormatError)
    if not frames:
        raise DatasetFormatError("expected at least one frame, got none", field="frames")
    if len(frames) > max_views:
        raise LimitExceeded(f"expected at most {max_views} frames, got {len(frames)}", field="frames")
    cameras, files = [], []
    for i, frame in enumerate(frames):
        where = f"frames[{i}]"
        if not isinstance(frame, dict):
            raise DatasetFormatError(f"expected an object, got {shown(frame)}", field=where)
        file = _picture_file(frame, folder, where + ".")
        size = _header_size(file, where + ".file_path")
        cameras.append(_camera({**document, **frame}, size, where + "."))
        files.append(file)
    return tuple(cameras), tuple(files)


def _picture_file(frame: JsonObject, folder: Path, where: str) -> Path:
    text = get_text(frame, "file_path", DatasetFormatError, where=where)
    where += "file_path"
    path = Path(text)
    if not path.name or "\0" in text or "\\" in text or path.is_absolute() or ".." in path.parts:
        raise DatasetFormatError(f"expected a path inside the dataset's folder, got {shown(text)}", field=where)
    file = folder / path
    if not file.suffix:
        file = file.with_suffix(".png")
    try:
        resolved = file.resolve(strict=True)
    except FileNotFoundError as error:
        raise NotFound(f"{shown(text)} does not exist", field=where) from error
    except (OSError, RuntimeError) as error:
        raise StorageError(f"{where}: cannot read {shown(text)}: {error}") from error
    if not resolved.is_relative_to(folder.resolve()) or not resolved.is_file():
        raise DatasetFormatError(f"expected a file inside the dataset's folder, got {shown(text)}", field=where)
    return resolved


def _header_size(file: Path, where: str) -> tuple[int, int]:
    try:
        with file.open("rb") as stream:
            header = stream.read(HEADER_BYTES)
    except OSError as error:
        raise StorageError(f"{where}: cannot read {file.name}: {error.strerror}") from error
    return png_size(header, field=where)


def _camera(lens: JsonObject, size: tuple[int, int], where: str) -> Camera:
    """The camera of one frame; ``lens`` holds the file's keys with the frame's own over them."""
    width, height = size
    for key, expected in (("w", width), ("h", height)):
        if lens.get(key) is not None and get_integer(lens, key, DatasetFormatError, where=where) != expected:
            raise DatasetFormatError(f"expected the picture's {expected}, got {shown(lens[key])}", field=where + key)
    for key in _DISTORTION:
        if lens.get(key) is not None and get_number(lens, key, DatasetFormatError, where=where) != 0.0:
            raise DatasetFormatError(f"expected no lens distortion, got {shown(lens[key])}", field=where + key)
    for key, middle in (("cx", width / 2), ("cy", height / 2)):
        if lens.get(key) is not None:
            value = get_number(lens, key, DatasetFormatError, where=where)
            if abs(value - middle) > _CENTRE_TOLERANCE:
                raise DatasetFormatError(f"expected the middle, {middle}, got {value}", field=where + key)
    fov_y = math.degrees(2.0 * math.atan(height / (2.0 * _focal_length(lens, width, where))))
    rows = get_list(lens, "transform_matrix", DatasetFormatError, where=where)
    where += "transform_matrix"
    if len(rows) != 4:
        raise DatasetFormatError(f"expected 4 rows of 4 numbers, got {len(rows)} rows", field=where)
    matrix = np.array(
        [get_numbers({str(i): row}, str(i), 4, DatasetFormatError, where=where + ".") for i, row in enumerate(rows)]
    )
    if np.abs(matrix[3] - [0.0, 0.0, 0.0, 1.0]).max() > 1e-6:
        raise DatasetFormatError(f"expected the last row 0 0 0 1, got {matrix[3].tolist()}", field=where)
    try:
        return Camera(matrix[:3, :3], matrix[:3, 3], fov_y, width, height)
    except InvalidInput as error:
        raise DatasetFormatError(str(error), field=where) from error


def _focal_length(lens: JsonObject, width: int, where: str) -> float:
    """Pixels; the same along both axes."""
    given = [
        get_number(lens, key, DatasetFormatError, where=where) for key in ("fl_y", "fl_x") if lens.get(key) is not None
    ]
    if not given:
        angle = get_number(lens, "camera_angle_x", DatasetFormatError, where=where)
        if not 0.0 < angle < math.pi:
            raise DatasetFormatError(f"expected 0 < angle < pi, got {angle}", field=where + "camera_angle_x")
        return width / (2.0 * math.tan(angle / 2.0))
    if min(given) <= 0.0 or max(given) > min(given) * (1.0 + _FOCAL_TOLERANCE):
        raise DatasetFormatError(f"expected one positive focal length, got {given}", field=where + "fl_x")
    return given[0]
