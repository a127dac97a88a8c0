"""Fits the fusion of the channels, and writes it as a graph. lambdas/content/fusion.py has the formula.

A logistic regression a policy, held monotone by bounds on its weights. Rows are seen several times with some
of their channels hidden (modality dropout; Neverova et al. 2016, "ModDrop"), so that whatever is absent in a
request, what is there still gives a probability. The penalty draws not towards 0 but towards "the most
alarming channel decides, as it is": that is what stands where the data says nothing of a channel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper

from lambdas.content.fusion import SIGNALS, WIDTH, output_of
from lambdas.content.policies import CHANNELS, MOST, POLICIES, Signals
from model_build.calibration import Calibration
from model_build.onnx_parts import Parts

OPSET, IR = 18, 9
REAL: Final = TensorProto.FLOAT
USUAL: Final = float(np.log(0.01 / 0.99))
"""The log-odds of a policy that the data has no labels of, where no channel says anything."""
FAR: Final = -1e30

Floats = npt.NDArray[np.floating[Any]]
Bools = npt.NDArray[np.bool_]


class FusionParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`copies` of each row with channels hidden, each with the probability `hidden`; `ridge` is the strength
    of the penalty, in rows."""

    copies: Annotated[int, msgspec.Meta(ge=0)] = 4
    hidden: Annotated[float, msgspec.Meta(gt=0.0, lt=1.0)] = 0.5
    ridge: Annotated[float, msgspec.Meta(gt=0.0)] = 1.0


@dataclass(frozen=True)
class Mixing:
    """One policy: `weights` and `biases` [channels], what the highest signal counts, the constant, and the
    log-odds where no channel says anything."""

    weights: Floats
    biases: Floats
    most: float
    constant: float
    nothing: float

    def logits(self, signals: Floats) -> Floats:
        """The log-odds, [posts], from signals [posts, channels] with NaN for what is absent."""
        held = np.clip(signals.astype(np.float64), -MOST, MOST)
        there = ~np.isnan(held)
        filled = np.where(there, held, 0.0)
        highest = np.where(there, held, -np.inf).max(axis=1)
        some = there.any(axis=1)
        summed = filled @ self.weights + there @ self.biases + self.constant
        return np.where(some, summed + self.most * np.where(some, highest, 0.0), self.nothing)

    def calibrated(self, calibration: Calibration) -> Mixing:
        """With the calibration in it: softmax([0, z] / T + b) is the sigmoid of z / T + b1 - b0."""
        if calibration.floor:
            raise ValueError("a calibration with a floor is not linear in the logits")
        by, shift = calibration.temperature, calibration.bias[1] - calibration.bias[0]
        return Mixing(
            self.weights / by,
            self.biases / by,
            self.most / by,
            self.constant / by + shift,
            self.nothing / by + shift,
        )


def untrained() -> Mixing:
    """Of a policy without labels: the most alarming channel decides."""
    return Mixing(np.zeros(len(CHANNELS)), np.zeros(len(CHANNELS)), 1.0, 0.0, USUAL)


@dataclass(frozen=True)
class FusionModel:
    """Every policy's mixing, in the order of POLICIES; `trained` names those that had labels."""

    mixings: Mapping[str, Mixing]
    trained: tuple[str, ...]

    def logits(self, signals: Signals) -> Floats:
        """The log-odds of each policy, [posts, policies], from signals [posts, policies, channels]."""
        found = [self.mixings[policy].logits(signals[:, k]) for k, policy in enumerate(POLICIES)]
        return np.stack(found, axis=1)

    def calibrated(self, calibrations: Mapping[str, Calibration]) -> FusionModel:
        """With each trained policy's calibration in its numbers."""
        mixings = {
            policy: mixing.calibrated(calibrations[policy]) if policy in calibrations else mixing
            for policy, mixing in self.mixings.items()
        }
        return replace(self, mixings=mixings)


def fit_fusion(
    signals: Signals, labels: Mapping[str, npt.NDArray[np.int64]], parameters: FusionParameters, *, seed: int
) -> FusionModel:
    """The fusion of rows [rows, policies, channels] that nothing behind the signals was fitted to; `labels`
    are 1 where the policy is broken, [rows], for each policy that has labels."""
    mixings = {}
    for number, policy in enumerate(POLICIES):
        if policy not in labels:
            mixings[policy] = untrained()
            continue
        rng = np.random.default_rng((seed, number))
        mixings[policy] = _fit(signals[:, number].astype(np.float64), labels[policy] == 1, parameters, rng)
    return FusionModel(mixings, tuple(policy for policy in POLICIES if policy in labels))


def hide(signals: Floats, share: float, rng: np.random.Generator) -> Floats:
    """`signals` [rows, channels] with each present one hidden with the probability `share`, never all of a
    row's."""
    there = ~np.isnan(signals)
    drawn = np.where(there, rng.random(signals.shape), -1.0)
    kept = there & (drawn >= share)
    highest = drawn.argmax(axis=1)
    kept[np.arange(len(signals)), highest] |= there[np.arange(len(signals)), highest]
    return np.where(kept, signals, np.nan)


