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


def test_quarters() -> None:
    shown = pixels(scene(200, 150))
    first, second, third, fourth = quarters(shown)
    assert np.array_equal(np.block([[[first], [second]], [[third], [fourth]]]), shown)
    assert quarters(pixels(Image.new("RGB", (100, 400)))) == []
