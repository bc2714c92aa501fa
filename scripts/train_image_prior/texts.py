"""Captions as token numbers, each with every view that may be added to it."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voxcore.guidance.view_prompts import ViewPrompts


class CaptionReader:
    """From a caption to [(1 + V) * TOKENS] token numbers: as it is, then from each of V directions.

    It goes to the generator processes, where the tokeniser is read from its ``folder`` when first needed.
    """

    def __init__(self, folder: Path, tokens: int) -> None:
        self.folder, self.tokens = folder, tokens
        self.rows = len(texts_of(""))

    @cached_property
    def _tokenizer(self) -> object:
        from transformers import CLIPTokenizer

        return CLIPTokenizer.from_pretrained(self.folder, local_files_only=True)

    def __call__(self, caption: str) -> NDArray[np.int32]:
        return self.read(texts_of(caption)).reshape(-1)

    def read(self, texts: list[str]) -> NDArray[np.int32]:
        """[len(texts), TOKENS], as the image teacher's text reader reads them."""
        found = self._tokenizer(texts, padding="max_length", truncation=True)  # type: ignore[operator]
        return np.asarray(found.input_ids, dtype=np.int32)


def texts_of(caption: str) -> list[str]:
    """The caption, and what the image teacher says of each direction."""
    return [caption, *ViewPrompts(caption).texts[1:]]
