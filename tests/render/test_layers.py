"""The nvdiffrast renderer with a rasteriser played in torch: its own part is the shell and the layers."""

import sys
from types import ModuleType

import numpy as np
import pytest
import torch
from scenes import LIT, binary_grid, look, random_map, soft_grid
from test_cpu import loss_of

from voxcore.errors import InvalidInput, NotFound
from voxcore.render import Rays, Views, render_soft, render_soft_rays
from voxcore.render.layers import LayerOptions, nvdiffrast, render_layers


class PlayedPeeler:
    """Every triangle that covers a pixel, nearest first: barycentrics in clip space, no tolerance."""

    def __init__(self, context, position, triangles, size):
        height, width = size
        corner = position[0].double()[triangles.long()]  # [T, 3, 4]
        x = (torch.arange(width).double() + 0.5) / width * 2 - 1
        y = (torch.arange(height).double() + 0.5) / height * 2 - 1
        plane = torch.stack([x.expand(height, width), y[:, None].expand(height, width), torch.ones(height, width)], -1)
        # A pixel's ray hits a b c where its homogeneous 2D position is a positive sum of theirs (x, y, w).
        inverse = torch.linalg.inv(corner[..., [0, 1, 3]])  # [T, 3, 3]
        share = torch.einsum("hwc,tcb->thwb", plane.double(), inverse)
        inside = (share >= -1e-12).all(-1)
        w = 1.0 / share.sum(-1)
        z = (share * corner[:, None, None, :, 2]).sum(-1)
        inside &= (w > 0) & (z.abs() <= 1.0)
        self.depth, self.order = torch.where(inside, z, torch.inf).sort(dim=0, stable=True)
        self.layer = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def rasterize_next_layer(self):
        found = torch.where(torch.isfinite(self.depth[self.layer]), self.order[self.layer] + 1, 0).float()
        self.layer += 1
        return torch.stack([torch.zeros_like(found)] * 3 + [found], -1)[None], None


PLAYED = ModuleType("played")
vars(PLAYED).update(DepthPeeler=PlayedPeeler, RasterizeCudaContext=lambda device: None)


def draw(occupancy, materials, views, **options):
    options = LayerOptions(**options)
    return render_layers(occupancy, materials, LIT, views, world_scale=2.0, options=options, rasterizer=PLAYED)


# No pixel's ray runs along an edge, where two triangles cover it.
OUTSIDE = [look((17, 13, 19), (0.13, 3.9, 0.07)), look((6, -9, 4), (0.11, 4.1, 0.17))]


@pytest.mark.parametrize("density", [0.1, 0.4])
def test_hard_pictures_are_those_of_the_default_renderer(density):
    grid, views = binary_grid(random_map(6, (5, 6, 4), density)), Views.of(OUTSIDE)
    got = draw(*grid, views, layers=1)
    want = render_soft_rays(*grid, LIT, views, world_scale=2.0)
    assert torch.equal(got.cell, want.cell)
    assert torch.equal(got.block_id, want.block_id)
    for name in ("rgb", "square", "depth", "alpha", "normal"):
        torch.testing.assert_close(getattr(got, name), getattr(want, name), rtol=1e-5, atol=1e-5)


def test_soft_pictures_and_gradients_too():
    pair = []
    for layered in (True, False):
        occupancy, materials = (part.requires_grad_() for part in soft_grid(4, (4, 3, 4), 0.1, 0.9))
        views = Views.of(OUTSIDE)
        if layered:
            out = draw(occupancy, materials, views, layers=12)
        else:
            out = render_soft_rays(occupancy, materials, LIT, views, world_scale=2.0)
        pair.append((out.rgb, out.depth, out.alpha, *torch.autograd.grad(loss_of(out, 5), (occupancy, materials))))
    for a, b in zip(*pair, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4)
    assert pair[0][3].abs().max() > 0.1


def test_the_surface_sharpens_colors_and_moves_no_geometry():
    occupancy, materials = (part.requires_grad_() for part in soft_grid(4, (4, 3, 4), 0.0, 1.0))
    out = draw(occupancy, materials, Views.of(OUTSIDE), surface=True)
    assert set(out.alpha.unique().tolist()) == {0.0, 1.0}
    assert not out.depth.requires_grad
    assert torch.autograd.grad(out.rgb.sum(), occupancy)[0].any()


def test_an_empty_grid_is_sky():
    out = draw(*soft_grid(1, (2, 2, 2), 0.0, 0.0), Views.of(OUTSIDE))
    assert (out.cell == -1).all()
    assert not out.alpha.any()


def test_says_what_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "nvdiffrast", None)
    monkeypatch.setitem(sys.modules, "nvdiffrast.torch", None)
    nvdiffrast.cache_clear()
    with pytest.raises(NotFound, match=r"(?s)non-commercial use only.*pip install"):
        render_soft(*soft_grid(1, (2, 2, 2), 0, 1), LIT, OUTSIDE, world_scale=2.0, backend="nvdiffrast")


def test_refuses_what_it_cannot_draw():
    one = np.ones(1)
    with pytest.raises(InvalidInput, match="whole pictures"):
        draw(*soft_grid(1, (2, 2, 2), 0, 1), Rays(np.zeros((1, 3)), np.ones((1, 3)), 0 * one, one))
    with pytest.raises(InvalidInput, match="layers: expected 1 to 256"):
        LayerOptions(layers=0)
