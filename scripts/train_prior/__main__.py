"""Train the embedded prior on worlds that are generated while it trains. Needs a GPU; uses all it finds.

Generator processes fill shared slots, the trainer copies them into a ring on each GPU and draws its
batches there; no world is kept on disk and few are seen twice. Runs continue each other:

    python scripts/train_prior --minutes 9 --out build/prior
    python scripts/train_prior --minutes 9 --out build/prior --resume build/prior --decay 0.6

writes ``prior-*.safetensors`` (averaged weights, fp16: what voxcore ships and the next run continues
from) and ``train.jsonl``.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from parts import PARTS
from ranks import start
from run import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=PARTS, default="prior", help="which of the prior's networks")
    parser.add_argument("--minutes", type=float, required=True, help="time to spend on training steps")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--resume", type=Path, help="folder of an earlier run")
    parser.add_argument("--decay", type=float, default=0.0, help="last part of the run in which the rate falls to zero")
    parser.add_argument("--batch", type=int, default=128, help="worlds a step and GPU")
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--ring", type=int, default=32768, help="worlds kept on each GPU")
    parser.add_argument("--warm-ring", type=int, default=6144, help="worlds to wait for before the first step")
    parser.add_argument("--workers", type=int, default=11, help="generator processes a GPU")
    parser.add_argument("--renew", type=int, default=8, help="slots of 16 new worlds taken over in each step, at most")
    parser.add_argument("--gpus", type=int, default=torch.cuda.device_count(), help="0 trains on the CPU (for a trial)")
    parser.add_argument("--save-every", type=float, default=60.0, help="seconds between two saves of a run")
    parser.add_argument("--validation", type=int, default=512, help="worlds to validate on at the end")
    parser.add_argument("--no-compile", dest="compile", action="store_false")
    args = parser.parse_args()
    start(run, args.gpus, args)


if __name__ == "__main__":
    main()
