"""The shipped prior, loaded and ready: noisy codes and a prompt in, block probabilities out."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Final

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from voxcore.errors import NotFound, ShapeError
from voxcore.guidance.classifier_free import classifier_free
from voxcore.prior.diffusion import CODE_DIM, encode
from voxcore.prior.network import CONDITION_DIM, NetworkConfig, PriorNetwork
from voxcore.prior.words import WEIGHTS, Tokens, padded_ids, word_table

GRID: Final = (64, 48, 64)
"""The grid that the prior was trained on, [X, Y, Z]."""


@dataclass(frozen=True)
class Prompt:
    """A prompt and the empty prompt, as the network reads them: words [2, W, 96], mask [2, W]."""

    words: Tensor
    mask: Tensor


class Prior:
    """The network with its weights, on one device.

    On a CPU with bfloat16 arithmetic the network runs in bfloat16 (about 1.8 times as fast), on
    other CPUs in float32; on a GPU in bfloat16. What comes out is float32.
    """

    def __init__(self, network: PriorNetwork, device: str | torch.device = "cpu") -> None:
        self.device = torch.device(device)
        fast = self.device.type == "cuda" or torch.cpu._is_avx512_bf16_supported()
        self.dtype = torch.bfloat16 if fast else torch.float32
        self.network = network.to(self.device, self.dtype).eval().requires_grad_(False)
        table = word_table()
        self._vectors = table.vectors

    def read(self, tokens: Tokens) -> Prompt:
        """Word vectors of a tokenised prompt, beside those of the empty prompt."""
        ids = torch.stack([torch.full_like(padded_ids(tokens), -1), padded_ids(tokens)])
        words = self._vectors[ids.clamp(min=0)] * (ids >= 0)[..., None]
        return Prompt(words.to(self.device, self.dtype), (ids >= 0).to(self.device))

    def condition(self, existing: Tensor | None, fixed: Tensor | None = None) -> Tensor:
        """[1, CONDITION_DIM, *GRID]: the present world (palette indices [X, Y, Z] of 12 classes), or
        none, and a mask [X, Y, Z] of cells that must stay as they are. Raises ShapeError.
        """
        out = torch.zeros(1, CONDITION_DIM, *GRID, device=self.device)
        if existing is not None:
            if tuple(existing.shape) != GRID:
                raise ShapeError(f"expected {list(GRID)}, got {list(existing.shape)}", field="existing")
            out[:, :CODE_DIM] = encode(existing[None].to(self.device))
            out[:, CODE_DIM] = 1.0
            if fixed is not None:
                out[:, CODE_DIM + 1] = fixed.to(self.device, torch.float32)
        return out

    @torch.inference_mode()
    def posterior(self, x: Tensor, t: float, prompt: Prompt, condition: Tensor, cfg_scale: float) -> Tensor:
        """Guided block probabilities [1, CLASSES, *GRID] float32 given noisy codes x [1, CODE_DIM, *GRID].

        Guidance acts on log-probabilities; at scale 1 the unconditional pass is not run.
        """
        batch = 1 if cfg_scale == 1.0 else 2
        logits: Tensor = self.network(
            x.to(self.dtype).expand(batch, -1, -1, -1, -1),
            torch.full((batch,), t, device=self.device),
            prompt.words[-batch:],
            prompt.mask[-batch:],
            condition.to(self.dtype).expand(batch, -1, -1, -1, -1),
        ).float()
        if batch == 1:
            return logits.softmax(1)
        log_p = logits.log_softmax(1)
        return classifier_free(log_p[:1], log_p[1:], cfg_scale).softmax(1)


def save_weights(network: PriorNetwork, path: Path, metadata: dict[str, str]) -> None:
    """Write fp16 safetensors with the network's configuration in the header."""
    tensors = {name: value.detach().half().cpu().contiguous() for name, value in network.state_dict().items()}
    save_file(tensors, path, {"config": json.dumps(asdict(network.config)), **metadata})


def load_network(path: Path = WEIGHTS / "prior.safetensors") -> PriorNetwork:
    """Read weights written by `save_weights`, as float32 on the CPU. Raises NotFound."""
    try:
        with safe_open(path, framework="pt") as file:
            config = json.loads(file.metadata()["config"])
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118 (no iterator)
    except (FileNotFoundError, SafetensorError, KeyError) as error:
        raise NotFound(f"expected the prior's weights in {path.name}: {error}", field="weights") from error
    config["tokens"] = tuple(config["tokens"])
    network = PriorNetwork(NetworkConfig(**config))
    network.load_state_dict(tensors)
    return network


@cache
def shipped_prior(device: str) -> Prior:
    """The prior that comes with voxcore, loaded once a process and device. Raises NotFound."""
    return Prior(load_network(), device)