def _fit(signals: Floats, broken: Bools, parameters: FusionParameters, rng: np.random.Generator) -> Mixing:
    from scipy.optimize import minimize

    said = ~np.isnan(signals).all(axis=1)
    share = (float(broken.sum()) + 0.5) / (len(broken) + 1.0)
    nothing = float(np.log(share) - np.log1p(-share))
    rows, truth = signals[said], broken[said].astype(np.float64)
    copies = [rows, *(hide(rows, parameters.hidden, rng) for _ in range(parameters.copies))]
    design = np.concatenate([_design(each) for each in copies])
    truth = np.tile(truth, len(copies))
    towards = np.zeros(design.shape[1])
    towards[-2] = 1.0
    strength = np.full(design.shape[1], parameters.ridge)
    strength[-1] = 1e-3

    def loss(numbers: Floats) -> tuple[float, Floats]:
        logits, off = design @ numbers, numbers - towards
        value = float((np.logaddexp(0.0, logits) - truth * logits).sum()) / len(copies)
        slope = design.T @ (_sigmoid(logits) - truth) / len(copies)
        return value + 0.5 * float(strength @ off**2), slope + strength * off

    channels = len(CHANNELS)
    bounds = [(0.0, None)] * channels + [(None, None)] * channels + [(0.0, None), (None, None)]
    options = {"maxiter": 2000, "ftol": 1e-12, "gtol": 1e-8}
    found = minimize(loss, towards, jac=True, method="L-BFGS-B", bounds=bounds, options=options).x
    return Mixing(found[:channels], found[channels:-2], float(found[-2]), float(found[-1]), nothing)


def _design(signals: Floats) -> Floats:
    """[rows, signals, whether they are there, the highest of them, 1]."""
    there = ~np.isnan(signals)
    held = np.clip(signals, -MOST, MOST)
    highest = np.where(there, held, -np.inf).max(axis=1)
    return np.column_stack([np.where(there, held, 0.0), there, highest, np.ones(len(signals))])


def _sigmoid(logits: Floats) -> Floats:
    found: Floats = np.exp(-np.logaddexp(0.0, -logits))
    return found


def build(model: FusionModel) -> onnx.ModelProto:
    """The graph of a calibrated `model`; the same numbers give the same bytes."""
    graph, mixings = Parts(), [model.mixings[policy] for policy in POLICIES]
    absent = graph.add("absent", "IsNaN", SIGNALS)
    zero, far = graph.constant("zero", 0.0), graph.constant("far", FAR)
    held = graph.add("held", "Clip", SIGNALS, graph.constant("low", -MOST), graph.constant("high", MOST))
    filled = graph.add("filled", "Where", absent, zero, held)
    there = graph.add("there", "Cast", graph.add("present", "Not", absent), to=REAL)
    inputs = graph.add("inputs", "Concat", filled, there, axis=1)
    table, constants = _table(mixings)
    summed = graph.add(
        "summed", "Gemm", inputs, graph.constant("table", table), graph.constant("c", constants)
    )
    by_policy = graph.constant("by_policy", [-1, len(POLICIES), len(CHANNELS)], np.int64)
    shown = graph.add("shown", "Reshape", graph.add("known", "Where", absent, far, held), by_policy)
    axis = graph.constant("axis2", [2], np.int64)
    highest = graph.add("highest", "ReduceMax", shown, axis, keepdims=0)
    silent = graph.add("silent", "Less", highest, graph.constant("far/half", FAR / 2))
    most = graph.constant("most", [each.most for each in mixings])
    alarming = graph.add("alarming", "Mul", highest, most)
    nothing = graph.constant("nothing", [each.nothing for each in mixings])
    logits = graph.add("logits", "Where", silent, nothing, graph.add("all", "Add", summed, alarming))
    broken = graph.add("broken", "Sigmoid", logits)
    fine = graph.add("fine", "Sigmoid", graph.add("minus", "Neg", logits))
    both = graph.add("both", "Concat", fine, broken, axis=1)
    for k, policy in enumerate(POLICIES):
        columns = graph.constant(f"{policy}/columns", [k, len(POLICIES) + k], np.int64)
        graph.add(output_of(policy), "Gather", both, columns, axis=1)
    return _model(graph)


def _table(mixings: list[Mixing]) -> tuple[Floats, Floats]:
    """What each input adds to each policy, [2 * policies * channels, policies], and the constants."""
    channels = len(CHANNELS)
    table = np.zeros((2 * WIDTH, len(mixings)))
    for k, mixing in enumerate(mixings):
        table[k * channels : (k + 1) * channels, k] = mixing.weights
        table[WIDTH + k * channels : WIDTH + (k + 1) * channels, k] = mixing.biases
    return table, np.array([each.constant for each in mixings])


def _model(graph: Parts) -> onnx.ModelProto:
    info = helper.make_tensor_value_info
    outputs = [info(output_of(policy), REAL, ["posts", 2]) for policy in POLICIES]
    inputs = [info(SIGNALS, REAL, ["posts", WIDTH])]
    made = helper.make_graph(graph.nodes, "fusion", inputs, outputs, graph.constants)
    model = helper.make_model(
        made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR, producer_name="triage"
    )
    onnx.checker.check_model(model)
    return model
