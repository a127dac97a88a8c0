"""Whisper (Radford et al. 2022, "Robust Speech Recognition via Large-Scale Weak Supervision") as two ONNX
graphs.

The encoder hears a stretch of sound once, and gives the keys and values that every layer of the decoder
looks at. The decoder takes the tokens that are new, and the keys and values of those before: each token is
computed once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import onnx
from onnx import TensorProto

from model_build.pretrained.ct2_weights import Array
from model_build.pretrained.whisper_net import CONTRIB, HEADS, LAYERS, PER_HEAD, WIDTH, Net, in_blocks, third

MELS: Final = 80
HIDDEN: Final = -1e9
"""Added to the attention weight of a token that comes later."""


def encoder(weights: Mapping[str, Array]) -> onnx.ModelProto:
    """Input `mel` float32 [1, MELS, steps] (10 ms each, at most 3,000). Outputs, for each layer k of the
    decoder, `cross_key_k` and `cross_value_k` float32 [1, HEADS, steps / 2, PER_HEAD].
    """
    net = Net(weights)
    value = net.input("mel", [1, MELS, "steps"])
    for name, stride in (("conv1", 1), ("conv2", 2)):
        weight, bias = net.weight(f"encoder/{name}/weight"), net.weight(f"encoder/{name}/bias")
        convolved = net.add("Conv", value, weight, bias, kernel_shape=[3], pads=[1, 1], strides=[stride])
        value = net.add("Gelu", convolved)
    value = net.add("Transpose", value, perm=[0, 2, 1])
    frames = net.add("Shape", value, start=1, end=2)
    places = net.weight("encoder/position_encodings/encodings")
    value = net.add("Add", value, net.add("Slice", places, net.integers(0), frames, net.integers(0)))
    for layer in range(LAYERS):
        value = _heard(net, value, f"encoder/layer_{layer}")
    value = net.normalised(value, "encoder/layer_norm")
    for layer in range(LAYERS):
        name = f"decoder/layer_{layer}/attention/linear_1"
        keys = net.linear(value, name, third(0), bias=False)
        for kind, part in (("key", keys), ("value", net.linear(value, name, third(1)))):
            net.output(net.split(part), f"cross_{kind}_{layer}", [1, HEADS, "frames", PER_HEAD])
    return net.model("whisper_encoder")


def _heard(net: Net, value: str, layer: str) -> str:
    """One layer of the encoder. The model has no bias of keys: in the softmax it would cancel out."""
    name = f"{layer}/self_attention"
    inner = net.normalised(value, f"{name}/layer_norm")
    parts = [net.linear(inner, f"{name}/linear_0", third(k), bias=k != 1) for k in range(3)]
    seen = net.add("MultiHeadAttention", *parts, domain=CONTRIB, num_heads=HEADS)
    return net.feed_forward(net.add("Add", value, net.linear(seen, f"{name}/linear_1")), f"{layer}/ffn")


def decoder(weights: Mapping[str, Array]) -> onnx.ModelProto:
    """Inputs `tokens` int64 [1, new], and for each layer k `past_key_k`, `past_value_k` float32 [1, HEADS,
    past, PER_HEAD] (past is 0 at first) and the encoder's `cross_key_k`, `cross_value_k`. Outputs `logits`
    float32 [1, vocabulary], those of the token that follows, and `present_key_k`, `present_value_k`, the
    next `past_…`. At most 448 tokens in all.
    """
    return _Decoder(weights).build()


class _Decoder:
    def __init__(self, weights: Mapping[str, Array]) -> None:
        self.net = Net(weights)
        # One copy for both ends: a token's row is what it is looked up as, and what it is scored by.
        self.vocabulary = weights["decoder/embeddings/weight"]
        data, scales = in_blocks(self.vocabulary)
        self.data, self.scales = self.net.constant(data, np.uint8), self.net.constant(scales)

    def build(self) -> onnx.ModelProto:
        net = self.net
        tokens = net.input("tokens", [1, "new"], TensorProto.INT64)
        for layer in range(LAYERS):
            for kind in ("key", "value"):
                net.input(f"past_{kind}_{layer}", [1, HEADS, "past", PER_HEAD])
                net.input(f"cross_{kind}_{layer}", [1, HEADS, "frames", PER_HEAD])
        start = net.add("Shape", "past_key_0", start=2, end=3)
        end = net.add("Add", start, net.add("Shape", tokens, start=1, end=2))
        places = net.weight("decoder/position_encodings/encodings")
        placed = net.add("Slice", places, start, end, net.integers(0))
        value, later = net.add("Add", self.embedded(tokens), placed), self.later(start, end)
        for layer in range(LAYERS):
            value = self.layer(value, layer, later)
        last = net.add("Gather", value, net.constant(-1, np.int64), axis=1)
        last = net.normalised(last, "decoder/layer_norm")
        logits = net.product(last, self.data, self.scales, self.vocabulary.shape)
        net.output(logits, "logits", [1, len(self.vocabulary)])
        return net.model("whisper_decoder")

    def embedded(self, tokens: str) -> str:
        """[1, new, WIDTH], from the rows in blocks."""
        net = self.net
        rows = net.add("Cast", net.add("Gather", self.data, tokens), to=TensorProto.FLOAT)
        scales = net.add("Unsqueeze", net.add("Gather", self.scales, tokens), net.integers(3))
        centred = net.add("Sub", rows, net.constant(128.0))
        return net.add("Reshape", net.add("Mul", centred, scales), net.integers(1, -1, WIDTH))

    def later(self, start: str, end: str) -> str:
        """[new, past + new]: HIDDEN where the column's token comes after the row's, else 0."""
        net = self.net
        first, last = net.add("Squeeze", start), net.add("Squeeze", end)
        zero, one = net.constant(0, np.int64), net.constant(1, np.int64)
        rows = net.add("Unsqueeze", net.add("Range", first, last, one), net.integers(1))
        hidden = net.add("Greater", net.add("Range", zero, last, one), rows)
        return net.add("Where", hidden, net.constant(HIDDEN), net.constant(0.0))

    def layer(self, value: str, layer: int, later: str) -> str:
        """One layer: the tokens look at those before them, then at the sound."""
        net, name = self.net, f"decoder/layer_{layer}"
        own = f"{name}/self_attention"
        inner = net.normalised(value, f"{own}/layer_norm")
        queries = net.linear(inner, f"{own}/linear_0", third(0))
        known = [
            self.known(net.linear(inner, f"{own}/linear_0", third(k), bias=k != 1), kind, layer)
            for k, kind in ((1, "key"), (2, "value"))
        ]
        value = net.add("Add", value, net.linear(self.attended(queries, known, later), f"{own}/linear_1"))
        across = f"{name}/attention"
        queries = net.linear(net.normalised(value, f"{across}/layer_norm"), f"{across}/linear_0")
        sound = [f"cross_key_{layer}", f"cross_value_{layer}"]
        value = net.add("Add", value, net.linear(self.attended(queries, sound), f"{across}/linear_2"))
        return net.feed_forward(value, f"{name}/ffn")

    def known(self, value: str, kind: str, layer: int) -> str:
        """The keys or values of the tokens before, and after them those of the new ones: also an output."""
        net = self.net
        joined = net.add("Concat", f"past_{kind}_{layer}", net.split(value), axis=2)
        return net.output(joined, f"present_{kind}_{layer}", [1, HEADS, "total", PER_HEAD])

    def attended(self, queries: str, known: list[str], hidden: str | None = None) -> str:
        """Softmax(queries keys' / sqrt(PER_HEAD) + hidden) values, [1, new, WIDTH]."""
        net = self.net
        scaled = net.split(net.add("Mul", queries, net.constant(PER_HEAD**-0.5)))
        weights = net.add("MatMul", scaled, net.add("Transpose", known[0], perm=[0, 1, 3, 2]))
        if hidden is not None:
            weights = net.add("Add", weights, hidden)
        return net.joined(net.add("MatMul", net.add("Softmax", weights, axis=-1), known[1]))
