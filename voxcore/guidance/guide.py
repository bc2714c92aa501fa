"""One guided noise prediction: everything that a model has to be asked for it goes into one batch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from voxcore.cameras import Camera
from voxcore.guidance.classifier_free import classifier_free, rescaled
from voxcore.guidance.image_model import ImageModel, Question
from voxcore.guidance.noise_schedule import NoiseSchedule
from voxcore.guidance.perp_neg import perp_neg
from voxcore.guidance.view_prompts import ViewPrompts


class Guide:
    """A model, asked about V pictures.

    Args:
        cameras: of each picture, one or several tiled ones; the first is what the prompts go by.
        scale: classifier-free guidance.
        rescale: see `voxcore.guidance.classifier_free.rescaled`.
        size: (height, width) of the pictures.
    """

    def __init__(
        self,
        model: ImageModel,
        prompts: ViewPrompts,
        cameras: Sequence[tuple[Camera, ...]],
        *,
        scale: float,
        rescale: float,
        size: tuple[int, int],
    ) -> None:
        self.model, self.cameras, self.scale, self.rescale, self.size = model, list(cameras), scale, rescale, size
        self._views = prompts.for_cameras([seen[0] for seen in cameras])

    @property
    def schedule(self) -> NoiseSchedule:
        """The model's."""
        return self.model.schedule

    @torch.no_grad()
    def noise(self, noisy: Tensor, t: int, scale: float | None = None) -> Tensor:
        """The predicted eps [V, C, h, w] for ``noisy`` views at timestep ``t``.

        ``scale`` replaces the guide's own: 0 asks for the negative prompt alone, 1 for the prompt
        alone, each at half the cost; Perp-Neg and rescaling belong to the guide's own scale.
        """
        own = scale is None or scale == self.scale
        scale = self.scale if scale is None else scale
        conditional = self._views.positive
        unconditional = torch.zeros_like(conditional)
        unconditional[:, 0] = 1.0
        if scale in (0.0, 1.0):
            output = self._ask(noisy, t, [unconditional if scale == 0.0 else conditional])[0]
            return self.schedule.noise_from(output, noisy, t)
        pushed = self._views.negatives if own else ()
        free, wanted, *away = self._ask(noisy, t, [unconditional, conditional, *pushed])
        if away:
            weights = [weight.to(noisy.device) for weight in self._views.weights]
            guided = perp_neg(free, wanted, away, weights, scale)
        else:
            guided = classifier_free(free, wanted, scale)
        # On the raw output, as the models' own samplers do it: a spread is not the same in eps and in v.
        output = rescaled(guided, wanted, self.rescale if own else 0.0)
        return self.schedule.noise_from(output, noisy, t)

    def _ask(self, noisy: Tensor, t: int, mixes: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """The raw outputs [V, C, h, w] for each of ``mixes`` [V, P], from one batch."""
        count = len(mixes)
        question = Question(torch.cat(list(mixes)), self.cameras * count, self.size)
        return self.model.output(noisy.repeat(count, 1, 1, 1), t, question).chunk(count)
