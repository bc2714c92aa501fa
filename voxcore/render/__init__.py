"""Pictures of voxel grids: the list of the API."""

from voxcore.render.hard import hard_image, render_hard, seen_cells
from voxcore.render.output import RenderOutput, to_uint8
from voxcore.render.rays import Rays, Views, camera_rays, pixel_rays
from voxcore.render.shading import SKY, lit_colors
from voxcore.render.soft import RENDERERS, Backend, backend_of, render_soft, render_soft_rays
from voxcore.render.warm import warm_up

__all__ = [
    "RENDERERS",
    "SKY",
    "Backend",
    "Rays",
    "RenderOutput",
    "Views",
    "backend_of",
    "camera_rays",
    "hard_image",
    "lit_colors",
    "pixel_rays",
    "render_hard",
    "render_soft",
    "render_soft_rays",
    "seen_cells",
    "to_uint8",
    "warm_up",
]
