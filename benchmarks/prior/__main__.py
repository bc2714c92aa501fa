"""The steps of the benchmark: generate, train-classifier, score, report."""

from __future__ import annotations

import argparse
import importlib
import sys
from typing import Final

STEPS: Final = {
    "generate": "benchmarks.prior.generate",
    "train-classifier": "benchmarks.prior.train_classifier",
    "score": "benchmarks.prior.score",
    "report": "benchmarks.prior.report",
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.prior", description=__doc__)
    steps = parser.add_subparsers(dest="step", required=True)
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    for step, module in STEPS.items():
        one = steps.add_parser(step, formatter_class=argparse.RawDescriptionHelpFormatter)
        if step == name:  # the others' imports are not needed
            loaded = importlib.import_module(module)
            one.description = loaded.__doc__
            loaded.add_arguments(one)
    args = parser.parse_args()
    return int(importlib.import_module(STEPS[args.step]).main(args))


if __name__ == "__main__":
    sys.exit(main())
