"""Tables beside the graph: the same answers and bytes, only where just rows are read, and never amiss."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from lambdas.core.bundle import MODEL
from lambdas.core.errors import BundleError
from lambdas.core.model import OnnxModel
from model_build.text.tables import Apart, write_graph

ROWS, WIDTH = 70_000, 128
TABLE = np.random.default_rng(0).integers(0, 255, (ROWS, WIDTH), dtype=np.uint8)
IDS = np.array([0, 5, ROWS - 1], dtype=np.int64)


def graph_of(table: np.ndarray, *, summed: bool = False) -> onnx.ModelProto:
    """Rows of `table` by `ids`; with `summed` the whole of it is read too."""
    nodes = [helper.make_node("Gather", ["a/table", "ids"], ["rows"])]
    outputs = [helper.make_tensor_value_info("rows", TensorProto.UINT8, ["n", WIDTH])]
    if summed:
        nodes.append(helper.make_node("Shape", ["a/table"], ["whole"]))
        outputs.append(helper.make_tensor_value_info("whole", TensorProto.INT64, [2]))
    graph = helper.make_graph(
        nodes,
        "rows",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, ["n"])],
        outputs,
        [numpy_helper.from_array(table, "a/table")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def test_a_large_table_is_beside_the_graph_and_the_answers_are_the_same(tmp_path: Path) -> None:
    files = write_graph(graph_of(TABLE), tmp_path)
    assert files == {"table0.npy": tmp_path / "table0.npy"}
    assert (tmp_path / MODEL).stat().st_size < 1_000
    model = OnnxModel(tmp_path)
    for outputs in ((), ("rows",)):
        assert np.array_equal(model.run({"ids": IDS}, outputs)["rows"], TABLE[IDS])


def test_there_is_no_external_data(tmp_path: Path) -> None:
    write_graph(graph_of(TABLE), tmp_path)
    written = onnx.load(tmp_path / MODEL, load_external_data=False)
    onnx.checker.check_model(written)
    assert not any(tensor.external_data for tensor in written.graph.initializer)


def test_the_same_graph_gives_the_same_bytes_and_is_left_as_it_was(tmp_path: Path) -> None:
    graph = graph_of(TABLE)
    before = graph.SerializeToString(deterministic=True)
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_graph(graph, tmp_path / name)
        made.append([(tmp_path / name / file).read_bytes() for file in (MODEL, "table0.npy")])
    assert made[0] == made[1]
    assert graph.SerializeToString(deterministic=True) == before


@pytest.mark.parametrize(
    "graph", [graph_of(TABLE[:100]), graph_of(TABLE, summed=True)], ids=["small", "read whole"]
)
def test_what_is_small_or_read_whole_stays_inside(tmp_path: Path, graph: onnx.ModelProto) -> None:
    assert write_graph(graph, tmp_path) == {}
    assert (tmp_path / MODEL).read_bytes() == graph.SerializeToString(deterministic=True)


@pytest.mark.parametrize("damage", ["missing", "cut short", "no table", "other shape"])
def test_a_table_that_cannot_be_used_is_a_bundle_error(tmp_path: Path, damage: str) -> None:
    (path,) = write_graph(graph_of(TABLE), tmp_path).values()
    if damage == "missing":
        path.unlink()
    elif damage == "cut short":
        path.write_bytes(path.read_bytes()[:-1_000])
    elif damage == "no table":
        path.write_bytes(b"junk")
    else:
        np.save(path, TABLE[:, :3])
    with pytest.raises(BundleError):
        OnnxModel(tmp_path).run({"ids": IDS})


def test_rows_that_are_set_apart_come_back_where_they_were(tmp_path: Path) -> None:
    own, rest = tmp_path / "own", tmp_path / "rest"
    own.mkdir()
    rest.mkdir()
    write_graph(graph_of(TABLE), own, Apart("/table", 65_000, rest))
    assert len(np.load(own / "table0.npy")) == 65_000 and len(np.load(rest / "table0.npy")) == ROWS - 65_000
    model = OnnxModel(own)
    assert np.array_equal(model.run({"ids": IDS[:2]})["rows"], TABLE[IDS[:2]])
    with pytest.raises(BundleError):
        model.run({"ids": IDS})
    model.add_rows(rest)
    assert np.array_equal(model.run({"ids": IDS})["rows"], TABLE[IDS])


def test_a_table_that_is_not_named_stays_whole(tmp_path: Path) -> None:
    (tmp_path / "rest").mkdir()
    write_graph(graph_of(TABLE), tmp_path, Apart("another", 10, tmp_path / "rest"))
    assert len(np.load(tmp_path / "table0.npy")) == ROWS
    assert list((tmp_path / "rest").iterdir()) == []
