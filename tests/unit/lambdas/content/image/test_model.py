"""The image channel on the real networks, with pictures that the tests draw."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto
from PIL import Image

from lambdas.content.image.decode import decode
from lambdas.content.image.model import ImageModel
from lambdas.content.image.networks import encoder, nsfwjs, open_nsfw
from lambdas.content.image.picture import Floats
from lambdas.content.image.signals import WEAPON_MOST
from lambdas.content.policies import POLICIES
from lambdas.core.errors import BundleError
from model_build.content.adapters import open_adapter
from model_build.encoders.graph import GraphBuilder
from tests.unit.lambdas.content.image.drawings import (
    encoded,
    missile,
    picture,
    pixels,
    revolver,
    rifle,
    scene,
)

pytestmark = pytest.mark.xdist_group("image_models")

TOXICITY, THREAT, SEXUAL, VIOLENCE = range(4)
FEATURES = 1280 + 2


def said(model: ImageModel, image: Image.Image) -> Floats:
    return model.look(picture(image)).signals


def head(folder: Path, weights: Floats, bias: Floats) -> None:
    """`image.onnx`: one linear layer, as training makes it."""
    graph = GraphBuilder("head")
    features = graph.input("features", TensorProto.FLOAT, ["n", weights.shape[0]])
    graph.output(
        graph.add("Gemm", features, graph.constant(weights), graph.constant(bias)), "logits", ["n", 4]
    )
    onnx.save(graph.model(), folder / "image.onnx")


def own_encoder(folder: Path) -> None:
    """An encoder of the user's own that tells an embedding and nothing else: the mean of each channel."""
    graph = GraphBuilder("own")
    image = graph.input("image", TensorProto.FLOAT, ["n", 64, 64, 3])
    graph.output(graph.add("ReduceMean", image, graph.integers(1, 2), keepdims=0), "embedding", ["n", 3])
    onnx.save(graph.model(), folder / "encoder.onnx")


@pytest.mark.parametrize(("draw", "classes"), [(rifle, {413, 764}), (revolver, {763}), (missile, {657, 744})])
def test_the_encoder_knows_what_is_drawn(
    folders: Mapping[str, Path], draw: Callable[[], Image.Image], classes: set[int]
) -> None:
    network = encoder(folders, {"kind": "lite0"})
    assert network is not None
    assert int(network.look(pixels(draw()), "logits")["logits"].argmax()) in classes


def test_a_weapon_is_seen_and_a_scene_is_not_one(model: ImageModel) -> None:
    armed, peaceful = said(model, rifle()), said(model, scene(400, 300))
    assert armed[VIOLENCE] == WEAPON_MOST
    assert peaceful[VIOLENCE] < -2
    assert max(armed[SEXUAL], peaceful[SEXUAL]) < -2
    assert np.isnan([armed[TOXICITY], armed[THREAT]]).all()


def test_scores_are_shares_by_name(model: ImageModel) -> None:
    scores = model.look(picture(rifle())).scores
    assert all(0 <= score <= 1 for score in scores.values())
    assert sum(
        scores[f"nsfwjs_{name}"] for name in ("drawing", "hentai", "neutral", "porn", "sexy")
    ) == pytest.approx(1)
    assert scores["weapon"] > 0.9
    assert scores["open_nsfw"] < 0.1


@pytest.mark.parametrize("corner", [(0, 0), (400, 0), (0, 400), (400, 400)])
def test_a_small_weapon_is_seen_too(model: ImageModel, corner: tuple[int, int]) -> None:
    large = scene(800, 800)
    large.paste(rifle(), corner)
    assert said(model, large)[VIOLENCE] > 0


def test_the_worst_frame_counts(model: ImageModel) -> None:
    looked = model.look(picture(scene(400, 400), rifle(), scene(400, 400).rotate(90)))
    assert looked.signals[VIOLENCE] == WEAPON_MOST
    assert looked.frames["violence"] == 1
    assert np.array_equal(looked.features, model.look(picture(scene(400, 400))).features)


def test_a_weapon_in_a_long_screenshot(model: ImageModel) -> None:
    long = Image.new("RGB", (400, 1600), (245, 245, 245))
    long.paste(rifle(), (0, 800))
    assert said(model, long)[VIOLENCE] > 0


@pytest.mark.parametrize("draw", [rifle, lambda: scene(400, 300)])
def test_a_large_photograph_says_what_it_says_when_it_is_smaller(
    model: ImageModel, draw: Callable[[], Image.Image]
) -> None:
    large = draw().resize((3000, 2000), Image.Resampling.BICUBIC)
    looked = model.look(decode(encoded(large, "jpeg", quality=92)))
    small = model.look(picture(large.resize((900, 600), Image.Resampling.LANCZOS)))
    assert np.abs(looked.signals - small.signals)[[SEXUAL, VIOLENCE]].max() < 0.25


def test_training_sees_a_large_photograph_as_serving_does(
    model: ImageModel, folders: Mapping[str, Path]
) -> None:
    data = encoded(rifle().resize((3000, 2000)), "jpeg")
    looked = model.look(decode(data))
    signals, features = open_adapter("image", folders, {}, words=False).read(data).arrays()
    assert np.array_equal(signals, looked.signals, equal_nan=True)
    assert np.array_equal(features, looked.features)


def test_networks_share_squares_and_say_the_same(folders: Mapping[str, Path]) -> None:
    shown, squares = pixels(rifle()), dict[int, np.ndarray]()
    for make in (nsfwjs, open_nsfw, lambda among: encoder(among, {"kind": "lite0"})):
        network = make(folders)
        assert network is not None
        shared, alone = network.look(shown, "logits", squares=squares), network.look(shown, "logits")
        assert np.array_equal(shared["logits"], alone["logits"])
    assert sorted(squares) == [224, 256]


