"""The embedded prior: a text-conditioned diffusion model in block space, shipped with voxcore."""
