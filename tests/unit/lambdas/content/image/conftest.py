"""The packaged image models, converted once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from lambdas.content.image.model import ImageModel
from model_build.pretrained import base


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    cache = tmp_path_factory.mktemp("pretrained")
    return {name: base.make(name, cache).folder for name in ("nsfwjs", "opennsfw", "lite0", "ocr")}


@pytest.fixture(scope="session")
def model(folders: Mapping[str, Path]) -> ImageModel:
    return ImageModel(folders)
