"""The shipped prior, loaded and ready: noisy codes and a prompt in, block probabilities out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, Final, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from voxcore.errors import NotFound, ShapeError
from voxcore.guidance.classifier_free import classifier_free
from voxcore.prior import int8
from voxcore.prior.diffusion import CLASSES, CODE_DIM, encode
from voxcore.prior.layout import LayoutConfig, LayoutNetwork, cells, columns
from voxcore.prior.network import CONDITION_DIM, NetworkConfig, PriorNetwork, depth_to_space
from voxcore.prior.sampler import LAYOUT, SHARPENED, noise_ratio
from voxcore.prior.words import WEIGHTS, Tokens, padded_ids, word_table

GRID: Final = (64, 48, 64)
"""The grid that the prior was trained on, [X, Y, Z]."""
_PART_BYTES: Final = 15_000_000
Network = TypeVar("Network", PriorNetwork, LayoutNetwork)


@dataclass(frozen=True)
class Prompt:
    """A prompt as the network reads it: words [1, W, 96], mask [1, W]."""

    words: Tensor
    mask: Tensor


class Prior:
    """The networks with their weights, on one device. Without ``layout`` its questions go to the other one.

    On a CPU with bfloat16 arithmetic they run in bfloat16 (about 1.8 times as fast), on one with 8-bit
    products (VNNI) their large layers in those, on other CPUs all in float32; on a GPU in bfloat16. What comes out is
    float32.
    """

    def __init__(
        self, network: PriorNetwork, layout: LayoutNetwork | None = None, device: str | torch.device = "cpu"
    ) -> None:
        self.device = torch.device(device)
        fast = self.device.type == "cuda" or torch.cpu._is_avx512_bf16_supported()
        self.dtype = torch.bfloat16 if fast else torch.float32
        self.network = network.to(self.device, self.dtype).eval().requires_grad_(False)
        self.layout = None if layout is None else layout.to(self.device, self.dtype).eval().requires_grad_(False)
        if self.device.type == "cpu" and not fast and int8.supported():
            for each in filter(None, (self.network, self.layout)):
                int8.use_int8_layers(each)
        self._vectors = word_table().vectors

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
        self,
        x: Tensor,
        t: float,
        prompt: Prompt,
        condition: Tensor | None,
        cfg_scale: float,
        guess: Tensor | None = None,
    ) -> Tensor:
        """Block probabilities [B, CLASSES, *GRID] float32 given noisy codes x [B, CODE_DIM, *GRID],
        condition [B or 1, CONDITION_DIM, *GRID] and the codes that the answer before expected, like x, if
        there was one. In memory the classes of a cell lie side by side. A ``condition`` of None says that a world is
        built from nothing; what stands where is then the layout network's to say (`voxcore.prior.sampler.LAYOUT`).

        A ``cfg_scale`` other than 1 is classifier-free guidance on log-probabilities, by a second pass
        without the prompt. The answer is made sharper (`voxcore.prior.sampler.SHARPENED`).
        """
        ask: Callable[[Tensor, Tensor], Tensor]
        if condition is None and self.layout is not None and noise_ratio(t) >= LAYOUT:
            ask = partial(self._layout_logits, self.layout, columns(x.movedim(1, -1)), t, guess)
        else:
            given = self.condition(None) if condition is None else condition
            ask = partial(self._logits, x, t, given, guess)
        logits = ask(prompt.words, prompt.mask)
        if cfg_scale != 1.0:
            nothing = ask(torch.zeros_like(prompt.words), torch.zeros_like(prompt.mask))
            logits = classifier_free(nothing, logits, cfg_scale)
        answer = (SHARPENED * logits).softmax(-1)
        if answer.shape[1:4] != x.shape[2:]:
            answer = cells(answer)
        return answer.movedim(-1, 1)

    def _layout_logits(
        self, network: LayoutNetwork, x: Tensor, t: float, guess: Tensor | None, words: Tensor, mask: Tensor
    ) -> Tensor:
        """Log-shares up to a constant of each column of cells, float32."""
        batch = len(x)
        logits: Tensor = network(
            x,
            torch.full((batch,), t, device=self.device),
            words.expand(batch, -1, -1),
            mask.expand(batch, -1),
            None if guess is None else columns(guess.movedim(1, -1)),
        )
        return logits.float()

    def _logits(
        self, x: Tensor, t: float, condition: Tensor, guess: Tensor | None, words: Tensor, mask: Tensor
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


def save_weights(network: PriorNetwork | LayoutNetwork, folder: Path, name: str, metadata: dict[str, str]) -> None:
    """Write ``<name>-<n>.safetensors``, fp16, with the network's configuration in each header."""
    tensors = {key: value.detach().half().cpu().contiguous() for key, value in network.state_dict().items()}
    header = {"config": json.dumps(asdict(network.config)), **metadata}
    for i, part in enumerate(_in_parts(tensors)):
        save_file(part, folder / f"{name}-{i}.safetensors", header)


def load_network(folder: Path = WEIGHTS) -> PriorNetwork:
    """Read ``prior-<n>.safetensors`` as float32 on the CPU. Raises NotFound."""
    return _load(folder, "prior", lambda config: PriorNetwork(NetworkConfig(**config)))


def load_layout(folder: Path = WEIGHTS) -> LayoutNetwork:
    """Read ``layout-<n>.safetensors`` as float32 on the CPU. Raises NotFound."""
    return _load(folder, "layout", lambda config: LayoutNetwork(LayoutConfig(**config)))


def _load(folder: Path, name: str, make: Callable[[dict[str, Any]], Network]) -> Network:
    tensors: dict[str, Tensor] = {}
    config = {}
    try:
        for path in sorted(folder.glob(f"{name}-*.safetensors")):
            with safe_open(path, framework="pt") as file:
                config = json.loads(file.metadata()["config"])
                tensors |= {key: file.get_tensor(key).float() for key in file.keys()}  # noqa: SIM118 (no iterator)
        config["tokens"] = tuple(config["tokens"])
        network = make(config)
        network.load_state_dict(tensors)
    except (OSError, SafetensorError, KeyError, RuntimeError) as error:
        raise NotFound(f"expected the prior's weights, {name}-*.safetensors: {error}", field="weights") from error
    return network


@cache
def shipped_prior(device: str) -> Prior:
    """The prior that comes with voxcore, loaded once a process and device. Raises NotFound."""
    return Prior(load_network(), load_layout(), device)
