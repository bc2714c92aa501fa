"""``voxcore``: the same jobs as the server's, without a server.

Exit codes: 0 done, 1 the job failed, 2 wrong usage or input, 130 interrupted (what was reached is kept).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

import voxcore
from voxcore.cameras import Camera
from voxcore.checkpoint import blocks_in, load_checkpoint
from voxcore.cli_train import run_and_show
from voxcore.config import IMAGE_SETTINGS, InitMode, Method, Region, TeacherName, TrainConfig, Variant
from voxcore.datasets import load_dataset
from voxcore.defaults import SDXL_MODEL
from voxcore.errors import InvalidInput, NotFound, VoxcoreError
from voxcore.guidance.model_folder import missing_libraries, model_in
from voxcore.job import JobSpec, resumed_job
from voxcore.maps import VoxelMap, load_map, map_stats
from voxcore.maps.atomic import write_bytes
from voxcore.maps.export import export_training
from voxcore.maps.formats import MAP_FORMATS, export_map, format_of_file
from voxcore.maps.library import list_datasets, list_maps, resolve_dataset_id, resolve_map_id
from voxcore.png import encode_png
from voxcore.recorder import LOG_NAME
from voxcore.render import hard_image, lit_colors
from voxcore.views import three_quarter_view


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point."""
    args = _parser().parse_args(argv)
    try:
        code: int = args.run(args)
    except NotFound as error:
        return _fail(error, 2)
    except InvalidInput as error:
        return _fail(error, 2)
    except VoxcoreError as error:
        return _fail(error, 1)
    return code


