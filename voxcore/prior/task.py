"""The prior's view of one job: prompt, window, condition and palette, for distilling and sampling."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from voxcore.errors import TeacherError
from voxcore.palette import Palette
from voxcore.prior.diffusion import CLASSES, CODE_DIM, codebook, encode
from voxcore.prior.model import Prior, Prompt
from voxcore.prior.sampler import noised
from voxcore.prior.tiles import tiles
from voxcore.prior.window import GROUND_LAYER, Window, home_indices, lift, nearest_classes

Blocks = NDArray[np.uint8]
KEEP: Final = 2.0
"""Nats by which another kind of block must be likelier than a cell's present one to replace it."""


class PriorTask:
    """Asks the prior about a map.

    Args:
        prompt, land: what the canvas's middle is to be, and what the rest of a large canvas is.
        existing: the world to be edited [X, Y, Z], or None to build freely.
        ground: class of the flat land to build on in a map smaller than the canvas, or None: then
            the land is built too. The land goes on beyond the map, so what is built fits inside.
        fixed: mask [X, Y, Z] of cells that must stay as they are in ``existing``.
    """

    def __init__(
        self,
        prior: Prior,
        prompt: Prompt,
        land: Prompt,
        palette: Palette,
        window: Window,
        *,
        existing: Blocks | None,
        fixed: NDArray[np.bool_],
        ground: int | None = None,
    ) -> None:
        self.prior, self.window = prior, window
        self.materials = len(palette)
        self.edits = existing is not None
        device = prior.device
        classes = nearest_classes(palette)
        self._classes = torch.from_numpy(classes).to(device)
        self._homes = torch.from_numpy(home_indices(palette)).to(device)
        self._codes = codebook().to(device)[self._classes.long()]
        own = np.zeros_like(fixed, dtype=np.uint8) if existing is None else existing
        self._own = torch.from_numpy(own[window.map_slices].copy()).to(device)
        # Cells of the canvas beyond the map count as fixed: they only continue its border.
        held = window.cut(fixed.view(np.uint8)).bool() | ~window.inside()
        holds = bool(fixed.any()) if self.edits else ground is not None
        self._held = held.to(device) if holds else None
        cut = None if existing is None else window.cut(classes[existing])
        if ground is not None:
            cut = torch.zeros(window.size, dtype=torch.uint8)
            cut[:, :GROUND_LAYER] = ground
        self.surroundings = torch.full((1, CODE_DIM, *window.size), 0.0, device=device)
        self.surroundings[:, 0] = -1.0
        self._present: Tensor | None = None
        if cut is not None:
            self.surroundings = encode(cut[None].to(device))
            self._present = cut[None, None].long().to(device) if self.edits else None
        self._tiles = tiles(window.size)
        self._prompts = [prompt if tile.central else land for tile in self._tiles]
        self._conditions = [
            None
            if cut is None
            else prior.condition(cut[tile.slices], None if self._held is None else self._held[tile.slices])
            for tile in self._tiles
        ]

    @property
    def from_nothing(self) -> bool:
        """Whether there is no map and no ground that the prior is shown."""
        return self._conditions[0] is None

    @property
    def passes(self) -> int:
        """How many tiles one question takes."""
        return len(self._tiles)

    def codes(self, probabilities: Tensor) -> Tensor:
        """Expected codes [1, CODE_DIM, *size] of the map's block probabilities [X, Y, Z, 1 + M]."""
        out = self.surroundings.clone()
        part = torch.einsum("xyzm,mc->cxyz", probabilities[self.window.map_slices], self._codes)
        out[0][:, *self.window.grid_slices] = part
        return self.hold(out)

    def ask(self, x: Tensor, t: float, cfg_scale: float, guess: Tensor | None) -> Tensor:
        """The guided posterior [1, CLASSES, *size] at noisy codes x, after an answer that expected the codes
        ``guess`` [1, CODE_DIM, *size]. Raises TeacherError for NaN.
        """
        if self.passes == 1:
            q = self.prior.posterior(x, t, self._prompts[0], self._conditions[0], cfg_scale, guess)
        else:
            q = x.new_zeros(1, CLASSES, *self.window.size)
            for tile, prompt, condition in zip(self._tiles, self._prompts, self._conditions, strict=True):
                place = (slice(None), slice(None), *tile.slices)
                before = None if guess is None else guess[place].contiguous()
                part = self.prior.posterior(x[place].contiguous(), t, prompt, condition, cfg_scale, before)
                q[place] += part * tile.weight.to(part)
        if not bool(torch.isfinite(q).all()):
            raise TeacherError(f"the prior answered with NaN at t = {t:.3f}", field="teacher")
        return q if self._present is None else _kept(q, self._present)

    def hold(self, x0: Tensor) -> Tensor:
        """``x0`` [1, CODE_DIM, *size] with the fixed cells put back."""
        return x0 if self._held is None else torch.where(self._held, self.surroundings, x0)

    def lift(self, q: Tensor) -> Tensor:
        """The posterior as probabilities of the map's own palette [x, y, z, 1 + M] in the window."""
        part = q[0][:, *self.window.grid_slices]
        return lift(part, self._own, self._classes, self._homes).movedim(0, -1).contiguous()

    def fresh(self, generator: torch.Generator) -> Tensor:
        """Unit noise [1, CODE_DIM, *size], drawn on the CPU so that every device sees the same."""
        return torch.randn(1, CODE_DIM, *self.window.size, generator=generator).to(self.prior.device)

    def start(self, noise: Tensor, t: float, *, keep: bool) -> Tensor:
        """x_t to begin with: the surroundings noised (``keep``), or noise alone."""
        return noised(self.surroundings, noise, t) if keep else noise


def _kept(q: Tensor, present: Tensor) -> Tensor:
    """``q`` [1, CLASSES, ...] with each full cell's ``present`` class [1, 1, ...] made KEEP nats likelier
    among the kinds of block. Whether the cell is full stays as likely as it was.
    """
    solid = 1.0 - q[:, :1]
    own = q.gather(1, present)
    gain = torch.e**KEEP
    factor = torch.where(present > 0, solid / (solid + (gain - 1.0) * own).clamp(min=1e-9), 1.0)
    out = q * factor
    out[:, :1] = q[:, :1]
    return out.scatter(1, present, torch.where(present > 0, own * gain * factor, own))
