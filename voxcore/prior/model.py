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
from voxcore.prior import int8
from voxcore.prior.diffusion import CLASSES, CODE_DIM, encode
from voxcore.prior.network import CONDITION_DIM, NetworkConfig, PriorNetwork, depth_to_space
from voxcore.prior.sampler import SHARPENED
from voxcore.prior.words import WEIGHTS, Tokens, padded_ids, word_table

GRID: Final = (64, 48, 64)
"""The grid that the prior was trained on, [X, Y, Z]."""
_PART_BYTES: Final = 15_000_000


@dataclass(frozen=True)
class Prompt:
    """A prompt as the network reads it: words [1, W, 96], mask [1, W]."""

    words: Tensor
    mask: Tensor


class Prior:
    """The network with its weights, on one device.

    On a CPU with bfloat16 arithmetic the network runs in bfloat16 (about 1.8 times as fast), on one with 8-bit
    products (VNNI) its large layers in those, on other CPUs all in float32; on a GPU in bfloat16. What comes out is
    float32.
    """

    def __init__(self, network: PriorNetwork, device: str | torch.device = "cpu") -> None:
        self.device = torch.device(device)
        fast = self.device.type == "cuda" or torch.cpu._is_avx512_bf16_supported()
        self.dtype = torch.bfloat16 if fast else torch.float32
        self.network = network.to(self.device, self.dtype).eval().requires_grad_(False)
        if self.device.type == "cpu" and not fast and int8.supported():
            int8.use_int8_layers(self.network)
        table = word_table()
        self._vectors = table.vectors

    def read(self, tokens: Tokens) -> Prompt:
        """Word vectors of a tokenised prompt."""
        ids = padded_ids(tokens)[None]
        words = self._vectors[ids.clamp(min=0)] * (ids >= 0)[..., None]
        return Prompt(words.to(self.device, self.dtype), (ids >= 0).to(self.device))

    def condition(self, existing: Tensor | None, fixed: Tensor | None = None) -> Tensor:
        """[1, CONDITION_DIM, *GRID]: the present world (palette indices [X, Y, Z] of 12 classes), or
        none, and a mask [X, Y, Z] of cells that must stay as they are. Raises ShapeError.
        """
        out = torch.zeros(1, *GRID, CONDITION_DIM, device=self.device)
        if existing is not None:
            if tuple(existing.shape) != GRID:
                raise ShapeError(f"expected {list(GRID)}, got {list(existing.shape)}", field="existing")
            out[..., :CODE_DIM] = encode(existing[None].to(self.device)).movedim(1, -1)
            out[..., CODE_DIM] = 1.0
            if fixed is not None:
                out[..., CODE_DIM + 1] = fixed.to(self.device, torch.float32)
        return out.movedim(-1, 1)

    @torch.inference_mode()
    def posterior(
        self, x: Tensor, t: float, prompt: Prompt, condition: Tensor, cfg_scale: float, guess: Tensor | None = None
    ) -> Tensor:
        """Block probabilities [B, CLASSES, *GRID] float32 given noisy codes x [B, CODE_DIM, *GRID],
        condition [B or 1, CONDITION_DIM, *GRID] and the codes that the answer before expected, like x, if
        there was one. In memory the classes of a cell lie side by side.

        A ``cfg_scale`` other than 1 is classifier-free guidance on log-probabilities, by a second pass
        without the prompt. The answer is made sharper (`voxcore.prior.sampler.SHARPENED`).
        """
        logits = self._logits(x, t, prompt.words, prompt.mask, condition, guess)
        if cfg_scale != 1.0:
            nothing = torch.zeros_like(prompt.words), torch.zeros_like(prompt.mask)
            logits = classifier_free(self._logits(x, t, *nothing, condition, guess), logits, cfg_scale)
        return (SHARPENED * logits).softmax(-1).movedim(-1, 1)

    def _logits(
        self, x: Tensor, t: float, words: Tensor, mask: Tensor, condition: Tensor, guess: Tensor | None
    ) -> Tensor:
        """Log-probabilities up to a constant of each cell [B, *GRID, CLASSES] float32."""
        batch = len(x)
        logits = self.network(
            x.movedim(1, -1).to(self.dtype),
            torch.full((batch,), t, device=self.device),
            words.expand(batch, -1, -1),
            mask.expand(batch, -1),
            condition.movedim(1, -1).to(self.dtype).expand(batch, -1, -1, -1, -1),
            None if guess is None else guess.movedim(1, -1).to(self.dtype),
        )
        logits = depth_to_space(logits).float()
        assert logits.shape[-1] == CLASSES
        return logits


def _in_parts(tensors: dict[str, Tensor]) -> list[dict[str, Tensor]]:
    """Tensors by name, in as few groups as fit into files of 15 MB."""
    parts: list[dict[str, Tensor]] = [{}]
    size = 0
    for name, value in tensors.items():
        own = value.numel() * value.element_size()
        if parts[-1] and size + own > _PART_BYTES:
            parts.append({})
            size = 0
        parts[-1][name] = value
        size += own
    return parts


def save_weights(network: PriorNetwork, folder: Path, metadata: dict[str, str]) -> None:
    """Write ``prior-<n>.safetensors``, fp16, with the network's configuration in each header."""
    tensors = {name: value.detach().half().cpu().contiguous() for name, value in network.state_dict().items()}
    header = {"config": json.dumps(asdict(network.config)), **metadata}
    for i, part in enumerate(_in_parts(tensors)):
        save_file(part, folder / f"prior-{i}.safetensors", header)


def load_network(folder: Path = WEIGHTS) -> PriorNetwork:
    """Read weights written by `save_weights`, as float32 on the CPU. Raises NotFound."""
    tensors: dict[str, Tensor] = {}
    config = {}
    try:
        for path in sorted(folder.glob("prior-*.safetensors")):
            with safe_open(path, framework="pt") as file:
                config = json.loads(file.metadata()["config"])
                tensors |= {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118 (no iterator)
        config["tokens"] = tuple(config["tokens"])
        network = PriorNetwork(NetworkConfig(**config))
        network.load_state_dict(tensors)
    except (OSError, SafetensorError, KeyError, RuntimeError) as error:
        raise NotFound(f"expected the prior's weights, prior-*.safetensors: {error}", field="weights") from error
    return network


@cache
def shipped_prior(device: str) -> Prior:
    """The prior that comes with voxcore, loaded once a process and device. Raises NotFound."""
    return Prior(load_network(), device)
