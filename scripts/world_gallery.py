"""Draw a contact sheet of generated worlds with their captions.

    python scripts/world_gallery.py --out voxcore/worlds/gallery.png

Each row is one family, each picture one seed. With ``--family`` only the named families are drawn.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from voxcore.cameras import Camera
from voxcore.palette import EDITOR
from voxcore.render import hard_image, lit_colors
from voxcore.worlds import FAMILIES, World, generate

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


def sheet(families: tuple[str, ...], count: int, first_seed: int, columns: int, width: int) -> Image.Image:
    """All pictures, row by row."""
    rng = np.random.default_rng(first_seed)
    height = round(width * 0.76)
    tiles = [picture(generate(first_seed + i, family=f), width, height, rng) for f in families for i in range(count)]
    rows = -(-len(tiles) // columns)
    out = Image.new("RGB", (columns * width, rows * (height + TEXT_HEIGHT)), "white")
    for i, tile in enumerate(tiles):
        out.paste(tile, (i % columns * width, i // columns * (height + TEXT_HEIGHT)))
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--family", nargs="*", choices=FAMILIES, default=FAMILIES, metavar="FAMILY")
    parser.add_argument("--count", type=int, default=1, help="worlds per family")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--columns", type=int, default=8)
    parser.add_argument("--width", type=int, default=180, help="pixels per picture")
    parser.add_argument("--colors", type=int, default=64, help="colours of the PNG's palette")
    args = parser.parse_args()
    image = sheet(tuple(args.family), args.count, args.seed, args.columns, args.width)
    image.quantize(args.colors, dither=Image.Dither.NONE).save(args.out, optimize=True)


if __name__ == "__main__":
    main()
