"""The fusion: monotone, the same in ONNX as in numpy, and good on whatever channels are there."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import log_loss, roc_auc_score

from lambdas.content.fusion import FUSION, WIDTH, Fusion
from lambdas.content.policies import CHANNELS, MOST, POLICIES, Signals
from lambdas.core.errors import BundleError
from model_build.calibration import Calibration
from model_build.content.fusion import FusionModel, FusionParameters, build, fit_fusion, hide

SUBSETS = [list(each) for size in range(1, len(CHANNELS) + 1) for each in combinations(range(5), size)]
SIGNAL = st.floats(-12, 12, width=32)


def posts(rows: int, seed: int, *, whole: bool = False) -> tuple[Signals, dict[str, np.ndarray]]:
    """Posts whose channels each carry some of the risk, unevenly: text most, the sound itself nothing."""
    rng = np.random.default_rng(seed)
    quality = np.array([2.0, 1.2, 1.5, 0.0, 1.0])
    signals = np.full((rows, len(POLICIES), len(CHANNELS)), np.nan, dtype=np.float32)
    labels = {}
    there = rng.random((rows, len(CHANNELS))) < [0.9, 0.5, 0.3, 0.4, 0.4]
    there[~there.any(axis=1), 0] = True
    there |= whole
    for k, policy in enumerate(POLICIES[:3]):
        broken = rng.random(rows) < (0.3, 0.15, 0.2)[k]
        own = quality * (2.0 * broken[:, None] - 1.0) - 1.0 + 1.5 * rng.normal(size=(rows, 5))
        signals[:, k] = np.where(there, own, np.nan)
        labels[policy] = broken.astype(np.int64)
    signals[:, 3, 1] = np.where(there[:, 1], rng.normal(size=rows), np.nan)
    return signals, labels


@pytest.fixture(scope="module")
def model() -> FusionModel:
    signals, labels = posts(4_000, 1)
    return fit_fusion(signals, labels, FusionParameters(), seed=3)


@pytest.fixture(scope="module")
def calibrated(model: FusionModel) -> FusionModel:
    one = Calibration(1.3, [0.1, -0.2], "temperature and bias", {})
    return model.calibrated(dict.fromkeys(model.trained, one))


@pytest.fixture(scope="module")
def served(calibrated: FusionModel, tmp_path_factory: pytest.TempPathFactory) -> Fusion:
    folder = tmp_path_factory.mktemp("fusion")
    (folder / FUSION).write_bytes(build(calibrated).SerializeToString(deterministic=True))
    return Fusion(folder)


def sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logits))


def test_the_graph_is_the_fitted_model(calibrated: FusionModel, served: Fusion) -> None:
    signals, _ = posts(1_000, 2)
    rng = np.random.default_rng(0)
    signals[rng.random(signals.shape) < 0.4] = np.nan
    signals[:5] = np.nan
    signals[5:9] *= 50
    assert np.abs(served.probabilities(signals) - sigmoid(calibrated.logits(signals))).max() < 1e-6


@pytest.mark.parametrize("policy", range(len(POLICIES)))
@settings(max_examples=60, deadline=None)
@given(subset=st.sampled_from(SUBSETS), base=st.lists(SIGNAL, min_size=5, max_size=5), data=st.data())
def test_more_risk_in_any_channel_is_never_less_risk(
    served: Fusion, policy: int, subset: list[int], base: list[float], data: st.DataObject
) -> None:
    channel = data.draw(st.sampled_from(subset))
    more = data.draw(st.floats(0, 24, width=32))
    signals = np.full((2, len(POLICIES), len(CHANNELS)), np.nan, dtype=np.float32)
    signals[:, policy, subset] = np.array(base, dtype=np.float32)[subset]
    signals[1, policy, channel] += np.float32(more)
    low, high = served.probabilities(signals)[:, policy]
    assert high >= low - 1e-7


def test_without_any_channel_it_is_what_is_usual(model: FusionModel, tmp_path: Path) -> None:
    (tmp_path / FUSION).write_bytes(build(model).SerializeToString())
    nothing = np.full((1, WIDTH), np.nan, dtype=np.float32)
    found = Fusion(tmp_path).probabilities(nothing)[0]
    _, labels = posts(4_000, 1)
    assert found[:3] == pytest.approx([labels[policy].mean() for policy in POLICIES[:3]], abs=1e-3)
    assert found[3] == pytest.approx(0.01, abs=1e-6)


def test_a_policy_without_labels_believes_its_most_alarming_channel(served: Fusion) -> None:
    signals = np.full((1, len(POLICIES), len(CHANNELS)), np.nan, dtype=np.float32)
    signals[0, 3, [0, 1]] = [-3.0, 2.0]
    assert served.probabilities(signals)[0, 3] == pytest.approx(sigmoid(np.array(2.0)), abs=1e-6)


def test_any_subset_is_no_worse_than_its_best_channel(model: FusionModel) -> None:
    """On new posts, reduced to the subset, for the policies that have labels: ranking and probability."""
    whole, labels = posts(12_000, 7, whole=True)
    for k, policy in enumerate(POLICIES[:3]):
        truth = labels[policy]
        # The fourth channel is noise: what it happens to score here is no skill.
        alone = {c: 0.5 if c == 3 else roc_auc_score(truth, whole[:, k, c]) for c in range(len(CHANNELS))}
        for subset in SUBSETS:
            seen = np.full_like(whole, np.nan)
            seen[:, k, subset] = whole[:, k, subset]
            found = model.mixings[policy].logits(seen[:, k])
            best = max(alone[channel] for channel in subset)
            assert roc_auc_score(truth, found) >= best - 0.01
            assert log_loss(truth, sigmoid(found)) < log_loss(truth, np.full(len(truth), truth.mean())) + 0.02


def test_dropout_is_what_makes_small_subsets_work() -> None:
    """Trained on full posts only, the same model is worse where a single channel is left."""
    signals, truth = posts(2_000, 5, whole=True)
    losses = {}
    for copies in (0, 4):
        fitted = fit_fusion(signals, truth, FusionParameters(copies=copies), seed=1)
        alone = np.full_like(signals[:, 0], np.nan)
        alone[:, 4] = signals[:, 0, 4]
        losses[copies] = log_loss(truth["toxicity"], sigmoid(fitted.mixings["toxicity"].logits(alone)))
    assert losses[4] < losses[0]


def test_hiding_keeps_at_least_one_of_what_is_there() -> None:
    signals, _ = posts(3_000, 4)
    one = signals[:, 0].astype(np.float64)
    hidden = hide(one, 0.9, np.random.default_rng(0))
    there = ~np.isnan(hidden)
    assert there.any(axis=1).all() and not (there & np.isnan(one)).any()
    assert 0.1 < there.sum() / (~np.isnan(one)).sum() < 0.6


def test_the_same_rows_and_seed_give_the_same_bytes() -> None:
    made = []
    for _ in range(2):
        signals, labels = posts(1_000, 6)
        made.append(build(fit_fusion(signals, labels, FusionParameters(), seed=9)).SerializeToString())
    assert made[0] == made[1]


def test_weights_are_bounded_and_the_channel_that_says_nothing_hardly_counts(model: FusionModel) -> None:
    for policy in model.trained:
        mixing = model.mixings[policy]
        assert (mixing.weights >= 0).all() and mixing.most >= 0
        assert mixing.weights[3] < 0.2 < mixing.weights[0] + mixing.most
    assert MOST == 10.0


def test_a_damaged_graph_is_a_bundle_error(tmp_path: Path) -> None:
    (tmp_path / FUSION).write_bytes(b"no graph")
    with pytest.raises(BundleError):
        Fusion(tmp_path)
