"""The slow twin: gradients against finite differences, values against the hard picture."""

import numpy as np
import pytest
import torch
from scenes import CAMERAS, LIT, binary_grid, look, random_map, soft_grid

from voxcore.cameras import Camera
from voxcore.render import SKY, Rays, camera_rays, render_hard, render_soft, render_soft_rays

SHAPE = (3, 4, 2)


def outputs(occupancy, materials, camera):
    out = render_soft(occupancy, materials, LIT, [camera], world_scale=2.0, backend="reference")
    return out.rgb, out.square, out.depth, out.alpha


@pytest.mark.parametrize("name", ["outside", "inside", "straight down"])
def test_gradcheck(name):
    camera = CAMERAS[name].resized(4, 3)
    occupancy, materials = soft_grid(1, SHAPE, 0.02, 0.9, torch.float64)
    occupancy.requires_grad_()
    materials.requires_grad_()
    assert torch.autograd.gradcheck(lambda o, m: outputs(o, m, camera), (occupancy, materials))


def test_gradcheck_reaches_through_an_opaque_cell():
    camera = look((0.1, 1.1, 9), (0.1, 1.1, 0), width=1, height=1)
    occupancy = torch.tensor([0.3, 1.0, 0.6, 1.0, 0.4], dtype=torch.float64).reshape(1, 1, 5)
    _, materials = soft_grid(2, (1, 1, 5), 0, 1, torch.float64)
    occupancy.requires_grad_()

    def rgb(o):  # gradcheck steps beyond 1: the public entry would refuse that
        from voxcore.render.reference import render_reference

        return render_reference(o, materials, LIT, camera_rays([camera]), world_scale=2.0).rgb

    assert torch.autograd.gradcheck(rgb, (occupancy,))
    (gradient,) = torch.autograd.grad(rgb(occupancy).sum(), occupancy)
    # The camera looks along -z: cell 4 is first, cell 3 opaque; what is behind 3 moves nothing.
    assert (gradient.reshape(-1)[3:].abs() > 1e-3).all()
    assert (gradient.reshape(-1)[:3] == 0).all()


@pytest.mark.parametrize("name", [n for n in CAMERAS if n not in ("inside", "near plane cuts the grid")])
@pytest.mark.parametrize("shape", [(7, 9, 5), (1, 6, 4)])
def test_equals_the_hard_picture_for_binary_grids(name, shape):
    blocks, camera = random_map(3, shape, 0.3), CAMERAS[name].resized(45, 37)
    want = render_hard(blocks, LIT, camera, world_scale=2.0)
    got = render_soft(*binary_grid(blocks), LIT, [camera], world_scale=2.0, backend="reference").reshaped((37, 45))
    assert torch.equal(got.cell, want.cell)
    assert torch.equal(got.block_id, want.block_id)
    assert np.array_equal(got.images(), want.images())
    assert torch.equal(got.alpha, want.alpha)
    torch.testing.assert_close(got.depth, want.depth)
    torch.testing.assert_close(got.square, want.square)
    torch.testing.assert_close(got.normal, want.normal)


@pytest.mark.parametrize("name", ["inside", "near plane cuts the grid"])
def test_equals_the_hard_picture_from_inside_where_the_ray_starts_in_air(name):
    """A ray that starts in a solid cell differs on purpose, so these cameras stand in a hollow."""
    blocks, camera = random_map(3, (7, 9, 5), 0.3), CAMERAS[name].resized(45, 37)
    rays = camera_rays([camera])
    start = (rays.origin + rays.near[:, None] * rays.direction) / 2.0 + np.array([3.5, 0, 2.5])
    start = np.floor(start).astype(int)
    inside = ((start >= 0) & (start < blocks.shape)).all(axis=1)
    assert inside.any()
    blocks[tuple(start[inside].T)] = 0
    want = render_hard(blocks, LIT, camera, world_scale=2.0)
    got = render_soft(*binary_grid(blocks), LIT, [camera], world_scale=2.0, backend="reference").reshaped((37, 45))
    assert torch.equal(got.cell, want.cell)
    assert np.array_equal(got.images(), want.images())
    assert (got.cell >= 0).any()


def test_a_ray_by_hand():
    """Two cells, entered at t = 3 and 5 through +z: everything can be worked out on paper."""
    rays = Rays(np.array([[0.0, 1.0, 5.0]]), np.array([[0.0, 0.0, -1.0]]), np.array([0.2]), np.array([100.0]))
    occupancy = torch.tensor([0.5, 0.25], dtype=torch.float64).reshape(1, 1, 2)
    materials = torch.zeros(1, 1, 2, len(LIT), dtype=torch.float64)
    materials[0, 0, 1, 2] = 1.0
    materials[0, 0, 0, [4, 6]] = torch.tensor([0.7, 0.3], dtype=torch.float64)
    out = render_soft_rays(occupancy, materials, LIT, rays, world_scale=2.0, backend="reference")
    back = 0.7 * LIT[4, 4] + 0.3 * LIT[6, 4]
    assert out.rgb[0].numpy() == pytest.approx(0.25 * LIT[2, 4] + 0.375 * back + 0.375 * SKY)
    squares = [np.sum(c**2) for c in (LIT[2, 4], LIT[4, 4], LIT[6, 4], SKY)]
    assert out.square.item() == pytest.approx(np.dot([0.25, 0.375 * 0.7, 0.375 * 0.3, 0.375], squares))
    assert out.depth.item() == pytest.approx(0.25 * 3 + 0.375 * 5 + 0.375 * 100)
    assert out.alpha.item() == pytest.approx(0.625)
    assert out.normal[0].tolist() == pytest.approx([0, 0, 0.625])
    assert out.cell.item() == 0
    assert out.block_id.item() == 5


def test_rays_that_miss_see_the_sky():
    camera: Camera = look((20, 5, 20), (40, 9, 33))
    out = render_soft(*soft_grid(1, SHAPE, 0.5, 1), LIT, [camera], world_scale=2.0, backend="reference")
    assert torch.equal(out.rgb, torch.tensor(SKY, dtype=torch.float32).expand(1, 9, 13, 3))
    assert (out.depth == camera.far).all()
    assert not out.alpha.any()
    assert not out.block_id.any()
    assert (out.cell == -1).all()
