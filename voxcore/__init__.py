"""voxcore: a text prompt and a voxel map go in, a regenerated voxel map comes out."""

__version__ = "0.1.0"
