"""Stores a graph's large look-up tables beside it, so that opening it need not read them.

An encoder's table of pieces is most of a bundle, and a text needs a few of its rows. Inside the graph it is
parsed and copied at every start; beside it, it is mapped. The graph stays one without external data: a table
is an input like any other, which `lambdas.core.model.OnnxModel` fills.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import onnx
from onnx import numpy_helper

from lambdas.core.bundle import MODEL
from lambdas.core.model import table_file

LEAST_BYTES: Final = 8_000_000
"""A smaller table stays inside: fetching one more file would take longer than is saved."""


class Apart(NamedTuple):
    """The table whose name ends in `name` is in two parts: its first `rows`, and the others in `folder`."""

    name: str
    rows: int
    folder: Path


def write_graph(graph: onnx.ModelProto, folder: Path, apart: Apart | None = None) -> dict[str, Path]:
    """Write `graph` as the model of the bundle in `folder`; the files of its tables, by name.

    The same graph gives the same bytes. `graph` is left as it was.
    """
    made = onnx.ModelProto()
    made.CopyFrom(graph)
    files = {}
    for number, table in enumerate(_tables(made.graph)):
        name = f"table{number}"
        for node in made.graph.node:
            for place, given in enumerate(node.input):
                if given == table.name:
                    node.input[place] = name
        shape = [f"rows_of_{name}", *table.dims[1:]]
        made.graph.input.append(onnx.helper.make_tensor_value_info(name, table.data_type, shape))
        rows = numpy_helper.to_array(table)
        if apart is not None and table.name.endswith(apart.name):
            np.save(apart.folder / table_file(name), rows[apart.rows :], allow_pickle=False)
            rows = rows[: apart.rows]
        made.graph.initializer.remove(table)
        files[table_file(name)] = folder / table_file(name)
        np.save(files[table_file(name)], rows, allow_pickle=False)
    (folder / MODEL).write_bytes(made.SerializeToString(deterministic=True))
    return files


def _tables(graph: onnx.GraphProto) -> list[onnx.TensorProto]:
    """The large constants of which nothing but rows is read."""
    kept = {output.name for output in graph.output} | set(_within(graph.node))
    kept |= {
        given
        for node in graph.node
        for place, given in enumerate(node.input)
        if node.op_type != "Gather" or place
    }
    return [each for each in graph.initializer if each.name not in kept and each.ByteSize() >= LEAST_BYTES]


def _within(nodes: Iterable[onnx.NodeProto]) -> Iterator[str]:
    """What the branches of `nodes` read, if there are any."""
    for node in nodes:
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from (given for each in inner.node for given in each.input)
                yield from _within(inner.node)
