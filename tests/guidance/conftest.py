"""Tiny models as folders, made once."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def model_folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder each of the three kinds of model, by name."""
    import tiny_models

    root = tmp_path_factory.mktemp("models")
    return {name: tiny_models.save(make(), root / name) for name, make in tiny_models.PIPELINES.items()}
