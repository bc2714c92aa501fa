"""Sponge schematics, versions 2 and 3: what WorldEdit and its kind paste into Minecraft worlds.

Axes are the same (y up, x east, z south). The editor's blocks become the blocks of Minecraft that they are
named after; any other block becomes the concrete of the nearest colour, so a block that no palette knows shows
as magenta. Source: the Sponge Schematic Specification, versions 2 and 3.
"""

from __future__ import annotations

import gzip
from typing import Final

import numpy as np

from voxcore.errors import LimitExceeded
from voxcore.maps.formats import nbt
from voxcore.maps.formats.size import check_size
from voxcore.maps.voxel_map import VoxelMap
from voxcore.palette import RGB, Block
from voxcore.wire_order import to_bytes

DATA_VERSION: Final = 2730
"""Minecraft 1.17.1, the first stable one that has every block named here; newer ones convert it by themselves."""
MAX_SIDE: Final = 2**16 - 1

BLOCK_IDS: Final[dict[str, str]] = {
    "Air": "minecraft:air",
    "Grass": "minecraft:grass_block[snowy=false]",
    "Dirt": "minecraft:dirt",
    "Stone": "minecraft:stone",
    "Plank": "minecraft:oak_planks",
    "Snow": "minecraft:snow_block",
    "Sand": "minecraft:sand",
    "Water": "minecraft:water[level=0]",
    "AlpineRock": "minecraft:andesite",
    "AlpineGrass": "minecraft:moss_block",
    "GlacierIce": "minecraft:packed_ice",
    "Gravel": "minecraft:gravel",
}
CONCRETES: Final[dict[str, tuple[int, int, int]]] = {
    "white": (207, 213, 214), "orange": (224, 97, 1), "magenta": (169, 48, 159), "light_blue": (36, 137, 199),
    "yellow": (241, 175, 21), "lime": (94, 169, 25), "pink": (214, 101, 143), "gray": (55, 58, 62),
    "light_gray": (125, 125, 115), "cyan": (21, 119, 136), "purple": (100, 32, 156), "blue": (45, 47, 143),
    "brown": (96, 60, 32), "green": (73, 91, 36), "red": (142, 33, 33), "black": (8, 10, 15),
}  # fmt: skip
"""The mean colour of each concrete's texture."""


def dump_schem(voxel_map: VoxelMap, max_bytes: int, *, version: int) -> bytes:
    """The bytes of a .schem of ``voxel_map``, pasted with its middle at the player's feet.

    Raises LimitExceeded for a side above 65535 cells or more cells than ``max_bytes``, compressed or not.
    """
    x, y, z = voxel_map.shape
    if max(x, y, z) > MAX_SIDE:
        raise LimitExceeded(f"expected at most {MAX_SIDE} cells a side, got {[x, y, z]}", field="map_id")
    check_size(voxel_map.blocks.size, max_bytes)
    names = [block_id(block) for block in voxel_map.palette.blocks]
    palette = {name: i for i, name in enumerate(dict.fromkeys([BLOCK_IDS["Air"], *names]))}
    index = np.array([palette[name] for name in (BLOCK_IDS["Air"], *names)], dtype=np.uint8)
    # A varint is one byte below 128, and there are not that many blocks here. x fastest, then z, then y.
    assert len(palette) < 128
    data = to_bytes(index[voxel_map.blocks].transpose(0, 2, 1))
    blocks = {"Palette": nbt.compound({name: nbt.integer(i) for name, i in palette.items()})}
    head = {
        "Version": nbt.integer(version),
        "DataVersion": nbt.integer(DATA_VERSION),
        "Metadata": nbt.compound({"Name": nbt.text("voxcore")}),
        "Width": nbt.short(x),
        "Height": nbt.short(y),
        "Length": nbt.short(z),
        "Offset": nbt.int_array([-(x // 2), 0, -(z // 2)]),
    }
    if version == 2:
        body = {"PaletteMax": nbt.integer(len(palette)), **blocks}
        body |= {"BlockData": nbt.byte_array(data), "BlockEntities": nbt.empty_list()}
        content = nbt.document("Schematic", nbt.compound(head | body))
    else:
        body = blocks | {"Data": nbt.byte_array(data), "BlockEntities": nbt.empty_list()}
        whole = nbt.compound(head | {"Blocks": nbt.compound(body)})
        content = nbt.document("", nbt.compound({"Schematic": whole}))
    # Without a time: the same map gives the same bytes.
    return gzip.compress(content, compresslevel=6, mtime=0)


def block_id(block: Block) -> str:
    """Minecraft's id of the block that comes closest."""
    if block.name in BLOCK_IDS:
        return BLOCK_IDS[block.name]
    return f"minecraft:{_nearest_concrete(_mean(block))}_concrete"


def _mean(block: Block) -> RGB:
    r, g, b = np.mean([block.top, block.bottom, block.side], axis=0).tolist()
    return r, g, b


def _nearest_concrete(color: RGB) -> str:
    return min(CONCRETES, key=lambda name: sum((255 * a - b) ** 2 for a, b in zip(color, CONCRETES[name], strict=True)))
