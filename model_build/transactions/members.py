"""The four models of the ensemble, each fitted on a feature matrix with NaN where nothing is known."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from model_build.errors import ParametersError
from model_build.transactions.forest import Tree, of_isolation, of_lightgbm, of_xgboost
from model_build.transactions.graph import MOST_LOGIT, Network

MODELS: Final = ("xgboost", "lightgbm", "mlp", "isolation_forest")

Matrix = npt.NDArray[np.float32]
Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]


class BoostParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Boosted trees: how many, how large (`depth` of XGBoost's, `leaves` of LightGBM's), how fast they
    learn, and what share of the rows and of the features each sees."""

    trees: int = 200
    depth: int = 5
    leaves: int = 16
    rate: float = 0.06
    rows: float = 0.8
    features: float = 0.5
    least_weight: float = 2.0
    ridge: float = 4.0


class NetworkParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The network: its hidden layers, how often it sees the rows, how strongly weights are held small."""

    layers: tuple[int, ...] = (32, 16)
    epochs: int = 15
    alpha: float = 1e-3
    rate: float = 2e-3


class IsolationParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The isolation forest: how many trees, of how many rows each."""

    trees: int = 60
    rows: int = 256


class ModelParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The section `model` of params.yaml.

    `imbalance` is the power of the ratio of the classes that frauds weigh in training: 0 as much as
    other rows, 1 as much as all of them together. `rows_in_memory` is up to how many rows are fitted on:
    beyond, legitimate ones are sampled and weigh more. `meta_ridges` and `meta_isolation` are the candidates
    of cross-validation: how strongly the meta-model is drawn to believing the supervised models alike, and
    the isolation forest so much.
    """

    xgboost: BoostParameters = BoostParameters()
    lightgbm: BoostParameters = BoostParameters()
    mlp: NetworkParameters = NetworkParameters()
    isolation_forest: IsolationParameters = IsolationParameters()
    imbalance: float = 0.5
    rows_in_memory: int = 400_000
    meta_ridges: tuple[float, ...] = (3.0, 100.0, 1000.0)
    meta_isolation: tuple[float, ...] = (0.0, 1.0)


def read_parameters(model: Mapping[str, Any]) -> ModelParameters:
    """`model` as ModelParameters; raises ParametersError naming the key."""
    try:
        return msgspec.convert(dict(model), ModelParameters)
    except msgspec.ValidationError as error:
        raise ParametersError(f"params.yaml, section model: {error}") from error


@dataclass(frozen=True)
class Scaler:
    """Fills, flags, and scales: the network's and, as far as filling goes, the isolation forest's input."""

    medians: Floats
    flags: Ints
    means: Floats
    scales: Floats

    def filled(self, features: Matrix) -> Matrix:
        """`features` with medians where nothing is known."""
        return np.where(np.isnan(features), self.medians.astype(np.float32), features)

    def inputs(self, features: Matrix) -> Floats:
        """The network's inputs, [rows, features + flags], in double precision."""
        values = self.unscaled(features)
        scaled: Floats = (values - self.means) / self.scales
        return scaled

    def unscaled(self, features: Matrix) -> Floats:
        """The same before they are scaled."""
        known = self.filled(features).astype(np.float64)
        flags = np.isnan(features[:, self.flags]).astype(np.float64)
        return np.hstack([np.sign(known) * np.log1p(np.abs(known)), flags])


def fit_scaler(features: Matrix) -> Scaler:
    """From the train rows."""
    missing = np.isnan(features)
    nothing = missing.all(axis=0)
    held = np.where(nothing, np.float32(0.0), features)
    medians = np.nanmedian(held, axis=0).astype(np.float32).astype(np.float64)
    flags = np.flatnonzero(missing.any(axis=0) & ~nothing).astype(np.int64)
    width = features.shape[1] + len(flags)
    raw = Scaler(medians, flags, np.zeros(width), np.ones(width)).unscaled(features)
    scales = raw.std(axis=0)
    return Scaler(medians, flags, raw.mean(axis=0), np.where(scales > 1e-9, scales, 1.0))


