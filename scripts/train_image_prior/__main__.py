"""Train a small text-to-image diffusion model on pictures of generated worlds: an image teacher of our own.

Worlds and captions come from the generator while it trains (the feed of scripts/train_prior); each world is drawn
from four sides in one picture, with the cameras and the light of a distillation. What comes out is a folder as
diffusers saves Stable Diffusion 1.5, which ``--teacher sdxl --model FOLDER --tiled-views`` takes like any other. Runs
continue each other:

    python scripts/train_image_prior --minutes 8 --out models/blocks --device cuda
    python scripts/train_image_prior --minutes 8 --out models/blocks --device cuda --gpus 2 --resume models/blocks

and write the averaged weights (fp16) and ``train.jsonl``. Half a minute on a CPU, to see that it runs:

    python scripts/train_image_prior --minutes 0.5 --out /tmp/toy --size toy --image-size 16 --batch 8 --workers 1 \\
        --ring 64 --warm-ring 16 --worlds 4 --pictures 64 --captions 100 --validation 16 --log-every 20
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[1:1] = [str(ROOT), str(ROOT / "scripts" / "train_prior")]
# A bare GPU machine has no numba; nothing of this needs it.
from benchmarks.prior import stand_ins  # noqa: E402

stand_ins.install()
from folder import SIZES  # noqa: E402
from loop import CAPTIONS, run  # noqa: E402
from ranks import start  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, required=True, help="time to spend on training steps")
    parser.add_argument("--out", type=Path, required=True, help="the model's folder")
    parser.add_argument("--resume", type=Path, help="folder of an earlier run")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--gpus", type=int, default=1, help="that train together; processes, on a CPU")
    parser.add_argument("--size", choices=SIZES, default="full")
    parser.add_argument("--image-size", type=int, default=80, help="pixels a side of a view, a multiple of 8")
    parser.add_argument("--batch", type=int, default=256, help="pictures a step and GPU")
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--decay", type=float, default=0.0, help="last part of the run in which the rate falls to zero")
    parser.add_argument("--average", type=float, default=0.998, help="how much of the averaged weights a step keeps")
    parser.add_argument("--workers", type=int, default=13, help="generator processes a GPU")
    parser.add_argument("--ring", type=int, default=24576, help="worlds kept on each device")
    parser.add_argument("--warm-ring", type=int, default=2048, help="worlds to wait for before the first step")
    parser.add_argument("--renew", type=int, default=6, help="slots of 16 new worlds taken over at a time, at most")
    parser.add_argument("--worlds", type=int, default=64, help="worlds of which new pictures are drawn at a time")
    parser.add_argument("--reuse", type=int, default=3, help="steps from one time to the next")
    parser.add_argument("--pictures", type=int, default=65536, help="pictures kept on each device")
    parser.add_argument("--tokenizer", type=Path, help="folder of a tokeniser to begin with; else one is learned")
    parser.add_argument("--captions", type=int, default=CAPTIONS, help="captions it is learned from")
    parser.add_argument("--validation", type=int, default=512, help="pictures to validate on at the end")
    parser.add_argument("--save-every", type=float, default=60.0, help="seconds between two saves of a run")
    parser.add_argument("--log-every", type=int, default=100, help="steps between two lines of the log")
    args = parser.parse_args()
    if args.image_size % 8:
        parser.error(f"--image-size: expected a multiple of 8, got {args.image_size}")
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the ranks hear it, save, and end; this waits for them
    start(run, args.gpus, args)


if __name__ == "__main__":
    main()
