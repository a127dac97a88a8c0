"""The text that stands in a picture.

The budget: one look at the whole for where text is; only where there is some, at most MOST_BOXES boxes and
MOST_WIDTH pixels of text in lines of LINE_HEIGHT are read. What is over it is left out, the lowest boxes
first.
"""

from __future__ import annotations

import math
import unicodedata
from pathlib import Path
from typing import Final

import numpy as np

from lambdas.content.image import ocr_boxes
from lambdas.content.image.frames import spread
from lambdas.content.image.ocr_boxes import Box
from lambdas.content.image.picture import Floats, Picture, Pixels
from lambdas.content.image.resize import Corners, resized
from lambdas.core.model import OnnxModel

IMAGE: Final = "image"
READ: Final = "read"
DETECTED_PIXELS: Final = 400_000
"""To about this size a frame is brought before text is looked for in it, small ones enlarged."""

MOST_ENLARGED: Final = 2.0
MULTIPLE: Final = 32
MOST_FRAMES: Final = 2
MOST_BOXES: Final = 32
MOST_WIDTH: Final = 6400
LINE_HEIGHT: Final = 48
LONGEST_LINE: Final = 1280
BATCH: Final = 6
SURE_FROM: Final = 0.5
UPRIGHT: Final = 1.5
"""A box that much higher than wide is text from top to bottom, which is not read."""


class TextReader:
    """Finds and reads text; `folder` has the two graphs and the alphabet (model_build/pretrained/ocr.py)."""

    def __init__(self, folder: Path) -> None:
        self._detection = OnnxModel(folder, "ocr-detection.onnx")
        self._folder = folder
        self._recognition: OnnxModel | None = None
        self._alphabet: list[str] = []

    def read(self, picture: Picture) -> str:
        """The lines of text, from the top down; a line that stands in several frames once.

        Raises BundleError when a graph cannot be run.
        """
        found: dict[str, None] = {}
        for number in spread(len(picture.frames), MOST_FRAMES):
            found |= dict.fromkeys(self._lines(picture.frames[number].pixels))
        return "\n".join(found)

    def _lines(self, pixels: Pixels) -> list[str]:
        boxes = _within_budget(self.boxes(pixels))
        texts = dict(zip(boxes, self._texts([_line(pixels, box) for box in boxes]), strict=True))
        rows = [[texts[box] for box in row if texts[box]] for row in ocr_boxes.lines(boxes)]
        return [" ".join(row) for row in rows if row]

    def boxes(self, pixels: Pixels) -> list[Box]:
        """Where text is, in pixels of the frame; in reading order."""
        height, width = pixels.shape[:2]
        shown = _for_detection(pixels)
        probability = self._detection.run({IMAGE: shown[None]})[READ][0, 0]
        across, down = width / shown.shape[2], height / shown.shape[1]
        return [
            Box(
                max(0.0, box.left * across),
                max(0.0, box.top * down),
                min(float(width), box.right * across),
                min(float(height), box.bottom * down),
            )
            for box in ocr_boxes.find(probability, MOST_BOXES)
        ]

    def _texts(self, lines: list[Floats]) -> list[str]:
        """What each line [3, LINE_HEIGHT, w] says; like lengths are read together."""
        texts = [""] * len(lines)
        order = sorted(range(len(lines)), key=lambda k: lines[k].shape[2])
        for begin in range(0, len(order), BATCH):
            rows = order[begin : begin + BATCH]
            for row, text in zip(rows, self._recognised([lines[row] for row in rows]), strict=True):
                texts[row] = text
        return texts

    def _recognised(self, lines: list[Floats]) -> list[str]:
        if self._recognition is None:
            self._recognition = OnnxModel(self._folder, "ocr-recognition.onnx")
            self._alphabet = (self._folder / "ocr-alphabet.txt").read_text("utf-8").split("\n")[:-1]
        batch = np.zeros((len(lines), 3, LINE_HEIGHT, max(line.shape[2] for line in lines)), dtype=np.float32)
        for place, line in zip(batch, lines, strict=True):
            place[:, :, : line.shape[2]] = line
        return [decoded(row, self._alphabet) for row in self._recognition.run({IMAGE: batch})[READ]]


def decoded(probability: Floats, alphabet: list[str]) -> str:
    """The most probable character at each step, repeats and nothings (class 0) dropped; "" when unsure.

    `probability` is [steps, 1 + characters] (greedy decoding of CTC, Graves et al. 2006). Full-width and
    other compatible forms become the usual characters.
    """
    best = probability.argmax(axis=1)
    kept = (best != 0) & np.concatenate([[True], best[1:] != best[:-1]])
    if not kept.any() or float(probability.max(axis=1)[kept].mean()) < SURE_FROM:
        return ""
    text = "".join(alphabet[character - 1] for character in best[kept])
    return unicodedata.normalize("NFKC", text).strip()


def _within_budget(boxes: list[Box]) -> list[Box]:
    """The boxes of lines, the highest of them while there is budget; in the order they came in."""
    upright = [box for box in boxes if box.height <= UPRIGHT * box.width and min(box.width, box.height) >= 1]
    left, kept = MOST_WIDTH, set()
    for box in sorted(upright, key=lambda one: -one.height):
        if _line_width(box) <= left:
            left -= _line_width(box)
            kept.add(box)
    return [box for box in upright if box in kept]


def _line_width(box: Box) -> int:
    return min(LONGEST_LINE, max(MULTIPLE, math.ceil(LINE_HEIGHT * box.width / box.height / 8) * 8))


def _for_detection(pixels: Pixels) -> Floats:
    """[3, h, w] for the detector, both sides multiples of MULTIPLE."""
    height, width = pixels.shape[:2]
    scale = min(MOST_ENLARGED, math.sqrt(DETECTED_PIXELS / (width * height)))
    sides = [max(1, round(side * scale / MULTIPLE)) * MULTIPLE for side in (width, height)]
    return _normalised(pixels, (0, 0, width, height), (sides[0], sides[1]))


def _line(pixels: Pixels, box: Box) -> Floats:
    """[3, LINE_HEIGHT, w]: the text in `box` for the recogniser."""
    corners = (box.left, box.top, box.right, box.bottom)
    return _normalised(pixels, corners, (_line_width(box), LINE_HEIGHT))


def _normalised(pixels: Pixels, corners: Corners, size: tuple[int, int]) -> Floats:
    """What is within `corners` at `size` (width, height): BGR, channels first, from -1 to 1."""
    values = resized(pixels, size, corners).astype(np.float32)[..., ::-1] / np.float32(127.5) - np.float32(1)
    return np.ascontiguousarray(values.transpose(2, 0, 1))
