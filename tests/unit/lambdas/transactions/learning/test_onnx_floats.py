"""Our walk over an ONNX file against the onnx package's."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from lambdas.core.errors import BundleError
from lambdas.transactions.learning.onnx_floats import floats, with_floats
from tests.support.fraud_bundles import fraud_graph

WEIGHTS = (0.6, 0.7, 0.8, 0.2)


def by_onnx(model: bytes) -> dict[str, np.ndarray]:
    return {each.name: numpy_helper.to_array(each) for each in onnx.load_from_string(model).graph.initializer}


def test_it_reads_what_the_onnx_package_reads() -> None:
    model = fraud_graph(WEIGHTS, -1.5)
    for name, value in by_onnx(model).items():
        assert floats(model, name).tolist() == value.reshape(-1).tolist()


def test_it_changes_what_it_is_told_and_nothing_else() -> None:
    model = fraud_graph(WEIGHTS, -1.5)
    changed = with_floats(with_floats(model, "meta_weights", [1.0, 2.0, 3.0, 4.0]), "meta_bias", [0.25])
    onnx.checker.check_model(onnx.load_from_string(changed), full_check=True)
    before, after = by_onnx(model), by_onnx(changed)
    assert after.pop("meta_weights").tolist() == [[1.0], [2.0], [3.0], [4.0]]
    assert after.pop("meta_bias").tolist() == [0.25]
    assert all(np.array_equal(before[name], value) for name, value in after.items())
    assert with_floats(changed, "meta_bias", [-1.5])[-40:] == with_floats(model, "meta_bias", [-1.5])[-40:]


def test_what_is_not_there_or_does_not_fit_is_refused() -> None:
    model = fraud_graph()
    with pytest.raises(BundleError, match="no initializer 'absent'"):
        floats(model, "absent")
    with pytest.raises(BundleError, match="holds 4 floats, not 3"):
        with_floats(model, "meta_weights", [1.0, 2.0, 3.0])
    whole = onnx.load_from_string(model)
    whole.graph.initializer.append(helper.make_tensor("plain", onnx.TensorProto.FLOAT, [1], [1.0]))
    whole.graph.initializer.append(numpy_helper.from_array(np.array([1, 2]), "whole"))
    for name in ("plain", "whole"):
        with pytest.raises(BundleError, match="not float32 raw data"):
            floats(whole.SerializeToString(), name)


@pytest.mark.parametrize("cut", [1, 10, 300, 900])
def test_a_file_that_is_cut_short_is_refused(cut: int) -> None:
    with pytest.raises(BundleError):
        floats(fraud_graph()[:-cut], "absent")
    with pytest.raises(BundleError):
        floats(b"\xff" * cut, "meta_bias")
