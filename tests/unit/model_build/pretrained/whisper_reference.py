"""Whisper in plain numpy, float32, layer by layer as the paper's transformer has it: what the graphs are
compared with.

Nothing is quantised and nothing is cached here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import erf

Array = np.ndarray[Any, np.dtype[np.float32]]
Weights = Mapping[str, Array]


def encode(w: Weights, mel: Array) -> Array:
    """[steps / 2, width] of `mel` [80, steps]."""
    value = gelu(convolved(mel, w["encoder/conv1/weight"], w["encoder/conv1/bias"], 1))
    value = gelu(convolved(value, w["encoder/conv2/weight"], w["encoder/conv2/bias"], 2)).T
    value = value + w["encoder/position_encodings/encodings"][: len(value)]
    for k in range(6):
        name = f"encoder/layer_{k}"
        inner = norm(w, value, f"{name}/self_attention/layer_norm")
        qkv = linear(w, inner, f"{name}/self_attention/linear_0")
        value = value + linear(w, attended(*np.split(qkv, 3, axis=1)), f"{name}/self_attention/linear_1")
        value = dense(w, value, f"{name}/ffn")
    return norm(w, value, "encoder/layer_norm")


def decode(w: Weights, sound: Array, tokens: list[int]) -> Array:
    """The logits [tokens, vocabulary] after each of `tokens`."""
    table = w["decoder/embeddings/weight"].astype(np.float32)
    value = table[tokens] + w["decoder/position_encodings/encodings"][: len(tokens)]
    later = np.triu(np.full((len(tokens), len(tokens)), -np.inf), 1)
    for k in range(6):
        name = f"decoder/layer_{k}"
        inner = norm(w, value, f"{name}/self_attention/layer_norm")
        qkv = linear(w, inner, f"{name}/self_attention/linear_0")
        value = value + linear(
            w, attended(*np.split(qkv, 3, axis=1), later), f"{name}/self_attention/linear_1"
        )
        inner = norm(w, value, f"{name}/attention/layer_norm")
        keys, values = np.split(linear(w, sound, f"{name}/attention/linear_1"), 2, axis=1)
        seen = attended(linear(w, inner, f"{name}/attention/linear_0"), keys, values)
        value = value + linear(w, seen, f"{name}/attention/linear_2")
        value = dense(w, value, f"{name}/ffn")
    return norm(w, value, "decoder/layer_norm") @ table.T


def convolved(value: Array, weight: Array, bias: Array, stride: int) -> Array:
    padded = np.pad(value, ((0, 0), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, 3, axis=1)[:, ::stride]
    return np.einsum("ctk,ock->ot", windows, weight.astype(np.float32), optimize=True) + bias[:, None]


def gelu(value: Array) -> Array:
    return value * 0.5 * (1 + erf(value / np.sqrt(2)))


def norm(w: Weights, value: Array, name: str) -> Array:
    centred = value - value.mean(axis=1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5)
    return scaled * w[f"{name}/gamma"] + w[f"{name}/beta"]


def linear(w: Weights, value: Array, name: str) -> Array:
    return value @ w[f"{name}/weight"].astype(np.float32).T + w[f"{name}/bias"]


def dense(w: Weights, value: Array, name: str) -> Array:
    inner = linear(w, norm(w, value, f"{name}/layer_norm"), f"{name}/linear_0")
    return value + linear(w, gelu(inner), f"{name}/linear_1")


def attended(queries: Array, keys: Array, values: Array, later: Array | float = 0.0) -> Array:
    made = []
    for head in range(8):
        part = slice(head * 64, head * 64 + 64)
        weights = queries[:, part] @ keys[:, part].T / 8 + later
        weights = np.exp(weights - weights.max(axis=1, keepdims=True))
        made.append(weights / weights.sum(axis=1, keepdims=True) @ values[:, part])
    return np.concatenate(made, axis=1)
