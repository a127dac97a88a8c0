"""The text model on a tiny one that was really trained: signals, silence, long batches, and words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest

from lambdas.content.policies import MOST, POLICIES
from lambdas.content.text.features import handmade
from lambdas.content.text.leaving_out import words_by_leaving_out
from lambdas.content.text.model import CHARACTERS_A_RUN, TextModel, words_that_mattered
from lambdas.content.text.normalise import Normal, normalise
from lambdas.core.bundle import MODEL
from lambdas.core.errors import BundleError
from lambdas.core.ngrams import grams
from model_build.calibration import Calibration, softmax
from model_build.dataset import Batch
from model_build.text.graph import build, build_uncalibrated
from model_build.text.inputs import Inputs, inputs_of
from model_build.text.solvers import in_memory
from model_build.text.weights import Linear, Scaling, Terms, fit_scaling

BAD = ["you are an idiot", "what an idiot you are", "idiot, go away", "only an idiot says that"]
GOOD = ["have a lovely day", "the lake is lovely", "see you at the lake", "what a day that was"]


class Reader:
    """Implements `model_build.text.inputs.Reader` for texts."""

    name = "posts"

    def items(self, batch: Batch) -> list[Normal]:
        raise NotImplementedError

    def texts(self, items: Sequence[Normal]) -> list[str]:
        return [item.text for item in items]

    def handmade(self, items: Sequence[Normal], spoken: Sequence[list[str]]) -> npt.NDArray[np.float32]:
        return handmade(items, spoken)


def inputs(texts: Sequence[str]) -> Inputs:
    return inputs_of([normalise(text) for text in texts], Reader())


@pytest.fixture(scope="module")
def fitted() -> tuple[Terms, Scaling, dict[str, Linear]]:
    """Toxicity is learned; threat is its opposite, so that two heads differ."""
    seen = inputs([*BAD, *GOOD])
    terms = Terms(
        np.unique(seen.counts.indices).astype(np.int64), np.ones(len(np.unique(seen.counts.indices)))
    )
    scaling = fit_scaling(seen.features)
    labels = np.repeat([1, 0], 4)
    head = in_memory(terms.values(seen.counts), labels, 2, c=10.0, weights={0: 1.0, 1: 1.0}, seed=0)
    none = np.zeros((seen.features.shape[1], 2))
    own = Linear(head.weights, none, head.bias)
    return terms, scaling, {"toxicity": own, "threat": Linear(-head.weights, none, -head.bias)}


@pytest.fixture(scope="module")
def model(
    fitted: tuple[Terms, Scaling, dict[str, Linear]], tmp_path_factory: pytest.TempPathFactory
) -> TextModel:
    folder = tmp_path_factory.mktemp("text")
    (folder / MODEL).write_bytes(build_uncalibrated(*fitted, name="posts").SerializeToString())
    return TextModel(folder, {"encoder": None})


def test_the_signals_are_those_of_the_training_side(
    model: TextModel, fitted: tuple[Terms, Scaling, dict[str, Linear]]
) -> None:
    texts = [*BAD, *GOOD, "y0u 1d10t", "unknown words only", "idi\u200bot " * 40]
    terms, scaling, heads = fitted
    seen = inputs(texts)
    read = model.read(texts)
    for policy, head in heads.items():
        logits = head.logits(terms.values(seen.counts), scaling.apply(seen.features), None)
        expected = np.clip(logits[:, 1] - logits[:, 0], -MOST, MOST)
        assert read.signals[:, POLICIES.index(policy)] == pytest.approx(expected, abs=1e-5)
    assert np.array_equal(read.features, seen.features, equal_nan=True)
    assert model.policies == ["toxicity", "threat"]
    assert np.isnan(read.signals[:, 2:]).all()
    assert read.signals[0, 0] > 0 > read.signals[4, 0]


def test_a_disguise_changes_little(model: TextModel) -> None:
    plain, hidden = model.read(["you are an idiot", "y0u аre an i.d.i.o.t"]).signals[:, 0]
    assert hidden == pytest.approx(plain, abs=1e-5)


def test_a_text_in_which_nothing_is_left_says_nothing(model: TextModel) -> None:
    read = model.read(["", " \n", "\u200b\u200b", "ok"])
    assert np.isnan(read.signals[:3]).all()
    assert not np.isnan(read.signals[3, 0])
    assert model.read([]).signals.shape == (0, len(POLICIES))


def test_long_texts_are_read_in_parts_with_the_same_answers(model: TextModel) -> None:
    texts = ["you are an idiot " * 400, "a lovely day", "lake " * (CHARACTERS_A_RUN // 4), "idiot", ""]
    together = model.read(texts)
    assert len(together.parts) > 1
    alone = np.vstack([model.read([text]).signals for text in texts])
    assert together.signals == pytest.approx(alone, abs=1e-5, nan_ok=True)
    for row, text in enumerate(texts):
        assert words_that_mattered(together, row, "toxicity") == words_that_mattered(
            model.read([text]), 0, "toxicity"
        )


def test_the_words_that_mattered_are_as_the_author_wrote_them(model: TextModel) -> None:
    read = model.read(["What a lovely day, you 1d10t!", "lovely i d i o t"])
    first, second = (words_that_mattered(read, row, "toxicity") for row in range(2))
    assert first[0].term == "1d10t"
    assert second[0].term == "i d i o t"
    assert [term.weight for term in first] == sorted((term.weight for term in first), reverse=True)
    assert all(term.weight > 0 for term in first)
    assert "lovely" in [term.term for term in words_that_mattered(read, 0, "threat")]
    assert "1d10t" not in [term.term for term in words_that_mattered(read, 0, "threat")]


def test_what_the_words_add_is_what_the_score_is_made_of(
    model: TextModel, fitted: tuple[Terms, Scaling, dict[str, Linear]]
) -> None:
    """With all words and no hand-made features the contributions and the bias are the whole score."""
    read = model.read(["you are an idiot"])
    bias = fitted[2]["toxicity"].bias
    total = float(read.parts[0].contributions["toxicity"].sum()) + float(bias[1] - bias[0])
    assert read.signals[0, 0] == pytest.approx(total, abs=1e-4)


def test_leaving_a_word_out_tells_what_the_score_hangs_on(model: TextModel) -> None:
    text = "What a lovely day, you 1d10t and i d i o t!"
    found = words_by_leaving_out(model, text)
    assert set(found) == {"toxicity", "threat"}
    assert found["toxicity"][0].term == "1d10t"
    assert found["threat"][0].term == "lovely"
    whole, without = model.read(
        ["What a lovely day, you idiot and idiot!", "What a lovely day, you and !"]
    ).signals
    assert found["toxicity"][0].weight == pytest.approx(float(whole[0] - without[0]), abs=1e-3)


def test_a_text_of_one_word_hangs_on_that_word(model: TextModel) -> None:
    said = float(model.read(["idiot"]).signals[0, 0])
    (only,) = words_by_leaving_out(model, "idiot")["toxicity"]
    assert (only.term, only.weight) == ("idiot", pytest.approx(said, abs=1e-3))
    assert words_by_leaving_out(model, "idiot")["threat"] == []


@pytest.mark.parametrize(
    "text", ["", "!!!", "idiot " + " ".join(f"w{k}x" for k in range(200)), "idiot " * 2_000]
)
def test_a_text_without_words_or_too_long_is_explained_by_its_n_grams(model: TextModel, text: str) -> None:
    found = words_by_leaving_out(model, text)
    assert found["toxicity"] == words_that_mattered(model.read([text]), 0, "toxicity")


def test_a_policy_without_a_head_has_no_words(model: TextModel) -> None:
    assert words_that_mattered(model.read(["idiot"]), 0, "violence") == []


def test_a_graph_without_any_policy_is_refused(
    fitted: tuple[Terms, Scaling, dict[str, Linear]], tmp_path: Path
) -> None:
    terms, scaling, heads = fitted
    other = build_uncalibrated(terms, scaling, {"mood": heads["threat"]}, name="posts")
    (tmp_path / MODEL).write_bytes(other.SerializeToString())
    with pytest.raises(BundleError, match="no output"):
        TextModel(tmp_path, {})


def test_what_another_writing_needs_and_is_not_there_is_told(model: TextModel) -> None:
    with pytest.raises(BundleError, match="other-writing cannot be had"):
        model._rest("other-writing")


def test_both_forms_of_the_graph_say_the_same(fitted: tuple[Terms, Scaling, dict[str, Linear]]) -> None:
    """The calibrated form at temperature 1 is the softmax of the uncalibrated one; its first head tells."""
    neutral = Calibration(temperature=1.0, bias=[0.0, 0.0], method="temperature", log_losses={})
    terms, scaling, heads = fitted
    graphs = [
        build_uncalibrated(terms, scaling, heads, name="posts"),
        build(terms, scaling, heads, dict.fromkeys(heads, neutral), name="posts"),
    ]
    found = grams(["you are an idiot", "lovely lake"])
    feeds = {
        "rows": found.rows,
        "buckets": found.buckets,
        "counts": found.counts,
        "features": inputs(["you are an idiot", "lovely lake"]).features,
    }
    raw, calibrated = (
        dict(zip([o.name for o in s.get_outputs()], s.run(None, feeds), strict=True))
        for s in (onnxruntime.InferenceSession(g.SerializeToString()) for g in graphs)
    )
    for head in heads:
        assert softmax(raw[f"{head}_logits"]) == pytest.approx(calibrated[f"{head}_probabilities"], abs=1e-6)
    won = raw["toxicity_logits"].argmax(axis=1)[found.rows] * 2 - 1
    assert raw["toxicity_contributions"] * won / 2 == pytest.approx(calibrated["contributions"], abs=1e-6)
