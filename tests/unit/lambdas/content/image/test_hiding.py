"""Hiding one place after the other: it shows the place, and as finely as there is time for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lambdas.content.errors import TooSlow
from lambdas.content.image.heat import GRID
from lambdas.content.image.hiding import PLACES, HeatMap, by_hiding
from lambdas.content.image.model import ImageModel
from lambdas.content.image.picture import Pixels
from tests.unit.lambdas.content.image.drawings import picture
from tests.unit.lambdas.content.image.test_model import head, own_encoder


class Network:
    """Sees how much red there is, and takes its time for each look."""

    def __init__(self, *seconds: float) -> None:
        self.now, self.looks, self._seconds = 0.0, 0, seconds

    def __call__(self, pixels: Pixels) -> float:
        self.now += self._seconds[min(self.looks, len(self._seconds) - 1)]
        self.looks += 1
        return float((pixels[..., 0].astype(int) - pixels[..., 2]).mean())

    def explained(self, until: float) -> HeatMap:
        """The top left eighth each way is red."""
        pixels = np.full((80, 160, 3), 50, dtype=np.uint8)
        pixels[:10, :20, 0] = 250
        return by_hiding(pixels, self, until, lambda: self.now)


@pytest.mark.parametrize(
    ("seconds", "side"), [(0.0, 7), (0.01, 7), (0.23, 7), (0.3, 6), (0.366, 5), (0.7, 4), (1.2, 3), (2.0, 2)]
)
def test_as_many_places_are_hidden_as_there_is_time_for(seconds: float, side: int) -> None:
    network = Network(seconds)
    heat, note = network.explained(15.0)
    assert network.looks == 1 + side * side
    assert network.now <= 15.0
    assert heat.shape == (GRID, GRID)
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    assert (row < GRID / side) and (column < GRID / side)
    if side == PLACES:
        assert note is None
    else:
        assert note is not None and f"{side} x {side} places instead of 7 x 7" in note


def test_what_becomes_slower_ends_in_time_all_the_same() -> None:
    network = Network(0.2, 0.2, 0.2, 0.9)
    heat, note = network.explained(15.0)
    assert network.now < 16.0, "at most one look is longer than was thought"
    assert np.isfinite(heat).all()
    missed = 49 - (network.looks - 1)
    assert note is not None and f"{missed} of which there was no time for" in note


@pytest.mark.parametrize("until", [0.0, -1.0, 6.0])
def test_without_time_it_says_so(until: float) -> None:
    network = Network(2.0)
    with pytest.raises(TooSlow, match=r"takes 2\.0 s for each look"):
        network.explained(until)
    assert network.looks == 1


def test_the_parts_of_a_long_picture_share_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own_encoder(tmp_path)
    encoder = {
        "kind": "onnx", "folder": "own", "file": "encoder.onnx", "size": 64, "mean": [0.5] * 3,
        "std": [0.5] * 3,
    }  # fmt: skip
    weights = np.zeros((5, 4), dtype=np.float32)
    weights[0, 0] = 8.0
    head(tmp_path, weights, np.zeros(4, dtype=np.float32))
    settings = {"encoder": encoder, "head": {"file": "image.onnx", "policies": ["toxicity"]}}
    model = ImageModel({"own": tmp_path, "bundle": tmp_path}, settings)
    ends: list[float] = []

    def noted(pixels: Pixels, _: object, until: float) -> HeatMap:
        ends.append(until)
        return HeatMap(np.zeros((GRID, GRID), dtype=np.float32), "coarse" if len(ends) == 2 else None)

    monkeypatch.setattr("lambdas.content.image.model.by_hiding", noted)
    monkeypatch.setattr("lambdas.content.image.model.time.perf_counter", lambda: 100.0)
    heat, note = model.heat(picture(Image.new("RGB", (100, 500))), "toxicity", until=112.0)
    assert ends == [104.0, 106.0, 112.0], "nobody took any time, so the later ones may take more"
    assert heat.shape == (3 * GRID, GRID)
    assert note == "coarse"
