"""A PyTorch network as one ONNX graph that is known to answer alike. Importing this imports PyTorch."""

from __future__ import annotations

import io
import pickle
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import onnxruntime
import torch
from safetensors import SafetensorError

from model_build.encoders.errors import EncoderDamaged, EncoderUnsupported
from model_build.encoders.graph import IR_VERSION, OPSET

TOLERANCE: Final = 1e-5
"""Of the largest magnitude among the outputs, or of 1."""
LARGEST: Final = 1 << 31
"""Bytes of one protobuf message, and so of a model in a single file."""

Inputs = tuple[torch.Tensor, ...]


def load_network(folder: Path, auto: Any, *, may_lack: Sequence[str] = ()) -> torch.nn.Module:
    """The network in `folder` by one of transformers' Auto classes; code of the folder's own is never run.

    Tensors whose names begin with one of `may_lack` may be missing. Raises EncoderDamaged.
    """
    try:
        body, loaded = auto.from_pretrained(
            folder,
            # Without them the weights are a pickle, which transformers reads with `weights_only`.
            use_safetensors=bool(list(folder.glob("*.safetensors"))),
            trust_remote_code=False,
            local_files_only=True,
            dtype=torch.float32,
            attn_implementation="eager",
            output_loading_info=True,
        )
    except (OSError, ValueError, SafetensorError, pickle.UnpicklingError) as error:
        raise EncoderDamaged(f"the model in {folder} cannot be loaded: {error}") from error
    missing = sorted(key for key in loaded["missing_keys"] if not key.startswith(tuple(may_lack)))
    if missing:
        raise EncoderDamaged(f"the weights in {folder} lack {len(missing)} tensors, {missing[0]} first")
    network: torch.nn.Module = body
    return network


class Exporter:
    """Exports `network`, which lies in `folder`, with these names and dynamic axes."""

    def __init__(
        self,
        network: torch.nn.Module,
        folder: Path,
        *,
        inputs: Sequence[str],
        outputs: Sequence[str],
        axes: Mapping[str, Mapping[int, str]],
    ) -> None:
        self._network = network.eval()
        self._folder = folder
        self._inputs = list(inputs)
        self._outputs = list(outputs)
        self._axes = {name: dict(found) for name, found in axes.items()}

    def run(self, sample: Inputs) -> list[torch.Tensor]:
        """What the network itself says."""
        with torch.no_grad():
            made = self._network(*sample)
        return list(made) if isinstance(made, tuple) else [made]

    def graph(self, example: Inputs, checks: Sequence[Inputs]) -> onnx.ModelProto:
        """The graph, compared with the network on `checks`, of shapes that the export did not see.

        Raises EncoderUnsupported when it is too large or does not answer alike.
        """
        size = sum(value.numel() * value.element_size() for value in self._network.state_dict().values())
        if size >= LARGEST:
            raise EncoderUnsupported(f"{self._folder} has {size / 1e9:.1f} GB of weights: a graph holds 2 GB")
        model = self._exported(example)
        model.ir_version = IR_VERSION
        onnx.checker.check_model(model)
        self._verify(model, checks)
        return model

    def _exported(self, example: Inputs) -> onnx.ModelProto:
        file = io.BytesIO()
        with warnings.catch_warnings():
            # This exporter is deprecated, and warns of shapes taken as constants, which _verify looks for.
            # The newer one needs onnxscript and ten times as long, and writes this machine's paths down.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                self._network,
                example,
                file,
                dynamo=False,
                input_names=self._inputs,
                output_names=self._outputs,
                dynamic_axes=self._axes,
                opset_version=OPSET,
            )
        return onnx.load_model_from_string(file.getvalue())

    def _verify(self, model: onnx.ModelProto, checks: Sequence[Inputs]) -> None:
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        for sample in checks:
            feeds = {name: value.numpy() for name, value in zip(self._inputs, sample, strict=True)}
            made = session.run(self._outputs, feeds)
            for expected, found in zip(self.run(sample), made, strict=True):
                wanted = expected.numpy()
                off = float(np.abs(found - wanted).max()) / max(1.0, float(np.abs(wanted).max()))
                if not off <= TOLERANCE:
                    raise EncoderUnsupported(f"{self._folder}: the exported graph is off by {off:.1e}")
