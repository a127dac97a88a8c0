"""The packaged English toxicity model: the figures its authors print, its arithmetic done again in NumPy."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from lambdas.content.text.toxic import LABELS, LENGTH, ToxicEnglish
from model_build.pretrained import image_source, toxic_en
from model_build.pretrained.base import Pretrained, PretrainedError

Array = np.ndarray


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Pretrained:
    return toxic_en.make(tmp_path_factory.mktemp("toxic-en"))


@pytest.fixture(scope="module")
def model(made: Pretrained) -> ToxicEnglish:
    return ToxicEnglish(made.folder)


def sigmoid(values: Array) -> Array:
    return 1 / (1 + np.exp(-values.astype(np.float64)))


def test_it_gives_the_scores_that_the_package_prints(model: ToxicEnglish) -> None:
    """The example of the package's own description."""
    scores = sigmoid(model.log_odds(["You are so dumb and stupid!"])[0])
    printed = [0.9889402985572815, 0.07256772369146347, 0.620429277420044, 0.01934845559298992,
               0.8664075136184692, 0.04072948172688484]  # fmt: skip
    assert scores == pytest.approx(printed, abs=1e-6)
    means = sigmoid(model.log_odds(["I hate you so much!", "Have a nice day :)"])).mean(axis=1)
    assert means == pytest.approx([0.1395, 0.0115], abs=5e-5)


def test_its_arithmetic_is_keras_s(model: ToxicEnglish) -> None:
    texts = ["what a lovely day", "you stupid idiot", ""]
    given = toxic_en.weights(
        image_source.python_files(toxic_en.ABOUT.package, toxic_en.ABOUT.version, toxic_en.SHA256)[
            toxic_en.WEIGHTS
        ]
    )
    expected = np.vstack([keras(ids, given) for ids in model.ids(texts)])
    assert model.log_odds(texts) == pytest.approx(expected, abs=2e-5)


def keras(ids: Array, given: dict[str, Array]) -> Array:
    """The model as Keras runs it, a step at a time in double precision."""
    vectors = given["embedding"][ids].astype(np.float64)
    forward = lstm(vectors, given, "forward")
    backward = lstm(vectors[::-1], given, "backward")
    largest = np.concatenate([forward.max(axis=0), backward.max(axis=0)])
    hidden = np.maximum(largest @ given["hidden"] + given["hidden_bias"], 0)
    return hidden @ given["out"] + given["out_bias"]


def lstm(vectors: Array, given: dict[str, Array], way: str) -> Array:
    kernel, recurrent, bias = (given[f"{way}_{part}"] for part in ("kernel", "recurrent", "bias"))
    output, cell, outputs = np.zeros(50), np.zeros(50), []
    for vector in vectors:
        gates = np.split(vector @ kernel + output @ recurrent + bias, 4)
        take, forget, give = sigmoid(gates[0]), sigmoid(gates[1]), sigmoid(gates[3])
        cell = forget * cell + take * np.tanh(gates[2])
        output = give * np.tanh(cell)
        outputs.append(output)
    return np.array(outputs)


def test_words_are_split_and_padded_as_keras_does(model: ToxicEnglish) -> None:
    """The ids are ranks: `the` is 1, `to` 2, `of` 3."""
    ids = model.ids(["THE zzqqx,to;of", "the " * 150 + "to", "don't"])
    assert ids[0, -3:].tolist() == [1, 2, 3]
    assert not ids[0, :-3].any()
    assert ids[1].tolist() == [1] * (LENGTH - 1) + [2]
    assert (ids[2] > 0).sum() == 1  # the apostrophe stays inside the word


def test_a_batch_gives_what_each_text_gives_alone(model: ToxicEnglish) -> None:
    texts = ["you are stupid", "", "hello " * 300]
    alone = np.vstack([model.log_odds([text]) for text in texts])
    assert model.log_odds(texts) == pytest.approx(alone, abs=1e-5)
    assert model.log_odds([]).shape == (0, len(LABELS))


def test_the_bytes_are_the_same_every_time(made: Pretrained, tmp_path: Path) -> None:
    again = toxic_en.make(tmp_path)
    for name, path in made.files.items():
        assert path.read_bytes() == again.files[name].read_bytes()


def test_a_pickle_with_code_in_it_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.pickle"
    path.write_bytes(pickle.dumps(print))
    with pytest.raises(PretrainedError, match="print"):
        toxic_en.words(path)
