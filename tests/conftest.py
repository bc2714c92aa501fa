"""Settings for the whole suite."""

from __future__ import annotations

from hypothesis import settings

# Shared machines stall; how long a case takes says nothing about whether it is right.
settings.register_profile("voxcore", deadline=None)
settings.load_profile("voxcore")
