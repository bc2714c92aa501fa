"""Draw a contact sheet of generated worlds with their captions.

    python scripts/world_gallery.py --out voxcore/worlds/gallery.png

Each row is one family, each picture one seed. With ``--family`` only the named families are drawn, with ``--several``
the worlds of two or three families. ``--table`` prints the families with what varies, as the README has it.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from voxcore.cameras import Camera
from voxcore.palette import EDITOR
from voxcore.render import hard_image, lit_colors
from voxcore.worlds import FAMILIES, World, generate
from voxcore.worlds.catalogue import CATALOGUE
from voxcore.worlds.vocabulary import NOUNS

TEXT_HEIGHT = 25


def picture(world: World, width: int, height: int, rng: np.random.Generator) -> Image.Image:
    """One world from above with its caption over it."""
    azimuth, elevation = np.radians(rng.uniform((22.0, 24.0), (65.0, 33.0)))  # from the sunny side
    away = (np.cos(elevation) * np.sin(azimuth), np.sin(elevation), np.cos(elevation) * np.cos(azimuth))
    target = np.array([0.0, 13.0, 0.0])
    camera = Camera.look_at(
        target + 88.0 * np.array(away), target, width=2 * width, height=2 * height, fov_y_degrees=46.0
    )
    image = hard_image(world.blocks, lit_colors(EDITOR), camera, world_scale=1.0)
    small = Image.fromarray(image).resize((width, height), Image.Resampling.BOX)
    out = Image.new("RGB", (width, height + TEXT_HEIGHT), "white")
    out.paste(small, (0, TEXT_HEIGHT))
    draw = ImageDraw.Draw(out)
    per_line = width // 6
    for line in range(2):
        draw.text((2, 1 + 11 * line), world.caption[line * per_line : (line + 1) * per_line], fill="black")
    return out


def several(first_seed: int, number: int) -> list[World]:
    """The first worlds of two or three families from a seed on."""
    worlds = (generate(seed) for seed in itertools.count(first_seed))
    return list(itertools.islice((w for w in worlds if "pattern" in dict(w.tags)), number))


def table() -> str:
    """A markdown table of the families: other names, materials, settings and how many there may be of one."""
    lines = ["| family | said as | materials | settings | copies |", "|---|---|---|---|---|"]
    for f in CATALOGUE.values():
        nouns = ", ".join(dict.fromkeys(NOUNS[f.name]))
        materials = ", ".join(f.materials) if f.says_material else "its own"
        settings = "the land itself" if f.land else "anywhere" if len(f.settings) > 9 else ", ".join(f.settings)
        lines.append(f"| `{f.name}` | {nouns} | {materials} | {settings} | {max(f.repeat, 1)} |")
    return "\n".join(lines)


def sheet(worlds: list[World], seed: int, columns: int, width: int) -> Image.Image:
    """All pictures, row by row."""
    rng = np.random.default_rng(seed)
    height = round(width * 0.76)
    tiles = [picture(world, width, height, rng) for world in worlds]
    rows = -(-len(tiles) // columns)
    out = Image.new("RGB", (columns * width, rows * (height + TEXT_HEIGHT)), "white")
    for i, tile in enumerate(tiles):
        out.paste(tile, (i % columns * width, i // columns * (height + TEXT_HEIGHT)))
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="the PNG; not needed with --table")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--several", type=int, default=0, metavar="N", help="draw N worlds of several families instead")
    parser.add_argument("--family", nargs="*", choices=FAMILIES, default=FAMILIES, metavar="FAMILY")
    parser.add_argument("--count", type=int, default=1, help="worlds per family")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--columns", type=int, default=8)
    parser.add_argument("--width", type=int, default=180, help="pixels per picture")
    parser.add_argument("--colors", type=int, default=64, help="colours of the PNG's palette")
    args = parser.parse_args()
    if args.table:
        print(table())
        return
    if args.out is None:
        sys.exit("--out: expected a file name")
    if args.several:
        worlds = several(args.seed, args.several)
    else:
        worlds = [generate(args.seed + i, family=f) for f in args.family for i in range(args.count)]
    image = sheet(worlds, args.seed, args.columns, args.width)
    image.quantize(args.colors, dither=Image.Dither.NONE).save(args.out, optimize=True)


if __name__ == "__main__":
    main()
