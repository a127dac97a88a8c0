"""An ONNX model in memory."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

# onnxruntime 1.29 and later reports its use over the network unless told not to before the import.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
import onnxruntime

from lambdas.core.bundle import MODEL
from lambdas.core.errors import BundleError

Array = npt.NDArray[Any]


class OnnxModel:
    """A session over a graph of a bundle, on one thread: a Lambda function has less than one core."""

    def __init__(self, folder: Path, file: str = MODEL, *, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(folder / file), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's errors share no base class
            raise BundleError(f"{folder.name}: {file} cannot be loaded: {error}") from error
        self.outputs = [output.name for output in self._session.get_outputs()]

    def run(self, feeds: Mapping[str, Array], outputs: Sequence[str] = ()) -> dict[str, Array]:
        """The named `outputs`, or every one; raises BundleError when the model cannot be run on `feeds`.

        What only the outputs that were not asked for need is not computed.
        """
        names = list(outputs) or self.outputs
        options = onnxruntime.RunOptions()
        options.only_execute_path_to_fetches = bool(outputs)
        try:
            values = self._session.run(names, dict(feeds), options)
        except Exception as error:  # onnxruntime's errors share no base class
            raise BundleError(f"the model failed to run: {error}") from error
        return {name: np.asarray(value) for name, value in zip(names, values, strict=True)}
