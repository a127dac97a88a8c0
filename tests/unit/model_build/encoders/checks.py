"""What every encoder must do, whichever it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime

from lambdas.core.tokeniser import Tokeniser
from model_build.encoders.base import Encoder, Floats

SAID = [
    "my order is late and nobody answers",
    "I was charged twice",
    "",
    "THE APP CRASHES!!! error 500",
    "mi pedido no ha llegado y nadie contesta",
    "l'application plante à chaque fois que j'ouvre une facture " * 3,
]


def session(encoder: Encoder) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(
        encoder.graph().SerializeToString(), providers=["CPUExecutionProvider"]
    )


def run(served: onnxruntime.InferenceSession, ids: np.ndarray, mask: np.ndarray) -> Floats:
    (made,) = served.run(["embedding"], {"ids": ids, "mask": mask})
    return made


def check_signature(encoder: Encoder) -> None:
    graph = encoder.graph().graph
    inputs = {value.name: value.type.tensor_type.elem_type for value in graph.input}
    assert inputs == {"ids": onnx.TensorProto.INT64, "mask": onnx.TensorProto.FLOAT}
    assert [value.name for value in graph.output] == ["embedding"]
    assert not any(tensor.external_data for tensor in graph.initializer)


def check_padding_changes_nothing(encoder: Encoder) -> None:
    served = session(encoder)
    ids, mask = encoder.tokens(SAID)
    wider = np.pad(ids, ((0, 0), (0, 5)), constant_values=encoder.settings["pad"])
    batch = run(served, wider, np.pad(mask, ((0, 0), (0, 5))))
    for row, text in enumerate(SAID):
        assert np.abs(run(served, *encoder.tokens([text]))[0] - batch[row]).max() <= 1e-6


def check_embed(encoder: Encoder) -> None:
    seen: list[tuple[int, int]] = []
    texts = SAID * 12
    made = encoder.embed(texts, progress=lambda done, total: seen.append((done, total)))
    assert made.shape == (len(texts), encoder.dimension)
    assert made.dtype == np.float32
    assert np.abs(np.linalg.norm(made, axis=1) - 1).max() <= 1e-5
    served = session(encoder)
    one_by_one = np.vstack([run(served, *encoder.tokens([text])) for text in SAID])
    assert np.abs(made - np.tile(one_by_one, (12, 1))).max() <= 1e-6
    assert seen[-1] == (len(texts), len(texts))
    assert seen == sorted(set(seen))


def check_served_tokeniser(encoder: Encoder, bundle: Path) -> None:
    """What goes into a bundle is enough for the serving side to make the same tokens."""
    for name, path in encoder.files.items():
        assert Path(name).name == name
        (bundle / name).write_bytes(path.read_bytes())
    for made, expected in zip(
        Tokeniser(encoder.settings, bundle).tokens(SAID), encoder.tokens(SAID), strict=True
    ):
        assert np.array_equal(made, expected)


def check_bytes_repeat(encoder: Encoder, again: Encoder) -> None:
    assert encoder.graph().SerializeToString(deterministic=True) == again.graph().SerializeToString(
        deterministic=True
    )
