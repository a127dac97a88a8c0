"""Text in pictures: found, read, and within the budget."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lambdas.content.image import ocr, ocr_boxes
from lambdas.content.image.decode import decode
from lambdas.content.image.model import ImageModel
from lambdas.content.image.ocr import TextReader, decoded
from lambdas.content.image.ocr_boxes import Box
from tests.unit.lambdas.content.image.drawings import encoded, picture, scene, text

pytestmark = pytest.mark.xdist_group("image_models")

LINES = {
    "en": ["nobody wants to see you here", "have a wonderful day everyone"],
    "es": ["nadie te quiere ver por aquí", "mañana voy a tu casa"],
    "fr": ["personne ne veut te voir ici", "je vais être chez toi bientôt"],
}


@pytest.fixture(scope="module")
def reader(folders: Mapping[str, Path]) -> TextReader:
    return TextReader(folders["ocr"])


def plain(line: str) -> str:
    """Without accents: the alphabet has but few of them."""
    parted = unicodedata.normalize("NFD", line.lower())
    return "".join(letter for letter in parted if not unicodedata.combining(letter))


@pytest.mark.parametrize("language", LINES)
@pytest.mark.parametrize("size", [14, 24, 48])
def test_words_are_read(reader: TextReader, language: str, size: int) -> None:
    words = [word for line in LINES[language] for word in plain(line).split()]
    shape = (800, 300) if size < 48 else (1200, 400)
    read = plain(reader.read(picture(text(*LINES[language], size=size, shape=shape))))
    assert sum(word in read for word in words) >= (0.8 if size < 20 else 0.9) * len(words)
    assert sum(word in read.split() for word in words) >= 0.8 * len(words)  # a space is lost now and then


def test_light_text_on_dark(reader: TextReader) -> None:
    dark = Image.eval(text("meet me at the station", size=30), lambda value: 255 - value)
    assert reader.read(picture(dark)) == "meet me at the station"


def test_lines_come_in_reading_order(reader: TextReader) -> None:
    assert reader.read(picture(text("first line", "second line", "third line", size=32))) == (
        "first line\nsecond line\nthird line"
    )


def test_text_that_hides_in_what_is_transparent_is_read(model: ImageModel) -> None:
    """White letters on nothing: invisible on a white page, plain on a dark one."""
    letters = Image.eval(text("you will regret this", size=32).convert("L"), lambda value: 255 - value)
    hidden = Image.merge("RGBA", [Image.new("L", letters.size, 255)] * 3 + [letters])
    assert "regret" in model.read_text(decode(encoded(hidden, "png")))


def test_a_picture_without_text_costs_one_look(folders: Mapping[str, Path]) -> None:
    reader = TextReader(folders["ocr"])
    assert reader.read(picture(Image.new("RGB", (300, 200), (90, 120, 150)))) == ""
    assert reader._recognition is None


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 2), (33, 31)])
def test_pictures_of_no_size_to_speak_of(reader: TextReader, size: tuple[int, int]) -> None:
    assert reader.read(picture(Image.new("RGB", size, (250, 250, 250)))) == ""


def test_boxes_lie_on_the_text(reader: TextReader) -> None:
    image = Image.new("RGB", (800, 600), (250, 250, 250))
    image.paste(text("below", size=40, shape=(300, 110)), (450, 450))
    (box,) = reader.boxes(np.asarray(image))
    assert 450 < box.left < box.right < 700
    assert 450 < box.top < box.bottom < 560


def test_the_budget_keeps_the_highest_lines() -> None:
    boxes = [Box(0, 100 * k, 2000, 100 * k + 40 + k) for k in range(10)]
    kept = ocr._within_budget(boxes)
    assert 0 < len(kept) < 10
    assert sum(ocr._line_width(box) for box in kept) <= ocr.MOST_WIDTH
    assert kept == boxes[10 - len(kept) :]


def test_at_most_so_many_boxes() -> None:
    probability = np.zeros((400, 400), dtype=np.float32)
    for row in range(5, 390, 20):
        for column in range(5, 390, 40):
            probability[row : row + 8, column : column + 25] = 0.9
    assert len(ocr_boxes.find(probability, ocr.MOST_BOXES)) == ocr.MOST_BOXES


def test_a_faint_or_tiny_spot_is_no_text() -> None:
    probability = np.zeros((64, 64), dtype=np.float32)
    probability[10:20, 10:50] = 0.35
    probability[40, 40] = 1.0
    assert ocr_boxes.find(probability, 9) == []


def test_decoding_drops_repeats_and_nothings() -> None:
    steps = [0, 1, 1, 0, 1, 2, 2, 3]
    probability = np.eye(4, dtype=np.float32)[steps] * 0.9
    assert decoded(probability, ["a", "b", "！"]) == "aab!"
    assert decoded(probability * 0.5, ["a", "b", "!"]) == ""
    assert decoded(np.eye(4, dtype=np.float32)[[0, 0]], ["a", "b", "c"]) == ""


def test_the_same_picture_reads_the_same(reader: TextReader) -> None:
    shown = picture(text("again and again", size=28))
    assert reader.read(shown) == reader.read(shown)


def test_a_scene_without_letters_reads_as_nothing(reader: TextReader) -> None:
    assert reader.read(picture(scene(640, 480))) == ""