def _fail(error: VoxcoreError, code: int) -> int:
    print(f"voxcore: {error}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="voxcore", description=voxcore.__doc__)
    parser.add_argument("--version", action="version", version=voxcore.__version__)
    parser.add_argument("--maps", type=Path, default=Path("maps"), help="the maps folder (default: maps)")
    parser.add_argument("--datasets", type=Path, default=Path("datasets"), help="the datasets folder")
    parser.add_argument("--models", type=Path, default=Path("models"), help="the folder of image models")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_train(commands.add_parser("train", help="regenerate a map from a prompt, or rebuild one from pictures"))

    export = commands.add_parser(
        "export", help="save a map as a file of another program, or store what a training folder holds as a new map"
    )
    export.add_argument("--map-id", help="the map to save")
    export.add_argument("--out", type=Path, metavar="FILE", help="its ending says which format")
    export.add_argument("--format", choices=MAP_FORMATS, help="where the ending leaves a choice")
    export.add_argument("--training-dir", type=Path, help="a training's output folder")
    export.add_argument("--source-map-id", help="the map that the training began with")
    export.set_defaults(run=_export)

    render = commands.add_parser("render", help="draw a map as PNG")
    render.add_argument("--map-id", required=True)
    render.add_argument("--out", type=Path, required=True, help="a .png file")
    render.add_argument("--dataset-id", help="use a camera of this dataset")
    render.add_argument("--view", type=int, default=0, help="number of the dataset's camera")
    render.add_argument("--azimuth", type=float, default=35.0, help="degrees, without a dataset")
    render.add_argument("--elevation", type=float, default=30.0, help="degrees, without a dataset")
    render.add_argument("--width", type=int, default=1094)
    render.add_argument("--height", type=int, default=881)
    render.set_defaults(run=_render)

    stats = commands.add_parser("stats", help="count a map's blocks")
    stats.add_argument("--map-id", required=True)
    stats.add_argument("--json", action="store_true")
    stats.set_defaults(run=_stats)

    for name, listing in (("maps", _maps), ("datasets", _datasets)):
        command = commands.add_parser(name, help=f"list the {name}")
        command.add_argument("--json", action="store_true")
        command.set_defaults(run=listing)
    return parser


def _add_train(parser: argparse.ArgumentParser) -> None:
    """Settings that are not given keep the teacher's default."""
    parser.set_defaults(run=_train)
    parser.add_argument("--prompt", help="what to build")
    parser.add_argument("--map-id", help="the map to start from (default: 1)")
    parser.add_argument("--dataset-id", help="cameras, and pictures for the photometric teacher")
    parser.add_argument("--resume", type=Path, metavar="DIR", help="go on with the job in this output folder")
    parser.add_argument("--output-dir", type=Path, help="default: runs/<time>")
    parser.add_argument("--variations", type=int, default=1, metavar="N",
                        help="run this many seeds, from the given one on; every map is kept")  # fmt: skip
    parser.add_argument("--device", default="cpu", help="cpu or cuda (default: cpu)")
    parser.add_argument("--no-export", action="store_true", help="do not store the result as a new map")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--teacher", choices=get_args(TeacherName))
    parser.add_argument("--method", choices=get_args(Method))
    parser.add_argument("--init-mode", choices=get_args(InitMode))
    parser.add_argument("--region", type=int, nargs=6, metavar=("X0", "Y0", "Z0", "X1", "Y1", "Z1"),
                        help="only these cells may change; the second corner is exclusive")  # fmt: skip
    parser.add_argument("--keep", type=int, nargs=6, action="append", metavar=("X0", "Y0", "Z0", "X1", "Y1", "Z1"),
                        help="these cells stay as they are; may be given several times")  # fmt: skip
    parser.add_argument("--model", metavar="MODEL", help="for the sdxl teacher: a name in the models folder, a "
                        "folder, or one of a few ids on the hub (default: sdxl)")  # fmt: skip
    parser.add_argument("--download", action="store_true", help="fetch a model of the hub that is not here yet")
    parser.add_argument("--variant", choices=get_args(Variant), help="how an image model's score is distilled")
    parser.add_argument("--negative-prompt", help="what the image model should not paint")
    for name in ("view-prompts", "perp-neg", "tiny-encoder", "low-memory", "tiled-views", "even-weights"):
        parser.add_argument(f"--{name}", action=argparse.BooleanOptionalAction, help="of the sdxl teacher")
    for name in ("steps", "seed", "distilled-steps", "teacher-calls", "views-per-step", "image-size",
                 "log-every", "image-every", "save-map-every", "checkpoint-every"):  # fmt: skip
        parser.add_argument(f"--{name}", type=int)
    for name in ("lr", "material-lr", "cfg-scale", "cfg-rescale", "random-sky", "anchored", "temp-start", "temp-end",
                 "t-start", "t-end", "strength", "lambda-prior", "lambda-sparsity", "lambda-entropy", "lambda-smooth",
                 "lambda-connectivity", "lambda-material", "pixel-grad-clip"):  # fmt: skip
        parser.add_argument(f"--{name}", type=float)
    parser.add_argument("--clean", action=argparse.BooleanOptionalAction, help="drop floating crumbs of the result")


MAX_VARIATIONS = 1000
_SETTINGS = (
    "teacher", "method", "init_mode", "steps", "seed", "teacher_calls", "views_per_step", "image_size",
    "log_every", "image_every", "save_map_every", "checkpoint_every", "lr", "material_lr", "cfg_scale",
    "temp_start", "temp_end", "t_start", "t_end", "strength", "lambda_prior", "lambda_sparsity", "lambda_entropy",
    "lambda_smooth", "lambda_connectivity", "pixel_grad_clip", "clean",
    *IMAGE_SETTINGS - {"model"},
)  # fmt: skip


def _train(args: argparse.Namespace) -> int:
    given = {name: getattr(args, name) for name in _SETTINGS}
    if args.resume is not None:
        stated = [name for name, value in given.items() if value is not None]
        stated += [
            name for name in ("prompt", "map_id", "dataset_id", "region", "keep", "output_dir") if getattr(args, name)
        ]
        if stated:
            raise InvalidInput("a resumed job has its settings; do not repeat them", field=stated[0])
        spec, output_dir = resumed_job(args.resume, lambda name: _model(args, args.model or name)[1]), args.resume
    else:
        if args.region is not None:
            given["region"] = _box(args.region, "region")
        if args.keep is not None:
            given["keep"] = tuple(_box(corners, "keep") for corners in args.keep)
        folder = None
        if args.teacher == "sdxl":
            given["model"], folder = _model(args, args.model or SDXL_MODEL)
        config = TrainConfig.create(args.prompt or "", **given)
        spec = JobSpec(config, map_id=args.map_id or "1", dataset_id=args.dataset_id, export=not args.no_export,
                       model_folder=folder)  # fmt: skip
        output_dir = args.output_dir or Path("runs") / time.strftime("%Y%m%d-%H%M%S")
    for one, folder in _variations(spec, output_dir, args.variations):
        if args.variations > 1 and not args.json:
            print(f"seed {one.config.seed}, in {folder}", flush=True)
        code = run_and_show(
            one, maps_root=args.maps, datasets_root=args.datasets, output_dir=folder,
            device=args.device, as_json=args.json,
        )  # fmt: skip
        if code:
            return code
    return 0


def _model(args: argparse.Namespace, asked: str) -> tuple[str, Path]:
    """Name and folder of the image model that was asked for: by name, by folder or by its id on the hub.

    Raises InvalidInput, NotFound.
    """
    path = Path(asked)
    if path.is_dir():
        return path.resolve().name, path
    if "/" not in asked:
        return asked, model_in(args.models, asked)
    try:
        from voxcore.guidance.diffusers_model import hub_folder
    except ImportError as error:
        raise missing_libraries(error) from error
    return asked, hub_folder(asked, download=args.download)


def _box(corners: list[int], field: str) -> Region:
    x0, y0, z0, x1, y1, z1 = corners
    return Region((x0, y0, z0), (x1, y1, z1), field)


def _variations(spec: JobSpec, output_dir: Path, count: int) -> list[tuple[JobSpec, Path]]:
    """The jobs of ``count`` seeds that follow each other, each with a folder of its own. Raises InvalidInput."""
    if not 1 <= count <= MAX_VARIATIONS:
        raise InvalidInput(f"expected 1 to {MAX_VARIATIONS}, got {count}", field="variations")
    if count == 1:
        return [(spec, output_dir)]
    if spec.resume_from is not None:
        raise InvalidInput("expected 1 for a resumed job: each variation is resumed by itself", field="variations")
    configs = [replace(spec.config, seed=spec.config.seed + i) for i in range(count)]
    return [(replace(spec, config=config), output_dir / f"seed_{config.seed}") for config in configs]


def _export(args: argparse.Namespace) -> int:
    given = {name for name in ("map_id", "out", "format", "training_dir", "source_map_id") if getattr(args, name)}
    if given == {"training_dir", "source_map_id"}:
        return _export_training(args)
    if given - {"format"} != {"map_id", "out"}:
        raise InvalidInput("expected --map-id and --out, or --training-dir and --source-map-id", field="export")
    world = load_map(resolve_map_id(args.maps, args.map_id))
    write_bytes(args.out, export_map(world, args.format or format_of_file(args.out.name)))
    print(args.out)
    return 0


def _export_training(args: argparse.Namespace) -> int:
    folder: Path = args.training_dir
    source = load_map(resolve_map_id(args.maps, args.source_map_id))
    final = folder / "maps" / "final.json"
    if final.is_file():
        result = load_map(final)
    else:
        result = source.with_blocks(blocks_in(load_checkpoint(folder)))
    pictures = sorted((folder / "images").glob("step_*.png"))
    chosen = {"first": pictures[0], "middle": pictures[len(pictures) // 2], "last": pictures[-1]} if pictures else {}
    exported = export_training(
        args.maps,
        args.source_map_id,
        result,
        metadata={
            "training": folder.name,
            "blocksBefore": source.counts(),
            "blocksAfter": result.counts(),
        },
        train_log=folder / LOG_NAME,
        images={name: path.read_bytes() for name, path in chosen.items()},
    )
    print(exported.path)
    return 0


def _render(args: argparse.Namespace) -> int:
    if args.out.suffix.lower() != ".png":
        raise InvalidInput(f"expected a file name that ends in .png, got {args.out.name}", field="out")
    world = load_map(resolve_map_id(args.maps, args.map_id))
    image = hard_image(world.blocks, lit_colors(world.palette), _camera(args, world), world_scale=world.world_scale)
    write_bytes(args.out, encode_png(image))
    print(args.out)
    return 0


def _camera(args: argparse.Namespace, world: VoxelMap) -> Camera:
    if args.dataset_id is None:
        return three_quarter_view(world, args.azimuth, args.elevation, args.width, args.height)
    cameras = load_dataset(resolve_dataset_id(args.datasets, args.dataset_id)).cameras
    if not 0 <= args.view < len(cameras):
        raise InvalidInput(f"expected 0 to {len(cameras) - 1}, got {args.view}", field="view")
    chosen: Camera = cameras[args.view]
    return chosen.resized(args.width, args.height)


def _stats(args: argparse.Namespace) -> int:
    world = load_map(resolve_map_id(args.maps, args.map_id))
    stats = map_stats(world.blocks, world.palette)
    if args.json:
        print(json.dumps(stats.as_dict()))
        return 0
    x, y, z = stats.shape
    print(f"{x}x{y}x{z}, {stats.blocks} blocks ({stats.density:.1%}), {stats.grounded_share:.2%} on the ground")
    print(f"tops {stats.heights.lowest} to {stats.heights.highest}, {stats.pieces} pieces")
    for name, count in sorted(stats.counts.items(), key=lambda item: -item[1]):
        print(f"  {name:14} {count:8} {count / stats.blocks:7.2%}")
    for name, count in world.unknown_blocks().items():
        print(f"  note: no palette knows {name} ({count} blocks, kept)")
    return 0


def _maps(args: argparse.Namespace) -> int:
    return _list([(e.id, e.file_bytes) for e in list_maps(args.maps)], args.json)


def _datasets(args: argparse.Namespace) -> int:
    return _list([(e.id, e.file_bytes) for e in list_datasets(args.datasets)], args.json)


def _list(entries: list[tuple[str, int]], as_json: bool) -> int:
    if as_json:
        print(json.dumps([{"id": name, "bytes": size} for name, size in entries]))
    else:
        for name, size in entries:
            print(f"{name:40} {size / 1e6:8.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
