"""The prior's view of one job: prompt, window, condition and palette, for distilling and sampling."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from voxcore.errors import TeacherError
from voxcore.palette import Palette
from voxcore.prior.diffusion import CODE_DIM, codebook, encode
from voxcore.prior.model import GRID, Prior, Prompt
from voxcore.prior.sampler import noised
from voxcore.prior.window import Window, home_indices, lift, nearest_classes

Blocks = NDArray[np.uint8]


class PriorTask:
    """Asks the prior about a map.

    Args:
        existing: the world to be edited [X, Y, Z], or None to build freely.
        source: the map's own blocks [X, Y, Z], whose custom blocks are to be kept.
        fixed: mask [X, Y, Z] of cells that must stay as they are in ``existing``.
    """

    def __init__(
        self,
        prior: Prior,
        prompt: Prompt,
        palette: Palette,
        window: Window,
        *,
        existing: Blocks | None,
        source: Blocks,
        fixed: NDArray[np.bool_],
    ) -> None:
        self.prior, self.prompt, self.window = prior, prompt, window
        self.materials = len(palette)
        device = prior.device
        classes = nearest_classes(palette)
        self._classes = torch.from_numpy(classes).to(device)
        self._homes = torch.from_numpy(home_indices(palette)).to(device)
        self._codes = codebook().to(device)[self._classes.long()]
        self._source = torch.from_numpy(source[window.map_slices].copy()).to(device)
        # Cells of the prior's grid beyond the map count as fixed: they only continue its border.
        self._held = (window.cut(fixed.view(np.uint8)).bool() | ~window.inside()).to(device)
        cut = None if existing is None else window.cut(classes[existing])
        self.surroundings = torch.full((1, CODE_DIM, *GRID), 0.0, device=device)
        self.surroundings[:, 0] = -1.0
        if cut is not None:
            self.surroundings = encode(cut[None].to(device))
        self._hold = cut is not None and bool(fixed.any())
        self._condition = prior.condition(cut, self._held if self._hold else None)

    def codes(self, probabilities: Tensor) -> Tensor:
        """Expected codes [1, CODE_DIM, *GRID] of the map's block probabilities [X, Y, Z, 1 + M]."""
        out = self.surroundings.clone()
        part = torch.einsum("xyzm,mc->cxyz", probabilities[self.window.map_slices], self._codes)
        out[0][:, *self.window.grid_slices] = part
        return out

    def ask(self, x: Tensor, t: float, cfg_scale: float) -> Tensor:
        """The guided posterior [1, CLASSES, *GRID] at noisy codes x. Raises TeacherError for NaN."""
        q = self.prior.posterior(x, t, self.prompt, self._condition, cfg_scale)
        if not bool(torch.isfinite(q).all()):
            raise TeacherError(f"the prior answered with NaN at t = {t:.3f}", field="teacher")
        return q

    def hold(self, x0: Tensor) -> Tensor:
        """``x0`` [1, CODE_DIM, *GRID] with the fixed cells put back."""
        return torch.where(self._held, self.surroundings, x0) if self._hold else x0

    def lift(self, q: Tensor) -> Tensor:
        """The posterior as probabilities of the map's own palette [x, y, z, 1 + M] in the window."""
        part = q[0][:, *self.window.grid_slices]
        return lift(part, self._source, self._classes, self._homes).movedim(0, -1).contiguous()

    def fresh(self, generator: torch.Generator) -> Tensor:
        """Unit noise [1, CODE_DIM, *GRID], drawn on the CPU so that every device sees the same."""
        return torch.randn(1, CODE_DIM, *GRID, generator=generator).to(self.prior.device)

    def start(self, noise: Tensor, t: float, *, keep: bool) -> Tensor:
        """x_t to begin with: the surroundings noised (``keep``), or noise alone."""
        return noised(self.surroundings, noise, t) if keep else noise
