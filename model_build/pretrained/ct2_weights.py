"""The variables in a CTranslate2 `model.bin`, as numpy arrays, without CTranslate2.

Little-endian throughout. A header (uint32 version of the format, string name of the specification, uint32 its
revision), then a uint32 count of variables, each a string name, a uint8 rank, that many uint32 sizes, a
uint8 type, a uint32 of bytes and the bytes; then a uint32 count of aliases, each two strings: another name
and whose it is. A string is a uint16 of bytes, the last one of which is 0. Source: `ModelSpec._serialize`
in python/ctranslate2/specs/model_spec.py of OpenNMT/CTranslate2 (MIT).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

VERSION: Final = 6
TYPES: Final = {0: "<f4", 1: "i1", 2: "<i2", 3: "<i4", 4: "<f2"}

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Stored:
    """What a file holds: the specification's name and revision, and the arrays by name, aliases among
    them.
    """

    specification: str
    revision: int
    arrays: Mapping[str, Array]


def read(data: bytes) -> Stored:
    """What is stored in `data`, the arrays as read-only views of it.

    Raises ValueError for another version of the format, a type that is not known here, a size that does not
    fit its shape, and anything missing or left over.
    """
    reader = _Reader(data)
    version = reader.number("I")
    if version != VERSION:
        raise ValueError(f"version {version} of the format is not read here, only {VERSION}")
    specification, revision = reader.text(), reader.number("I")
    arrays = dict(reader.variable() for _ in range(reader.number("I")))
    for _ in range(reader.number("I")):
        alias, name = reader.text(), reader.text()
        if name not in arrays:
            raise ValueError(f"{alias} is another name of {name}, which is not there")
        arrays[alias] = arrays[name]
    if reader.left:
        raise ValueError(f"{reader.left} bytes are left over")
    return Stored(specification, revision, arrays)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, count: int) -> memoryview:
        if count > self.left:
            raise ValueError(f"{count} bytes are needed at {self._at}, {self.left} are there")
        self._at += count
        return memoryview(self._data)[self._at - count : self._at]

    def number(self, kind: str) -> int:
        return int(struct.unpack(f"<{kind}", self.take(struct.calcsize(kind)))[0])

    def text(self) -> str:
        return bytes(self.take(self.number("H"))[:-1]).decode()

    def variable(self) -> tuple[str, Array]:
        name = self.text()
        shape = [self.number("I") for _ in range(self.number("B"))]
        kind, size = self.number("B"), self.number("I")
        if kind not in TYPES:
            raise ValueError(f"{name} is of type {kind}, which is not known here")
        dtype = np.dtype(TYPES[kind])
        if size != math.prod(shape) * dtype.itemsize:
            raise ValueError(f"{name} has {size} bytes, its shape {shape} needs another number")
        return name, np.frombuffer(self.take(size), dtype).reshape(shape)
