"""Heat maps: they show the place, and they are what the networks say."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from lambdas.content.image import heat as heats
from lambdas.content.image import networks, seen
from lambdas.content.image.hiding import by_hiding
from lambdas.content.image.model import ImageModel
from lambdas.content.image.picture import Floats
from lambdas.content.policies import MOST
from tests.unit.lambdas.content.image.drawings import picture, pixels, rifle, scene
from tests.unit.lambdas.content.image.test_model import FEATURES, head

pytestmark = pytest.mark.xdist_group("image_models")

CORNERS = {0: (0, 0), 1: (400, 0), 2: (0, 400), 3: (400, 400)}


def by_quarter(heat: Floats) -> list[float]:
    return [
        float(part.mean()) for half in np.array_split(heat, 2) for part in np.array_split(half, 2, axis=1)
    ]


@pytest.mark.parametrize("quarter", CORNERS)
def test_it_shows_the_quarter_with_the_weapon(model: ImageModel, quarter: int) -> None:
    large = scene(800, 800)
    large.paste(rifle(), CORNERS[quarter])
    heat = model.heat(picture(large), "violence").values
    means = by_quarter(heat)
    assert int(np.argmax(means)) == quarter
    assert means[quarter] > 0 > sorted(means)[-2]
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    assert int(row >= heat.shape[0] // 2) * 2 + int(column >= heat.shape[1] // 2) == quarter


def test_it_agrees_with_hiding_one_place_after_the_other(folders: Mapping[str, Path]) -> None:
    model = ImageModel({"lite0": folders["lite0"]})
    shown = pixels(rifle())
    network = networks.encoder(folders, {"kind": "lite0"})
    assert network is not None

    def uncapped(view: np.ndarray) -> float:
        logits = network.look(view, "logits")["logits"]
        return float(logits[[413, 764]].max() - np.median(logits))

    hidden, told = by_hiding(shown, uncapped).values, model.heat(picture(rifle()), "violence").values
    assert np.corrcoef(hidden.ravel(), heats.on_grid(told, 0).ravel())[0, 1] > 0.4


@pytest.mark.parametrize("name", ["nsfwjs", "opennsfw", "encoder"])
def test_the_places_mean_what_the_whole_says(folders: Mapping[str, Path], name: str) -> None:
    network = {
        "nsfwjs": networks.nsfwjs(folders),
        "opennsfw": networks.open_nsfw(folders),
        "encoder": networks.encoder(folders, {"kind": "lite0"}),
    }[name]
    assert network is not None
    for image in (rifle(), scene()):
        said = network.look(pixels(image), "logits", "cells")
        assert said["cells"].shape[:2] == (7, 7)
        assert np.abs(said["cells"].mean(axis=(0, 1)) - said["logits"]).max() < 1e-4


def test_the_sexual_map_is_about_the_signal(folders: Mapping[str, Path]) -> None:
    model = ImageModel(folders)
    shown = picture(scene(400, 400))
    assert model.heat(shown, "sexual").values.mean() == pytest.approx(model.look(shown).signals[2], abs=1.5)


def test_long_pictures_have_long_maps(model: ImageModel) -> None:
    tall, wide = (model.heat(picture(scene(*size)), "sexual").values for size in ((100, 500), (500, 100)))
    assert tall.shape == (3 * heats.GRID, heats.GRID)
    assert wide.shape == (heats.GRID, 3 * heats.GRID)


def test_the_frame_that_is_asked_for(model: ImageModel) -> None:
    shown = picture(scene(400, 400), rifle())
    frame = model.look(shown).frames["violence"]
    assert frame == 1
    found, first = (model.heat(shown, "violence", number).values for number in (frame, 0))
    assert found.max() > first.max()


def test_a_trained_head_is_asked_place_by_place(folders: Mapping[str, Path], tmp_path: Path) -> None:
    weights = np.zeros((FEATURES, 4), dtype=np.float32)
    weights[-1, 1] = 1.0
    head(tmp_path, weights, np.zeros(4, dtype=np.float32))
    settings = {"head": {"file": "image.onnx", "policies": ["threat"]}}
    model = ImageModel({**folders, "bundle": tmp_path}, settings)
    large = scene(800, 800)
    large.paste(rifle(), CORNERS[3])
    heat = model.heat(picture(large), "threat").values
    assert heat.shape == (heats.GRID, heats.GRID)
    assert int(np.argmax(by_quarter(heat))) == 3
    assert np.abs(heat).max() <= MOST


def test_the_edge_that_a_network_does_not_see_is_as_what_is_beside_it() -> None:
    grid = heats.on_grid(np.arange(49.0).reshape(7, 7), 1)
    assert grid.shape == (heats.GRID, heats.GRID)
    assert np.array_equal(grid[0], grid[1])
    assert np.array_equal(grid[:, -1], grid[:, -2])


def test_features_end_with_the_opinions(folders: Mapping[str, Path]) -> None:
    said = {"encoder": {"embedding": np.ones(3), "logits": np.zeros(1000)}}
    told = seen.opinions(said)
    made = seen.features(said, told)
    assert made[:3].tolist() == [1, 1, 1]
    assert made[3:].tolist() == pytest.approx([0, told["violence"].value])
