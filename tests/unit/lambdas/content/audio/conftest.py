"""The packaged audio models, converted once for all tests of this folder, and people who speak."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from lambdas.content.audio.model import AudioModel
from lambdas.content.audio.speech import Recogniser
from model_build.pretrained import base
from tests.support.once import once
from tests.unit.lambdas.content.audio import sounds
from tests.unit.lambdas.content.audio.sounds import Floats

NAMES = ("whisper", "vad", "sound")


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    def make(cache: Path) -> None:
        for name in NAMES:
            base.make(name, cache)

    cache = once(tmp_path_factory, "pretrained_audio", make)
    return {name: cache / name for name in NAMES}


@pytest.fixture(scope="session")
def recogniser(folders: Mapping[str, Path]) -> Recogniser:
    return Recogniser(folders["whisper"], ("en", "es", "fr"))


@pytest.fixture(scope="session")
def model(folders: Mapping[str, Path]) -> AudioModel:
    return AudioModel(folders)


@pytest.fixture(scope="session")
def digits() -> dict[tuple[int, int], Floats]:
    """By (digit, number): what one person says."""
    found = sounds.digits("george")
    if not found:
        pytest.skip(f"no speech to test with: {sounds.FSDD} is not there")
    return found
