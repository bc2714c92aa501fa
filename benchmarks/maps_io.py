"""Loading and saving maps/1 on one core, against plain json on the same file.

    OMP_NUM_THREADS=1 python benchmarks/maps_io.py [--repeat 15] [--map maps/1]

The peer does less: ``json.load`` and ``json.dump`` check nothing, make no grid, and do not wait for
the disk (``save_map`` does; "dump" is its share without the disk). Best and median of all
repetitions, in turns, so that a busy moment hits both.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from voxcore.maps import dump_map, load_map, save_map
from voxcore.maps.map_json import FILE_NAME


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=15)
    parser.add_argument("--map", type=Path, default=Path(__file__).parent.parent / "maps" / "1")
    arguments = parser.parse_args()
    source = arguments.map / FILE_NAME
    voxel_map = load_map(source)
    document = json.loads(source.read_bytes())
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

    def json_load() -> object:
        with source.open(encoding="utf-8") as stream:
            return json.load(stream)

    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, FILE_NAME)

        def json_dump() -> None:
            with target.open("w", encoding="utf-8") as stream:
                json.dump(document, stream)

        def json_dumps() -> None:
            target.write_text(json.dumps(document), encoding="utf-8")

        work = {
            "load_map": lambda: load_map(source),
            "json.load": json_load,
            "save_map": lambda: save_map(voxel_map, target),
            "dump_map": lambda: dump_map(voxel_map),
            "json.dump": json_dump,
            "json.dumps + write": json_dumps,
        }
        times: dict[str, list[float]] = {name: [] for name in work}
        for _ in range(arguments.repeat):
            for name, call in work.items():
                times[name].append(seconds(call))

    print(f"{source}: {len(document['blocks'])} blocks, {source.stat().st_size} bytes, {arguments.repeat} repetitions")
    for name, values in times.items():
        print(f"{name:20} best {min(values) * 1e3:7.1f} ms   median {statistics.median(values) * 1e3:7.1f} ms")
    for ours, theirs in (("load_map", "json.load"), ("save_map", "json.dump"), ("save_map", "json.dumps + write")):
        print(f"{ours} / {theirs}: {min(times[ours]) / min(times[theirs]):.2f} of the time")


if __name__ == "__main__":
    main()
