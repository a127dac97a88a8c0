"""Reads and overwrites float32 initializers in an ONNX file, without the onnx package.

An ONNX file is a protobuf message (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3): field 7 of a
ModelProto is the graph, field 5 of that an initializer, and a TensorProto's fields 2, 8 and 9 are its data
type, its name and its raw data. As many floats replace as many, so no length anywhere in the file changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from lambdas.core.errors import BundleError

GRAPH, INITIALIZER, DATA_TYPE, NAME, RAW_DATA = 7, 5, 2, 8, 9
FLOAT: Final = 1
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class _Field(NamedTuple):
    """A field of a message: its number, where its content starts and ends, and its value if a varint."""

    number: int
    start: int
    end: int
    value: int


def floats(model: bytes, name: str) -> npt.NDArray[np.float32]:
    """The initializer `name`, flat. Raises BundleError when there is none of float32 raw data."""
    start, end = _place(model, name)
    return np.frombuffer(model[start:end], dtype="<f4")


def with_floats(model: bytes, name: str, values: npt.ArrayLike) -> bytes:
    """`model` with the initializer `name` replaced. Raises BundleError, also for another number of values."""
    start, end = _place(model, name)
    raw = np.asarray(values, dtype="<f4").tobytes()
    if len(raw) != end - start:
        raise BundleError(f"'{name}' holds {(end - start) // 4} floats, not {len(raw) // 4}")
    return model[:start] + raw + model[end:]


def _place(model: bytes, name: str) -> tuple[int, int]:
    """Where the raw data of the initializer `name` starts and ends."""
    for graph in _fields(model, 0, len(model)):
        if graph.number != GRAPH:
            continue
        for tensor in _fields(model, graph.start, graph.end):
            if tensor.number != INITIALIZER:
                continue
            parts = {part.number: part for part in _fields(model, tensor.start, tensor.end)}
            told = parts.get(NAME)
            if told is None or model[told.start : told.end] != name.encode():
                continue
            raw, kind = parts.get(RAW_DATA), parts.get(DATA_TYPE)
            if raw is None or kind is None or kind.value != FLOAT:
                raise BundleError(f"the model's '{name}' is not float32 raw data")
            return raw.start, raw.end
    raise BundleError(f"the model has no initializer '{name}'")


def _fields(data: bytes, at: int, end: int) -> Iterator[_Field]:
    """The fields of the message in `data` from `at` to `end`. Raises BundleError when it is none."""
    while at < end:
        key, at = _varint(data, at, end)
        kind, value, start = key & 7, 0, at
        if kind == _VARINT:
            value, at = _varint(data, at, end)
        elif kind == _BYTES:
            size, start = _varint(data, at, end)
            at = start + size
        elif kind in {_FIXED64, _FIXED32}:
            at += 8 if kind == _FIXED64 else 4
        else:
            raise BundleError(f"not an ONNX file: wire type {kind}")
        if at > end:
            raise BundleError("not an ONNX file: it ends within a field")
        yield _Field(key >> 3, start, at, value)


def _varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while at < end and shift < 70:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise BundleError("not an ONNX file: a number without an end")
