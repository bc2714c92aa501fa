"""The hard picture against brute force: every exposed face, every ray, no grid traversal."""

import itertools

import numpy as np
import pytest
import torch

from voxcore.cameras import Camera
from voxcore.errors import InvalidInput, ShapeError
from voxcore.palette import EDITOR, FACE_NORMALS
from voxcore.render import SKY, hard_image, lit_colors, render_hard, seen_cells, to_uint8

LIT = lit_colors(EDITOR)
SKY_FACE = -1


def exposed_faces(blocks: np.ndarray, scale: float) -> list[tuple[np.ndarray, np.ndarray, int]]:
    """Per direction: cells [F, 3] whose neighbour is air, their low corners in world space, axis."""
    padded = np.pad(blocks, 1)
    size = np.array(blocks.shape)
    out = []
    for normal in FACE_NORMALS.astype(int):
        neighbour = padded[tuple(slice(1 + n, 1 + n + s) for n, s in zip(normal, size, strict=True))]
        cells = np.argwhere((blocks != 0) & (neighbour == 0))
        low = (cells - np.array([size[0] / 2, 0, size[2] / 2])) * scale
        out.append((cells, low, int(np.abs(normal).argmax())))
    return out


def brute_force(blocks: np.ndarray, camera: Camera, scale: float, shift: tuple[float, float]) -> tuple:
    """Nearest front-facing exposed face per pixel: face key [H * W] (cell * 6 + face) and distance."""
    eye, a, b, c = camera.ray_basis()
    row, column = np.indices((camera.height, camera.width)).reshape(2, -1)
    direction = a + (column[:, None] + 0.5 + shift[0]) * b + (row[:, None] + 0.5 + shift[1]) * c
    best_t = np.full(len(direction), camera.far)
    best_key = np.full(len(direction), SKY_FACE)
    for face, (cells, low, axis) in enumerate(exposed_faces(blocks, scale)):
        if not len(cells):
            continue
        sign = FACE_NORMALS[face, axis]
        plane = low[:, axis] + (scale if sign > 0 else 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            t = (plane[None, :] - eye[axis]) / direction[:, axis, None]
        front = direction[:, axis, None] * sign < 0
        hit = front & (t >= camera.clip_near) & (t <= camera.far)
        for other in {0, 1, 2} - {axis}:
            at = eye[other] + np.where(hit, t, 0.0) * direction[:, other, None]
            hit &= (at >= low[None, :, other]) & (at <= low[None, :, other] + scale)
        t = np.where(hit, t, np.inf)
        nearest = t.argmin(axis=1)
        t = t.min(axis=1)
        key = np.ravel_multi_index(tuple(cells[nearest].T), blocks.shape) * 6 + face
        closer = t < best_t
        best_t[closer], best_key[closer] = t[closer], key[closer]
    return best_key, best_t


def random_map(seed: int, shape: tuple[int, int, int], density: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.integers(1, 12, shape) * (rng.random(shape) < density)).astype(np.uint8)


def look(position, target, **kwargs) -> Camera:
    return Camera.look_at(np.array(position, float), np.array(target, float), **{"width": 45, "height": 37} | kwargs)


CAMERAS = {
    "outside": look((17, 13, 19), (0, 4, 0)),
    "below": look((6, -9, 4), (0, 4, 0)),
    "straight down": look((0.3, 30, 0.2), (0.3, 0, 0.2), width=40, height=40),
    "straight up": look((0.3, -20, 0.2), (0.3, 0, 0.2)),
    "along an axis": look((0.37, 5.1, 25), (0.37, 5.1, 0)),
    "inside": look((0.4, 6.3, 0.7), (7, 5, 3), fov_y_degrees=100.0),
    "inside, long near plane": look((0.4, 6.3, 0.7), (7, 5, 3), near=2.1),
    "near plane cuts the grid": look((9, 9, 9), (0, 4, 0), near=5.3),
    "far plane cuts the grid": look((9, 9, 9), (0, 4, 0), far=14.0),
    "looks away": look((20, 5, 20), (40, 9, 33)),
}


@pytest.mark.parametrize("name", CAMERAS)
@pytest.mark.parametrize("case", [((7, 9, 5), 0.12, 2.0), ((6, 5, 8), 0.6, 1.7), ((1, 7, 6), 0.9, 2.0)], ids=str)
def test_equals_brute_force(name, case):
    shape, density, scale = case
    camera = CAMERAS[name]
    blocks = random_map(3, shape, density)
    key, depth = brute_force(blocks, camera, scale, (0.0, 0.0))
    # A pixel centre within 1/16 of an edge may fall on either side of it.
    sure = np.ones(len(key), dtype=bool)
    for shift in itertools.product((-1 / 16, 1 / 16), repeat=2):
        sure &= brute_force(blocks, camera, scale, shift)[0] == key
    assert sure.mean() > 0.5
    out = render_hard(blocks, LIT, camera, world_scale=scale)
    cell = out.cell.numpy().reshape(-1)
    sky = key == SKY_FACE
    if name != "looks away" and shape[0] > 1:
        assert (~sky).any()
    assert (cell == np.where(sky, -1, key // 6))[sure].all()
    material = blocks.reshape(-1)[np.maximum(key // 6, 0)].astype(int)
    assert (out.block_id.numpy().reshape(-1) == np.where(sky, 0, material))[sure].all()
    colour = np.where(sky[:, None], SKY, LIT[material - 1, key % 6])
    assert (out.images().reshape(-1, 3) == to_uint8(colour))[sure].all()
    normal = np.where(sky[:, None], 0.0, FACE_NORMALS[key % 6])
    assert (out.normal.numpy().reshape(-1, 3) == normal)[sure].all()
    assert np.allclose(out.depth.numpy().reshape(-1)[sure], depth[sure], rtol=1e-6)
    assert (out.alpha.numpy().reshape(-1) == ~sky)[sure].all()
    assert (hard_image(blocks, LIT, camera, world_scale=scale) == out.images()).all()


def test_camera_inside_a_solid_run_sees_through_it():
    blocks = np.zeros((1, 1, 6), np.uint8)
    blocks[0, 0, [0, 3, 4, 5]] = [7, 3, 3, 3]
    camera = look((0.01, 0.51, 2.6), (0.01, 0.51, -3), width=1, height=1)
    out = render_hard(blocks, LIT, camera, world_scale=1.0)
    assert out.cell.item() == 0
    assert out.block_id.item() == 7
    assert out.depth.item() == pytest.approx(2.6 - (-2.0))


def test_empty_and_full_maps():
    camera = look((17, 13, 19), (0, 4, 0))
    empty = render_hard(np.zeros((4, 5, 6), np.uint8), LIT, camera, world_scale=2.0)
    assert (empty.images() == to_uint8(SKY)).all()
    assert (empty.depth == camera.far).all()
    assert not empty.alpha.any()
    full = np.full((4, 5, 6), 2, np.uint8)
    seen = seen_cells(full, camera, world_scale=2.0)
    assert seen.any()
    assert not seen[1:-1, 1:-1, 1:-1].any()


def test_seen_cells_are_those_of_the_picture():
    blocks, camera = random_map(5, (7, 9, 5), 0.2), CAMERAS["outside"]
    cells = render_hard(blocks, LIT, camera, world_scale=2.0).cell
    assert np.array_equal(np.flatnonzero(seen_cells(blocks, camera, world_scale=2.0)), torch.unique(cells)[1:].numpy())


def test_read_only_and_strided_maps():
    blocks, camera = random_map(5, (8, 9, 5), 0.2), CAMERAS["outside"]
    want = hard_image(blocks[::2].copy(), LIT, camera, world_scale=2.0)
    blocks.setflags(write=False)
    assert (hard_image(blocks[::2], LIT, camera, world_scale=2.0) == want).all()


def test_refuses_what_it_cannot_draw():
    blocks, camera = random_map(5, (4, 4, 4), 0.5), CAMERAS["outside"]
    with pytest.raises(ShapeError, match=r"blocks: expected uint8 \[X, Y, Z\], got int64"):
        render_hard(blocks.astype(np.int64), LIT, camera, world_scale=2.0)
    with pytest.raises(ShapeError, match=r"got uint8 \[4, 4\]"):
        render_hard(blocks[0], LIT, camera, world_scale=2.0)
    with pytest.raises(ShapeError, match="lit"):
        render_hard(blocks, LIT[:, :5], camera, world_scale=2.0)
    with pytest.raises(InvalidInput, match="palette indices up to 7, got"):
        render_hard(np.full((2, 2, 2), 9, np.uint8), LIT[:7], camera, world_scale=2.0)
    for scale in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(InvalidInput, match="world_scale"):
            render_hard(blocks, LIT, camera, world_scale=scale)
