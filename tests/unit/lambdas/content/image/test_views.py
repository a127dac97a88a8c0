"""What of a picture is shown to the networks."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from lambdas.content.image.views import MOST_PARTS, MOST_VIEWS, parts, quarters, views
from tests.unit.lambdas.content.image.drawings import picture, pixels, scene


@pytest.mark.parametrize(
    ("size", "count"),
    [
        ((100, 100), 1),
        ((199, 100), 1),
        ((200, 100), 1),
        ((100, 210), 2),
        ((100, 900), 4),
        ((1, 1), 1),
        ((1, 3), 2),
    ],
)
def test_long_pictures_are_also_shown_in_parts(size: tuple[int, int], count: int) -> None:
    frame = picture(scene(*size)).frames[0]
    made = parts(frame)
    assert len(made) == count <= MOST_PARTS
    assert np.array_equal(np.concatenate(made, axis=0 if size[1] >= size[0] else 1), frame.pixels)


def test_the_whole_comes_first_and_nothing_twice() -> None:
    still = scene(100, 600)
    shown = views(picture(still, still))
    assert np.array_equal(shown[0].pixels, pixels(still))
    assert len(shown) == 1 + 3


def test_never_more_than_so_many() -> None:
    assert len(views(picture(*(scene(50, 700).rotate(k) for k in range(4))))) == MOST_VIEWS


@pytest.mark.parametrize(
    ("size", "side", "kept"),
    [
        ((640, 480), 512, (640, 480)),
        ((1732, 1023), 512, (1732, 1023)),
        ((1732, 1155), 512, (866, 578)),
        ((1414, 1414), 512, (707, 707)),
        ((1732, 1155), 600, (1732, 1155)),
    ],
)
def test_no_more_pixels_than_the_networks_make_use_of(
    size: tuple[int, int], side: int, kept: tuple[int, int]
) -> None:
    (view,) = views(picture(scene(*size)), side)
    assert view.pixels.shape == (kept[1], kept[0], 3)
    if kept == size:
        assert np.array_equal(view.pixels, pixels(scene(*size)))
    else:
        first = pixels(scene(*size))[:2, :2].mean(axis=(0, 1))
        assert np.abs(view.pixels[0, 0] - first).max() <= 1, "the mean of a block"


def test_quarters() -> None:
    shown = pixels(scene(200, 150))
    first, second, third, fourth = quarters(shown)
    assert np.array_equal(np.block([[[first], [second]], [[third], [fourth]]]), shown)
    assert quarters(pixels(Image.new("RGB", (100, 400)))) == []
