"""An ONNX model in memory."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

# onnxruntime 1.29 and later reports its use over the network unless told not to before the import.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
import onnxruntime

from lambdas.core import early
from lambdas.core.bundle import MODEL
from lambdas.core.errors import BundleError

Array = npt.NDArray[Any]


_TABLE = re.compile(r"table\d+")


def table_file(name: str) -> str:
    """The file beside a graph that holds its input `name`, where that is a table: a large constant."""
    return f"{name}.npy"


def _table(path: Path) -> Array:
    """The table, mapped and not read. Raises BundleError."""
    try:
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except (OSError, ValueError) as error:
        raise BundleError(f"{path.parent.name}: {path.name} cannot be read: {error}") from error


def session_of(graph: Path, threads: int = 1) -> onnxruntime.InferenceSession:
    """A session over the file `graph`. What it raises is of no class of its own."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])


class OnnxModel:
    """A session over a graph of a bundle, on one thread: a Lambda function has less than one core.

    The graph's inputs `table0`, `table1`, ... are the files of that name beside it, not what `run` is given.
    """

    def __init__(self, folder: Path, file: str = MODEL, *, threads: int = 1) -> None:
        graph = folder / file
        opened = early.kept(graph) if threads == 1 else None
        try:
            self._session = opened or session_of(graph, threads)
        except Exception as error:  # onnxruntime's errors share no base class
            raise BundleError(f"{folder.name}: {file} cannot be loaded: {error}") from error
        self.outputs = [output.name for output in self._session.get_outputs()]
        self._tables = {
            each.name: _table(folder / table_file(each.name))
            for each in self._session.get_inputs()
            if _TABLE.fullmatch(each.name)
        }

    def add_rows(self, folder: Path) -> None:
        """Put the rows in `folder` below those of the tables of the same file name. Raises BundleError."""
        for name, table in self._tables.items():
            if (folder / table_file(name)).is_file():
                self._tables[name] = np.concatenate([table, _table(folder / table_file(name))])

    def run(self, feeds: Mapping[str, Array], outputs: Sequence[str] = ()) -> dict[str, Array]:
        """The named `outputs`, or every one; raises BundleError when the model cannot be run on `feeds`.

        What only the outputs that were not asked for need is not computed.
        """
        names = list(outputs) or self.outputs
        options = onnxruntime.RunOptions()
        options.only_execute_path_to_fetches = bool(outputs)
        try:
            values = self._session.run(names, {**feeds, **self._tables}, options)
        except Exception as error:  # onnxruntime's errors share no base class
            raise BundleError(f"the model failed to run: {error}") from error
        return {name: np.asarray(value) for name, value in zip(names, values, strict=True)}
