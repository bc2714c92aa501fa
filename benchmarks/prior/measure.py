"""One world in, one row of plain numbers out: all that the report needs to know of it.

Every world is written as map.json and read again before anything is measured, and is seen through voxcore's own CPU
renderer.
"""

from __future__ import annotations

import base64
import lzma
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.prior import network
from benchmarks.prior.prompts import Asked
from benchmarks.prior.shapes import MEASURES
from benchmarks.prior.stand_ins import label
from benchmarks.prior.structure import Blocks, bodies, built
from benchmarks.prior.views import score_cameras
from voxcore.maps import load_map, map_stats
from voxcore.palette import EDITOR
from voxcore.render import hard_image, lit_colors
from voxcore.worlds.order import MATERIALS

ROOT: Final = Path(__file__).parents[2]
SHOWN: Final = 8
"""Families of the ranking that a row keeps."""
SITE_MARGIN: Final = 3
SITE_CELLS: Final = 3


@cache
def _classifier(path: Path) -> network.Classifier:
    return network.load(path)[0]


def pictures(blocks: Blocks) -> NDArray[np.uint8]:
    """The world from the scoring's places [V, H, W, 3]."""
    lit = lit_colors(EDITOR)
    return np.stack([hard_image(blocks, lit, camera, world_scale=2.0) for camera in score_cameras()])


def classify(blocks: Blocks, weights: Path) -> dict[str, Any]:
    """The classifier's ranking of the families, its other answers, and its features."""
    seen = torch.from_numpy(pictures(blocks)).permute(0, 3, 1, 2)[None].float() / 255
    with torch.no_grad():
        answer = _classifier(weights)(seen)
    best = answer.family[0].argsort(descending=True)[:SHOWN].tolist()
    names = network.HEADS
    return {
        "families": [names["family"][i] for i in best],
        "sure": [round(float(answer.family[0, i].sigmoid()), 3) for i in best],
        **{
            head: [names[head][i] for i in getattr(answer, head)[0].argsort(descending=True)[:2].tolist()]
            for head in ("setting", "ground", "material")
        },
        "features": [round(float(v), 4) for v in answer.features[0]],
    }


def material_share(blocks: Blocks, material: str) -> float | None:
    """Share of the main structure's blocks that are the material's; None where nothing is built."""
    plants = material == "hedge"
    found = bodies(blocks, plants=plants) or bodies(blocks, massive=True, plants=plants)
    if not found:
        return None
    return found[0].share(EDITOR.names[MATERIALS[material].wall])


def untouched(blocks: Blocks, source: Blocks) -> dict[str, float | None]:
    """How much of an edited map stayed.

    The site is the box, grown by SITE_MARGIN columns, around the largest group of neighbouring columns in each of which
    at least SITE_CELLS cells were filled or emptied. ``outside``: share of the cells outside of it, full before or
    after, that are the same; None where the site is nearly all of the map and there is nothing to judge. ``all``: share
    of all cells that were full and are the same. ``site``: its share of the plan.
    """
    changed = blocks != source
    plan = ((blocks != 0) != (source != 0)).sum(axis=1) >= SITE_CELLS
    labels, count = label(plan[:, None, :])
    outside = np.ones_like(plan)
    if count:
        main = labels[:, 0, :] == 1 + int(np.bincount(labels.ravel())[1:].argmax())
        xs, zs = np.flatnonzero(main.any(axis=1)), np.flatnonzero(main.any(axis=0))
        m = SITE_MARGIN
        outside[max(xs[0] - m, 0) : xs[-1] + 1 + m, max(zs[0] - m, 0) : zs[-1] + 1 + m] = False
    full = (blocks != 0) | (source != 0)
    far = full & outside[:, None, :]
    return {
        "outside": float(1 - (changed & far).sum() / far.sum()) if outside.mean() >= 0.1 else None,
        "all": float(1 - (changed & (source != 0)).sum() / max((source != 0).sum(), 1)),
        "site": float(1 - outside.mean()),
    }


def measure(blocks: Blocks, asked: Asked, weights: Path, map_id: str | None = None) -> dict[str, Any]:
    """The row of one world; ``blocks`` come from a map.json."""
    stats = map_stats(blocks, EDITOR)
    row = classify(blocks, weights)
    row |= {
        "grounded": stats.grounded_share,
        "floating_pieces": stats.floating_pieces,
        "blocks": stats.blocks,
        "built": base64.b64encode(lzma.compress(np.packbits(built(blocks, plants=True)).tobytes())).decode(),
    }
    if map_id is not None:
        row["untouched"] = untouched(blocks, load_map(ROOT / "maps" / map_id).blocks)
        return row
    if asked.material and len(asked.objects) == 1:
        row["material_share"] = material_share(blocks, asked.material)
    if len(asked.objects) == 1 and asked.families[0] in MEASURES:
        row["shape"] = {q: bool(yes) for q, yes in MEASURES[asked.families[0]](blocks).items()}
    return row


def built_mask(row: dict[str, Any], cells: int = 64 * 48 * 64) -> NDArray[np.bool_]:
    """The row's built cells, flat."""
    bits = np.frombuffer(lzma.decompress(base64.b64decode(row["built"])), dtype=np.uint8)
    return np.unpackbits(bits, count=cells).astype(np.bool_)
