"""The classifier: pictures of one world from several sides in, families, setting, ground and material out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.prior.labels import GROUND_NAMES, MATERIAL_NAMES, SETTING_NAMES
from voxcore.worlds import FAMILIES

FEATURES: Final = 256
WEIGHTS: Final = Path(__file__).with_name("classifier.safetensors")
HEADS: Final = {"family": FAMILIES, "setting": SETTING_NAMES, "ground": GROUND_NAMES, "material": MATERIAL_NAMES}


@dataclass(frozen=True)
class Answer:
    """Logits [B, names] of each head, and the features [B, FEATURES] under them."""

    family: Tensor
    setting: Tensor
    ground: Tensor
    material: Tensor
    features: Tensor


class _Block(nn.Module):
    """Two 3x3 convolutions and a way around them."""

    def __init__(self, inside: int, outside: int, stride: int) -> None:
        super().__init__()
        self.a = nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
        self.norm_a = nn.BatchNorm2d(outside)
        self.b = nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
        self.norm_b = nn.BatchNorm2d(outside)
        self.around = nn.Conv2d(inside, outside, 1, stride, bias=False) if stride > 1 or inside != outside else None

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm_b(self.b(F.relu(self.norm_a(self.a(x)))))
        return F.relu(y + (x if self.around is None else self.around(x)))


class Classifier(nn.Module):
    """One convolutional trunk for all views. Mean and maximum over a picture's places, and over the views, are joined:
    the maximum is what finds a small thing beside a large one.
    """

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.width = width
        w = width
        self.stem = nn.Sequential(nn.Conv2d(3, w, 5, 2, 2, bias=False), nn.BatchNorm2d(w), nn.ReLU())
        self.trunk = nn.Sequential(
            _Block(w, w, 1),
            _Block(w, 2 * w, 2),
            _Block(2 * w, 2 * w, 1),
            _Block(2 * w, 4 * w, 2),
            _Block(4 * w, 4 * w, 1),
            _Block(4 * w, 5 * w, 2),
            _Block(5 * w, 5 * w, 1),
        )
        self.join = nn.Linear(20 * w, FEATURES)
        self.heads = nn.ModuleDict({name: nn.Linear(FEATURES, len(names)) for name, names in HEADS.items()})

    def forward(self, pictures: Tensor) -> Answer:
        """``pictures`` [B, V, 3, H, W] in 0..1."""
        batch, views = pictures.shape[:2]
        x = self.trunk(self.stem(pictures.flatten(0, 1) * 4 - 2))
        x = torch.cat([x.mean(dim=(2, 3)), x.amax(dim=(2, 3))], dim=1).view(batch, views, -1)
        features = F.gelu(self.join(torch.cat([x.mean(dim=1), x.amax(dim=1)], dim=1)))
        return Answer(features=features, **{name: head(features) for name, head in self.heads.items()})


def save(network: Classifier, path: Path, facts: dict[str, Any]) -> None:
    """fp16 safetensors; the header holds the names of every head and ``facts``."""
    tensors = {
        name: (value.detach().half() if value.is_floating_point() else value.detach()).cpu().contiguous()
        for name, value in network.state_dict().items()
    }
    header = {"width": str(network.width), "heads": json.dumps(HEADS), "facts": json.dumps(facts)}
    save_file(tensors, path, header)


def load(path: Path = WEIGHTS) -> tuple[Classifier, dict[str, Any]]:
    """The classifier and its facts. Raises ValueError where it was trained for other names."""
    with safe_open(path, framework="pt") as file:
        header = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no iterator)
    trained = {name: tuple(names) for name, names in json.loads(header["heads"]).items()}
    if trained != HEADS:
        raise ValueError(f"{path.name} was trained for other names than the generator's present ones: train it again")
    network = Classifier(int(header["width"]))
    network.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in tensors.items()})
    return network.eval(), json.loads(header["facts"])
