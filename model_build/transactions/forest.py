"""Trees of three libraries in one form: what the graph holds, and nothing of the libraries is left.

Every node asks `value <= threshold` of a float32: XGBoost's `<` becomes `<=` of the number just below, and
the doubles of the others are rounded down to the float32 that parts the same float32 values.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LEAF: Final = -1
EULER: Final = 0.5772156649015329


@dataclass(frozen=True)
class Tree:
    """One tree, an entry a node, the root first: `feature` is LEAF at a leaf, where `value` counts.
    Elsewhere a row with a value <= `threshold` goes to `yes`, else to `no`; NaN to `yes` if `missing`."""

    feature: Ints
    threshold: npt.NDArray[np.float32]
    yes: Ints
    no: Ints
    missing: Bools
    value: npt.NDArray[np.float32]


def of_xgboost(booster: Any) -> list[Tree]:
    """The trees of an XGBoost booster; their sum is its margin (base_score must be 0.5)."""
    model = json.loads(bytes(booster.save_raw("json")).decode())
    trees = []
    for each in model["learner"]["gradient_booster"]["model"]["trees"]:
        yes = np.array(each["left_children"], dtype=np.int64)
        leaf = yes < 0
        conditions = np.array(each["split_conditions"], dtype=np.float32)
        trees.append(
            Tree(
                feature=np.where(leaf, LEAF, np.array(each["split_indices"], dtype=np.int64)),
                threshold=np.nextafter(conditions, np.float32(-np.inf)),
                yes=yes,
                no=np.array(each["right_children"], dtype=np.int64),
                missing=np.array(each["default_left"], dtype=bool),
                value=np.where(leaf, conditions, np.float32(0)).astype(np.float32),
            )
        )
    return trees


def of_lightgbm(booster: Any) -> list[Tree]:
    """The trees of a LightGBM booster without categorical splits; their sum is its margin."""
    return [_lightgbm(each["tree_structure"]) for each in booster.dump_model()["tree_info"]]


def _lightgbm(root: dict[str, Any]) -> Tree:
    rows: list[list[Any]] = []

    def add(node: dict[str, Any]) -> int:
        place = len(rows)
        if "split_index" not in node:
            rows.append([LEAF, 0.0, 0, 0, False, node["leaf_value"]])
            return place
        threshold = float(node["threshold"])
        kind = node["missing_type"]
        # Without missing values in training LightGBM takes a missing one for 0.
        missing = node["default_left"] if kind == "NaN" else threshold >= 0.0
        rows.append([node["split_feature"], threshold, 0, 0, missing, 0.0])
        rows[place][2] = add(node["left_child"])
        rows[place][3] = add(node["right_child"])
        return place

    add(root)
    feature, threshold, yes, no, missing, value = zip(*rows, strict=True)
    return Tree(
        feature=np.array(feature, dtype=np.int64),
        threshold=below(np.array(threshold)),
        yes=np.array(yes, dtype=np.int64),
        no=np.array(no, dtype=np.int64),
        missing=np.array(missing, dtype=bool),
        value=np.array(value, dtype=np.float32),
    )


def of_isolation(forest: Any, medians: Floats) -> list[Tree]:
    """The trees of a scikit-learn IsolationForest; their sum is the logarithm of its anomaly score.

    The score is 2^(-mean path length / c) (Liu, Ting and Zhou 2008), so each leaf holds its path's length
    times -ln 2 / (c trees). A missing value goes where its median would.
    """
    usual = path_length(np.array([forest.max_samples_]))[0]
    scale = -np.log(2.0) / (usual * len(forest.estimators_))
    trees = []
    for estimator in forest.estimators_:
        tree = estimator.tree_
        leaf = tree.children_left < 0
        depth = np.zeros(tree.node_count)
        for node in np.flatnonzero(~leaf):  # parents stand before their children
            depth[[tree.children_left[node], tree.children_right[node]]] = depth[node] + 1.0
        lengths = depth + path_length(tree.n_node_samples)
        feature = np.where(leaf, LEAF, tree.feature)
        trees.append(
            Tree(
                feature=feature.astype(np.int64),
                threshold=below(tree.threshold),
                yes=tree.children_left.astype(np.int64),
                no=tree.children_right.astype(np.int64),
                missing=medians[np.maximum(feature, 0)] <= tree.threshold,
                value=np.where(leaf, lengths * scale, 0.0).astype(np.float32),
            )
        )
    return trees


def path_length(rows: npt.NDArray[Any]) -> Floats:
    """The mean path length of an unsuccessful search in a binary tree of `rows` rows (the same paper)."""
    n = np.maximum(rows.astype(np.float64), 2.0)
    found = 2.0 * (np.log(n - 1.0) + EULER) - 2.0 * (n - 1.0) / n
    return np.select([rows <= 1, rows == 2], [0.0, 1.0], found)


def below(thresholds: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """The largest float32 that is not above each threshold."""
    with np.errstate(over="ignore"):  # LightGBM writes 1.8e308 where every known value goes one way
        rounded = thresholds.astype(np.float32)
    down = np.nextafter(rounded, np.float32(-np.inf))
    return np.where(rounded.astype(np.float64) > thresholds, down, rounded).astype(np.float32)
