"""Pictures of voxel grids: the list of the API."""

from voxcore.render.hard import hard_image, render_hard, seen_cells
from voxcore.render.output import RenderOutput, to_uint8
from voxcore.render.rays import Rays, camera_rays, pixel_rays
from voxcore.render.shading import SKY, lit_colors

__all__ = [
    "SKY",
    "Rays",
    "RenderOutput",
    "camera_rays",
    "hard_image",
    "lit_colors",
    "pixel_rays",
    "render_hard",
    "seen_cells",
    "to_uint8",
]
