from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_build.pretrained import ct2_weights

pytestmark = pytest.mark.unit
ARRAYS = {
    "a/weight": np.arange(6, dtype="<f2").reshape(2, 3),
    "a/bias": np.array([1.5, -2], dtype="<f4"),
    "heads": np.array(8, dtype="<i2"),
    "codes": np.array([[-1, 127]], dtype="i1"),
    "none": np.zeros((0, 4), dtype="<i4"),
}
TYPES = {np.dtype(kind): number for number, kind in ct2_weights.TYPES.items()}


def text(value: str) -> bytes:
    return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"


def written(arrays: dict[str, np.ndarray], aliases: dict[str, str], version: int = 6) -> bytes:
    parts = [struct.pack("<I", version), text("WhisperSpec"), struct.pack("<II", 3, len(arrays))]
    for name, array in arrays.items():
        parts += [text(name), struct.pack("<B", array.ndim), *(struct.pack("<I", n) for n in array.shape)]
        parts += [struct.pack("<BI", TYPES[array.dtype], array.nbytes), array.tobytes()]
    parts.append(struct.pack("<I", len(aliases)))
    return b"".join([*parts, *(text(name) + text(other) for name, other in aliases.items())])


GOOD = written(ARRAYS, {"b/weight": "a/weight"})


def test_what_was_written_is_read() -> None:
    stored = ct2_weights.read(GOOD)
    assert (stored.specification, stored.revision) == ("WhisperSpec", 3)
    assert stored.arrays.keys() == {*ARRAYS, "b/weight"}
    for name, array in ARRAYS.items():
        assert stored.arrays[name].dtype == array.dtype
        assert np.array_equal(stored.arrays[name], array)
    assert np.array_equal(stored.arrays["b/weight"], ARRAYS["a/weight"])


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (written(ARRAYS, {}, version=5), "version 5"),
        (written(ARRAYS, {"b": "c"}), "c, which is not there"),
        (GOOD + b"\0", "left over"),
        (GOOD[:-3], "are needed"),
        (b"", "are needed"),
        (GOOD.replace(struct.pack("<BI", 4, 12), struct.pack("<BI", 9, 12), 1), "type 9"),
        (GOOD.replace(struct.pack("<BI", 4, 12), struct.pack("<BI", 4, 10), 1), "another number"),
    ],
)
def test_anything_else_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        ct2_weights.read(data)


@given(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=6))
def test_damage_is_a_value_error_or_harmless(at: int, put: bytes) -> None:
    try:
        ct2_weights.read(GOOD[:at] + put + GOOD[at + len(put) :])
    except ValueError:
        return
