"""Captions as token numbers."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


class CaptionReader:
    """From a caption to its token numbers [TOKENS], as the image teacher's text reader reads it.

    It goes to the generator processes, where the tokeniser is read from its ``folder`` when first needed.
    """

    def __init__(self, folder: Path, tokens: int) -> None:
        self.folder, self.tokens = folder, tokens

    @cached_property
    def _tokenizer(self) -> object:
        from transformers import CLIPTokenizer

        return CLIPTokenizer.from_pretrained(self.folder, local_files_only=True)

    def __call__(self, caption: str) -> NDArray[np.int32]:
        found = self._tokenizer([caption], padding="max_length", truncation=True)  # type: ignore[operator]
        return np.asarray(found.input_ids[0], dtype=np.int32)
