"""What the classifier is taught about a world, as numbers."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from voxcore.worlds import FAMILIES, World
from voxcore.worlds.order import MATERIALS
from voxcore.worlds.settings import SETTINGS
from voxcore.worlds.terrain import GROUNDS

SETTING_NAMES: Final = tuple(SETTINGS)
GROUND_NAMES: Final = tuple(GROUNDS)
MATERIAL_NAMES: Final = tuple(MATERIALS)
UNKNOWN: Final = -1


def label(world: World) -> NDArray[np.int16]:
    """[F + 3]: how many of each family, then setting, ground and material as indices (UNKNOWN where not said)."""
    out = np.zeros(len(FAMILIES) + 3, dtype=np.int16)
    for family, count in world.objects:
        out[FAMILIES.index(family)] = count
    tags = dict(world.tags)
    for i, (key, names) in enumerate(
        (("setting", SETTING_NAMES), ("ground", GROUND_NAMES), ("material", MATERIAL_NAMES))
    ):
        out[len(FAMILIES) + i] = names.index(tags[key]) if tags.get(key) else UNKNOWN
    return out
