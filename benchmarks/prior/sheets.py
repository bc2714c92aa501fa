"""Contact sheets: results with their prompts, to be looked at as a level designer would."""

from __future__ import annotations

import io
import textwrap
from typing import Any, Final

from PIL import Image, ImageDraw

from benchmarks.prior.hits import judge
from benchmarks.prior.prompts import GROUPS, Asked
from benchmarks.prior.results import Record
from voxcore.palette import EDITOR
from voxcore.render import hard_image, lit_colors
from voxcore.views import three_quarter_view

SHOWN: Final = 60
COLUMNS: Final = 10
WIDTH: Final = 220
HEIGHT: Final = 176
TEXT: Final = 40
RIGHT: Final = (20, 110, 40)
WRONG: Final = (170, 30, 30)


def choose(records: list[Record], prompts: dict[str, Asked], count: int = SHOWN) -> list[Record]:
    """Every few prompts one, evenly over the groups, in the prompts' order."""
    order = {key: i for i, key in enumerate(prompts)}
    out: list[Record] = []
    for group in GROUPS:
        own = sorted(
            (r for r in records if prompts[r.facts["prompt"]].group == group), key=lambda r: order[r.facts["prompt"]]
        )
        wanted = min(count // len(GROUPS), len(own))
        out += [own[i * len(own) // wanted] for i in range(wanted)]
    return out


def sheet(records: list[Record], rows: dict[str, dict[str, Any]], prompts: dict[str, Asked]) -> bytes:
    """A PNG of up to SHOWN results; the prompt is green where the classifier agrees, red where it does not."""
    chosen = choose(records, prompts)
    lines = -(-len(chosen) // COLUMNS)
    image = Image.new("RGB", (COLUMNS * WIDTH, lines * (HEIGHT + TEXT)), "white")
    draw = ImageDraw.Draw(image)
    lit = lit_colors(EDITOR)
    for i, record in enumerate(chosen):
        world = record.open_map()
        camera = three_quarter_view(world, width=WIDTH, height=HEIGHT)
        x, y = i % COLUMNS * WIDTH, i // COLUMNS * (HEIGHT + TEXT)
        image.paste(Image.fromarray(hard_image(world.blocks, lit, camera, world_scale=world.world_scale)), (x, y))
        asked = prompts[record.facts["prompt"]]
        row = rows.get(record.key)
        color = (0, 0, 0) if row is None else RIGHT if judge(row, asked).right else WRONG
        draw.text((x + 4, y + HEIGHT + 2), "\n".join(textwrap.wrap(asked.prompt, 36)[:3]), fill=color)
    out = io.BytesIO()
    image.quantize(128).save(out, format="PNG", optimize=True)
    return out.getvalue()