@dataclass(frozen=True)
class Members:
    """The four fitted models."""

    boosted: Any
    light: Any
    network: Any
    isolation: Any
    scaler: Scaler

    def logits(self, features: Matrix) -> Floats:
        """Each model's logit, [rows, 4] in the order of MODELS, by the libraries themselves."""
        import xgboost

        found = np.empty((len(features), len(MODELS)))
        found[:, 0] = self.boosted.predict(xgboost.DMatrix(features), output_margin=True)
        found[:, 1] = self.light.predict(features, raw_score=True, num_threads=1)
        found[:, 2] = self._network(features)
        score = -self.isolation.score_samples(self.scaler.filled(features))
        found[:, 3] = np.log(score) - np.log1p(-score)
        return found

    def _network(self, features: Matrix) -> Floats:
        """The network's logit: `predict_proba` would round what is nearly 1."""
        values = self.scaler.inputs(features)
        layers = list(zip(self.network.coefs_, self.network.intercepts_, strict=True))
        for weights, bias in layers[:-1]:
            values = np.maximum(values @ weights + bias, 0.0)
        weights, bias = layers[-1]
        last: Floats = (values @ weights + bias)[:, 0]
        return last

    def forests(self) -> list[list[Tree]]:
        """XGBoost's, LightGBM's and the isolation forest's trees."""
        return [
            of_xgboost(self.boosted),
            of_lightgbm(self.light),
            of_isolation(self.isolation, self.scaler.medians),
        ]

    def network_layers(self) -> Network:
        """The network as the graph holds it."""
        held = self.scaler
        return Network(
            held.medians, held.flags, held.means, held.scales, self.network.coefs_, self.network.intercepts_
        )


def clipped(logits: Floats) -> Floats:
    """Logits as the meta-model sees them."""
    held: Floats = np.clip(logits, -MOST_LOGIT, MOST_LOGIT)
    return held


def fit_members(
    features: Matrix, fraud: npt.NDArray[np.bool_], weights: Floats, parameters: ModelParameters, seed: int
) -> Members:
    """The four models. Each library runs on one thread, so that the number of cores changes no digit;
    two of them at a time."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    weight = weights * np.where(fraud, _weight_of_fraud(fraud, weights, parameters.imbalance), 1.0)
    with threadpool_limits(1), ThreadPoolExecutor(2) as pool:
        scaler = fit_scaler(features)
        boosted = pool.submit(_xgboost, features, fraud, weight, parameters.xgboost, seed)
        network = pool.submit(_mlp, scaler.inputs(features), fraud, weight, parameters.mlp, seed)
        light = pool.submit(_lightgbm, features, fraud, weight, parameters.lightgbm, seed)
        usual = scaler.filled(features[~fraud])
        isolation = pool.submit(_isolation, usual, parameters.isolation_forest, seed)
        return Members(boosted.result(), light.result(), network.result(), isolation.result(), scaler)


def _weight_of_fraud(fraud: npt.NDArray[np.bool_], weights: Floats, power: float) -> float:
    return float((weights[~fraud].sum() / max(weights[fraud].sum(), 1e-9)) ** power)


def _xgboost(features: Matrix, fraud: Any, weight: Floats, chosen: BoostParameters, seed: int) -> Any:
    import xgboost

    data = xgboost.QuantileDMatrix(features, label=fraud, weight=weight, nthread=1)
    settings = {
        "objective": "binary:logistic", "base_score": 0.5, "eta": chosen.rate, "max_depth": chosen.depth,
        "subsample": chosen.rows, "colsample_bytree": chosen.features, "lambda": chosen.ridge,
        "min_child_weight": chosen.least_weight, "tree_method": "hist", "nthread": 1, "seed": seed,
    }  # fmt: skip
    booster = xgboost.train(settings, data, chosen.trees)
    booster.set_param({"nthread": 1})
    return booster


def _lightgbm(features: Matrix, fraud: Any, weight: Floats, chosen: BoostParameters, seed: int) -> Any:
    import lightgbm

    settings = {
        "objective": "binary", "learning_rate": chosen.rate, "num_leaves": chosen.leaves,
        "bagging_fraction": chosen.rows, "bagging_freq": 1, "feature_fraction": chosen.features,
        "lambda_l2": chosen.ridge, "min_child_samples": 20, "min_sum_hessian_in_leaf": chosen.least_weight,
        "num_threads": 1, "seed": seed, "deterministic": True, "force_row_wise": True, "verbosity": -1,
        "boost_from_average": False,
    }  # fmt: skip
    data = lightgbm.Dataset(features, label=fraud.astype(np.float32), weight=weight, params={"verbosity": -1})
    return lightgbm.train(settings, data, chosen.trees)


def _mlp(inputs: Floats, fraud: Any, weight: Floats, chosen: NetworkParameters, seed: int) -> Any:
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    network = MLPClassifier(
        chosen.layers, alpha=chosen.alpha, batch_size=min(256, len(inputs)), learning_rate_init=chosen.rate,
        max_iter=chosen.epochs, random_state=seed, n_iter_no_change=chosen.epochs,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is the parameter
        return network.fit(inputs, fraud, sample_weight=weight / weight.mean())


def _isolation(usual: Matrix, chosen: IsolationParameters, seed: int) -> Any:
    from sklearn.ensemble import IsolationForest

    rows = min(chosen.rows, len(usual))
    return IsolationForest(n_estimators=chosen.trees, max_samples=rows, random_state=seed, n_jobs=1).fit(
        usual
    )
