"""Which frames of an animation are looked at."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from lambdas.content.image.frames import count_gif, spread
from tests.unit.lambdas.content.image.drawings import encoded, scene


@pytest.mark.parametrize(
    ("total", "most", "expected"),
    [
        (1, 4, [0]),
        (3, 4, [0, 1, 2]),
        (4, 4, [0, 1, 2, 3]),
        (24, 4, [0, 8, 15, 23]),
        (9, 1, [0]),
        (9, 2, [0, 8]),
    ],
)
def test_they_are_spread_from_the_first_to_the_last(total: int, most: int, expected: list[int]) -> None:
    assert spread(total, most) == expected


@pytest.mark.parametrize("count", [1, 2, 7, 40])
def test_a_gif_is_counted_as_pillow_counts_it(count: int) -> None:
    frames = [scene().rotate(9 * k) for k in range(count)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert count_gif(data, 1000) == Image.open(io.BytesIO(data)).n_frames == count


def test_what_is_between_the_frames_of_a_gif_hides_none() -> None:
    data = encoded(scene(), "GIF", save_all=True, append_images=[scene().rotate(9 * k) for k in range(1, 4)])
    start = 13 + (3 << ((data[10] & 7) + 1))
    data = data[:start] + bytes(3) + data[start:]
    assert count_gif(data, 1000) == Image.open(io.BytesIO(data)).n_frames == 4


def test_counting_stops_after_the_most() -> None:
    data = encoded(scene(), "GIF", save_all=True, append_images=[scene().rotate(9 * k) for k in range(1, 20)])
    assert count_gif(data, 5) == 6


def test_what_is_cut_short_is_counted_as_far_as_it_goes() -> None:
    data = encoded(scene(), "GIF", save_all=True, append_images=[scene().rotate(9)])
    assert count_gif(data[:-40], 1000) in (1, 2)
    assert count_gif(data[:13], 1000) == 1
