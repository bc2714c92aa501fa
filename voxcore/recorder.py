"""What a job leaves in its output folder while it runs: train.jsonl, pictures, intermediate maps."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

from voxcore.config import TrainConfig
from voxcore.events import Event, Preview, Progress, Trained, VoxelFrame
from voxcore.maps import VoxelMap, save_map
from voxcore.maps.atomic import storage_errors, write_bytes
from voxcore.png import encode_png

LOG_NAME = "train.jsonl"
FINAL_MAP = Path("maps", "final.json")


class Recorder:
    """Writes events into ``folder`` (made if absent). Raises StorageError.

    A run that goes on from a checkpoint (``first_step`` > 0) keeps the log's lines up to there.
    """

    def __init__(self, folder: Path, config: TrainConfig, source: VoxelMap, first_step: int) -> None:
        self.folder, self.config, self.source = folder, config, source
        self.images: dict[int, bytes] = {}
        with storage_errors(folder):
            (folder / "images").mkdir(parents=True, exist_ok=True)
            (folder / "maps").mkdir(exist_ok=True)
        kept = [line for line in self._lines() if json.loads(line)["step"] <= first_step] if first_step else []
        write_bytes(folder / LOG_NAME, "".join(f"{line}\n" for line in kept).encode())
        if first_step:
            for path in sorted((folder / "images").glob("step_*.png")):
                step = int(path.stem.removeprefix("step_"))
                if step <= first_step:
                    self.images[step] = path.read_bytes()

    def _lines(self) -> list[str]:
        path = self.folder / LOG_NAME
        return path.read_text(encoding="utf-8").splitlines() if path.is_file() else []

    def record(self, event: Event) -> None:
        """Write what is to be kept of ``event``."""
        match event:
            case Progress():
                self._append(log_line(event))
            case Preview():
                self.images[event.step] = encode_png(event.image)
                write_bytes(self.folder / "images" / f"step_{event.step:06d}.png", self.images[event.step])
            case VoxelFrame() if self.config.save_map_every and event.step % self.config.save_map_every == 0:
                save_map(self.source.with_blocks(event.blocks), self.folder / "maps" / f"step_{event.step:06d}.json")
            case Trained():
                save_map(self.source.with_blocks(event.blocks), self.folder / FINAL_MAP)
            case _:
                pass

    def _append(self, line: dict[str, Any]) -> None:
        path = self.folder / LOG_NAME
        with storage_errors(path), path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def sample_images(self) -> dict[str, bytes]:
        """First, middle and last picture as PNG by name; fewer where fewer were drawn."""
        steps = sorted(self.images)
        if not steps:
            return {}
        chosen = {steps[0]: "first", steps[-1]: "last"}
        middle = steps[len(steps) // 2]
        chosen.setdefault(middle, "middle")
        return {name: self.images[step] for step, name in chosen.items()}


def log_line(event: Progress) -> dict[str, Any]:
    """One object of train.jsonl."""
    names = ["total", "sds", "sparsity", "entropy", "smooth", "connectivity"]
    names += ["prior"] * ("prior" in event.losses)
    grid = event.grid
    return {
        "step": event.step,
        "temperature": event.temperature,
        "camera_index": event.camera_index,
        "timestep": None if math.isnan(event.timestep) else event.timestep,
        "losses": {name: event.losses.get(name, 0.0) for name in names},
        "grid_stats": {
            "num_active_voxels": grid.num_active_voxels,
            "total_voxels": grid.total_voxels,
            "density": grid.density,
            "occupancy_mean": grid.occupancy_mean,
            "occupancy_std": grid.occupancy_std,
            "material_distribution": dict(grid.material_distribution),
        },
    }
