"""PP-OCRv4, the mobile one: where text is in a picture, and what it says.

The graphs are kept as they are packaged, less their notes; the alphabet, which travels in one of the notes,
becomes a file of its own. The package's third model, which tells text that stands on its head, is not used.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import onnx

from model_build.pretrained import image_source
from model_build.pretrained.base import About, Pretrained, PretrainedError

SOURCES: Final = (Path(str(image_source.__file__)),)
DETECTION: Final = "ocr-detection.onnx"
RECOGNITION: Final = "ocr-recognition.onnx"
ALPHABET: Final = "ocr-alphabet.txt"
PACKAGED: Final = {
    DETECTION: "rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx",
    RECOGNITION: "rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx",
}
SHA256: Final = {
    PACKAGED[DETECTION]: "d2a7720d45a54257208b1e13e36a8479894cb74155a5efe29462512d42f49da9",
    PACKAGED[RECOGNITION]: "48fc40f24f6d2a207a2b1091d3437eb3cc3eb6b676dc3ef9c37384005483683b",
}
ABOUT: Final = About(
    name="PP-OCRv4 mobile",
    package="rapidocr-onnxruntime",
    version="1.4.4",
    licence="Apache-2.0",
    about="reads text in pictures; its alphabet lacks letters of Spanish and French (ñ, ç, ê, ô among them)",
)
INPUT: Final = "image"
OUTPUT: Final = "read"


def make(folder: Path) -> Pretrained:
    """`ocr-detection.onnx`, `ocr-recognition.onnx`, `ocr-alphabet.txt` in `folder`. Raises PretrainedError.

    Both graphs: input `image` float32 [n, 3, height, width], BGR from -1 to 1. Output `read`: of detection
    [n, 1, height, width], the probability of text; of recognition (height 48) [n, width / 8, characters],
    probabilities whose first is of none, the others in the order of the alphabet's lines.
    """
    paths = image_source.python_files(ABOUT.package, ABOUT.version, SHA256)
    files = {}
    for name, packaged in PACKAGED.items():
        model = onnx.load(paths[packaged])
        if name == RECOGNITION:
            files[ALPHABET] = _alphabet(model).encode()
        files[name] = plain(model).SerializeToString(deterministic=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return Pretrained(ABOUT, folder, {name: folder / name for name in sorted(files)})


def plain(model: onnx.ModelProto) -> onnx.ModelProto:
    """`model` without notes, its one input and one output under our names."""
    renamed = {model.graph.input[0].name: INPUT, model.graph.output[0].name: OUTPUT}
    made = onnx.ModelProto()
    made.CopyFrom(model)
    del made.metadata_props[:]
    for value in (*made.graph.input, *made.graph.output):
        value.name = renamed[value.name]
    for node in made.graph.node:
        for names in (node.input, node.output):
            names[:] = [renamed.get(name, name) for name in names]
    onnx.checker.check_model(made)
    return made


def _alphabet(model: onnx.ModelProto) -> str:
    """One character a line; the space, which the note leaves out, is the last."""
    notes = {note.key: note.value for note in model.metadata_props}
    if "character" not in notes:
        raise PretrainedError("the recognition model has no alphabet")
    return "".join(f"{character}\n" for character in [*notes["character"].splitlines(), " "])
