"""Silero's voice activity detector: is somebody speaking, every 32 ms."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from model_build.pretrained import image_source
from model_build.pretrained.base import About, Pretrained

SOURCES: Final = (Path(str(image_source.__file__)),)
FILE: Final = "vad.onnx"
# Of the package's variants the one that takes many frames in a call: one call a frame spends its time in
# Python.
PACKAGED: Final = "silero_vad/data/silero_vad_16k_sequence.onnx"
SHA256: Final = {PACKAGED: "9ccdacc4719d8aa7e45a77536bfabec45a03ba1f2fad5e241ab4060b24238a85"}
ABOUT: Final = About(
    name="Silero VAD",
    package="silero-vad",
    version="6.2.3",
    licence="MIT (Silero Team)",
    about="whether somebody is speaking; singing and voices in the background may count as speech",
)


def make(folder: Path) -> Pretrained:
    """`vad.onnx` in `folder`, as packaged. Raises PretrainedError.

    Inputs `input` float32 [frames, 64 + 512] (16 kHz; the end of the frame before, then the frame), `h` and
    `c` float32 [1, 1, 128] (0 at first). Outputs `speech_probs` [frames], `hn` and `cn`, the next `h` and
    `c`.
    """
    path = image_source.python_files(ABOUT.package, ABOUT.version, SHA256)[PACKAGED]
    shutil.copyfile(path, folder / FILE)
    return Pretrained(ABOUT, folder, {FILE: folder / FILE})
