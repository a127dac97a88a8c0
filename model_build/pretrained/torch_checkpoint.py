"""Reads a checkpoint of PyTorch's format of before 1.6, without PyTorch and without running what is in it.

The file is five pickles (a magic number, the protocol's version, the machine's sizes, the object, the names
of its storages) and then each storage: its length as int64, and its numbers. A pickle can name any function
to be called; only those four names that a dictionary of tensors needs are known here, all else is refused.
"""

from __future__ import annotations

import pickle
import struct
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt

from model_build.pretrained.base import PretrainedError

Array = npt.NDArray[Any]

MAGIC: Final = 0x1950A86A20F9469CFC6C
PROTOCOL: Final = 1001
KINDS: Final[dict[str, np.dtype[Any]]] = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


@dataclass(frozen=True)
class _Storage:
    key: str
    kind: np.dtype[Any]
    length: int


@dataclass(frozen=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read(path: Path) -> dict[str, Array]:
    """The tensors of `path` by name. Raises PretrainedError when that is not what it holds."""
    try:
        with path.open("rb") as file:
            return _read(file)
    except (pickle.UnpicklingError, EOFError, struct.error, ValueError, TypeError, KeyError) as error:
        raise PretrainedError(f"{path.name} is not a checkpoint that can be read: {error}") from error


def _read(file: BinaryIO) -> dict[str, Array]:
    head = [_Unpickler(file).load() for _ in range(3)]
    if head[:2] != [MAGIC, PROTOCOL] or head[2].get("little_endian") is not True:
        raise ValueError("its head is another one")
    tensors = _Unpickler(file).load()
    if not all(isinstance(value, _Tensor) for value in tensors.values()):
        raise ValueError("there is more in it than tensors")
    storages = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
    numbers = {key: _numbers(file, storages[key]) for key in _Unpickler(file).load()}
    return {name: _array(tensor, numbers[tensor.storage.key]) for name, tensor in tensors.items()}


def _numbers(file: BinaryIO, storage: _Storage) -> Array:
    (length,) = struct.unpack("<q", file.read(8))
    if length != storage.length:
        raise ValueError(f"storage {storage.key} has {length} numbers, not {storage.length}")
    return np.frombuffer(file.read(length * storage.kind.itemsize), dtype=storage.kind, count=length)


def _array(tensor: _Tensor, numbers: Array) -> Array:
    """`tensor` as an array of its own; its strides, in numbers, may be in any order."""
    reach = sum((size - 1) * stride for size, stride in zip(tensor.shape, tensor.strides, strict=True))
    if min(tensor.shape, default=1) < 1 or min(tensor.strides, default=0) < 0 or tensor.offset < 0:
        raise ValueError("a tensor of no size, or that goes backwards")
    if tensor.offset + reach >= numbers.size:
        raise ValueError("a tensor that reaches beyond its storage")
    steps = [stride * numbers.itemsize for stride in tensor.strides]
    return np.lib.stride_tricks.as_strided(numbers[tensor.offset :], tensor.shape, steps).copy()


def _tensor(
    storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object
) -> _Tensor:
    return _Tensor(storage, offset, shape, strides)


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Callable[..., Any] | str:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in KINDS:
            return name
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")

    def persistent_load(self, pid: Any) -> _Storage:
        word, kind, key, _, length, view = pid
        if word != "storage" or view is not None:
            raise pickle.UnpicklingError("it refers to something that is no storage")
        return _Storage(str(key), KINDS[str(kind)], int(length))