@pytest.mark.parametrize("size", [(1, 1), (2, 700), (700, 1), (127, 129)])
def test_pictures_of_any_shape(model: ImageModel, size: tuple[int, int]) -> None:
    looked = model.look(decode(encoded(Image.new("RGB", size, (90, 80, 70)), "png")))
    assert np.isfinite(looked.signals[[SEXUAL, VIOLENCE]]).all()
    assert looked.features.shape == (FEATURES,)


def test_the_same_picture_says_the_same(model: ImageModel) -> None:
    first, second = (model.look(picture(rifle())) for _ in range(2))
    assert first.scores == second.scores
    assert first.features.tobytes() == second.features.tobytes()
    assert first.signals.tobytes() == second.signals.tobytes()


class Lazy(Mapping[str, Path]):
    """Folders that remember which of them were asked for."""

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._folders = folders
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> Path:
        self.asked.add(name)
        return self._folders[name]

    def __contains__(self, name: object) -> bool:
        return name in self._folders

    def __iter__(self) -> Iterator[str]:
        return iter(self._folders)

    def __len__(self) -> int:
        return len(self._folders)


def test_a_network_is_fetched_when_it_is_first_run(folders: Mapping[str, Path]) -> None:
    lazy = Lazy(folders)
    model = ImageModel(lazy)
    assert lazy.asked == set()
    model.look(picture(scene()))
    assert lazy.asked == {"nsfwjs", "opennsfw", "lite0"}


@pytest.mark.parametrize(
    ("there", "silent"),
    [
        ((), (SEXUAL, VIOLENCE)),
        (("lite0",), (SEXUAL,)),
        (("opennsfw",), (VIOLENCE,)),
        (("nsfwjs",), (VIOLENCE,)),
    ],
)
def test_of_what_is_missing_nothing_is_said(
    folders: Mapping[str, Path], there: tuple[str, ...], silent: tuple[int, ...]
) -> None:
    model = ImageModel({name: folders[name] for name in there})
    looked = model.look(picture(scene()))
    known = [row for row in (SEXUAL, VIOLENCE) if row not in silent]
    assert np.isnan(looked.signals[list(silent)]).all()
    assert np.isfinite(looked.signals[known]).all()
    assert set(looked.frames) == {POLICIES[row] for row in known}
    assert model.read_text(picture(scene())) == ""
    assert not model.heat(picture(scene()), "toxicity").values.any()


def test_a_trained_head_speaks_for_its_policies(folders: Mapping[str, Path], tmp_path: Path) -> None:
    weights = np.zeros((FEATURES, 4), dtype=np.float32)
    weights[-2, THREAT] = 1.0
    weights[-1, TOXICITY] = 2.0
    head(tmp_path, weights, np.array([0.5, 0.25, 7, 7], dtype=np.float32))
    settings = {"head": {"file": "image.onnx", "policies": ["toxicity", "threat"]}}
    model, plain = ImageModel({**folders, "bundle": tmp_path}, settings), ImageModel(folders)
    looked, packaged = model.look(picture(rifle())), plain.look(picture(rifle())).signals
    assert looked.signals[[SEXUAL, VIOLENCE]].tolist() == packaged[[SEXUAL, VIOLENCE]].tolist()
    assert looked.signals[TOXICITY] == pytest.approx(0.5 + 2 * WEAPON_MOST)
    assert looked.signals[THREAT] == pytest.approx(0.25 + packaged[SEXUAL], abs=1e-5)
    assert set(looked.frames) == set(POLICIES)


def test_an_encoder_of_the_users_own(folders: Mapping[str, Path], tmp_path: Path) -> None:
    own_encoder(tmp_path)
    own = {
        "kind": "onnx",
        "folder": "own",
        "file": "encoder.onnx",
        "size": 64,
        "mean": [0.5] * 3,
        "std": [0.5] * 3,
    }
    weights = np.array([[8, 0, 0, 0], [-4, 0, 0, 0], [-4, 0, 0, 0], [0] * 4, [0] * 4], dtype=np.float32)
    head(tmp_path, weights, np.zeros(4, dtype=np.float32))
    settings = {"encoder": own, "head": {"file": "image.onnx", "policies": ["toxicity"]}}
    model = ImageModel({"own": tmp_path, "bundle": tmp_path}, settings)
    red = Image.new("RGB", (140, 140), (255, 0, 0))
    looked = model.look(picture(red))
    assert looked.features[:3].tolist() == pytest.approx([1, -1, -1], abs=1e-2)
    assert looked.signals[TOXICITY] == 10
    assert np.isnan(looked.signals[[THREAT, SEXUAL, VIOLENCE]]).all()
    quarter = Image.new("RGB", (140, 140), (0, 120, 120))
    quarter.paste((255, 0, 0), (0, 0, 70, 70))
    heat, note = model.heat(picture(quarter), "toxicity")
    assert note is None
    assert heat[:8, :8].mean() > max(heat[:8, 8:].mean(), heat[8:, :8].mean(), heat[8:, 8:].mean())


def test_a_damaged_graph_is_a_damaged_bundle(tmp_path: Path) -> None:
    (tmp_path / "nsfwjs.onnx").write_bytes(b"not a graph")
    with pytest.raises(BundleError, match=r"nsfwjs\.onnx"):
        ImageModel({"nsfwjs": tmp_path}).look(picture(scene()))
