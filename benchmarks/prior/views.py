"""Where the classifier stands: one set of places for its training, another for the scoring.

Scoring looks from four places at azimuths 33, 123, 213 and 303 degrees and elevations 20 and 42 in turn. Training's
places are random, but never within 4 degrees of a scoring azimuth, also not after the world is turned by a quarter or
mirrored, and never within 2 degrees of a scoring elevation.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from voxcore.cameras import Camera

SIDE: Final = 128
"""Pictures are square."""
VIEWS: Final = 4
SCALE: Final = 2.0
"""World units per cell, as in the editor."""
SCORE_AZIMUTHS: Final = (33.0, 123.0, 213.0, 303.0)
SCORE_ELEVATIONS: Final = (20.0, 42.0, 20.0, 42.0)
AZIMUTH_GAP: Final = 4.0
ELEVATION_GAP: Final = 2.0
ELEVATIONS: Final = (12.0, 58.0)
SPAN: Final = 64 * SCALE


def camera(azimuth: float, elevation: float, *, fov: float, factor: float, target: tuple[float, float]) -> Camera:
    """A camera on a sphere around the grid; ``factor`` 1 has the grid's diagonal just in the picture.

    ``target`` moves what it looks at in x and z, in world units. Angles in degrees.
    """
    a, e = math.radians(azimuth), math.radians(elevation)
    direction = np.array([math.cos(e) * math.sin(a), math.sin(e), math.cos(e) * math.cos(a)])
    radius = factor * 0.5 * SPAN * math.sqrt(2.0) / math.sin(math.radians(fov) / 2)
    at = np.array([target[0], 12 * SCALE, target[1]])
    return Camera.look_at(at + radius * direction, at, width=SIDE, height=SIDE, fov_y_degrees=fov, far=2000.0)


def score_cameras() -> list[Camera]:
    """The places of the scoring, always the same."""
    return [
        camera(a, e, fov=40.0, factor=0.85, target=(0.0, 0.0))
        for a, e in zip(SCORE_AZIMUTHS, SCORE_ELEVATIONS, strict=True)
    ]


def training_cameras(rng: np.random.Generator, count: int = VIEWS) -> list[Camera]:
    """``count`` places roughly around the grid, none near a place of the scoring."""
    turn = rng.uniform(0, 360)
    out = []
    for i in range(count):
        while True:
            azimuth = (turn + 360 * i / count + rng.uniform(-25, 25)) % 360
            elevation = rng.uniform(*ELEVATIONS)
            if not near_scoring(azimuth, elevation):
                break
        shift = tuple(rng.uniform(-4 * SCALE, 4 * SCALE, 2))
        out.append(camera(azimuth, elevation, fov=rng.uniform(36, 46), factor=rng.uniform(0.72, 0.95), target=shift))
    return out


def near_scoring(azimuth: float, elevation: float) -> bool:
    """Whether training must not look from there."""
    folded = {f % 90.0 for a in SCORE_AZIMUTHS for f in (a, -a)}
    turn = min(abs((azimuth - f + 45.0) % 90.0 - 45.0) for f in folded)
    return turn < AZIMUTH_GAP or min(abs(elevation - e) for e in SCORE_ELEVATIONS) < ELEVATION_GAP
