"""Kind and size of a picture, by its first bytes."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as some

from lambdas.content.errors import Refused, Unreadable, UnsupportedType
from lambdas.content.image import header
from tests.unit.lambdas.content.image.drawings import encoded, scene


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("jpeg", {}),
        ("jpeg", {"progressive": True}),
        ("png", {}),
        ("gif", {}),
        ("webp", {"quality": 50}),
        ("webp", {"lossless": True}),
        ("webp", {"save_all": True, "append_images": [scene(123, 77).rotate(9)]}),
    ],
)
def test_the_size_is_told_before_decoding(kind: str, options: dict[str, object]) -> None:
    told = header.read(encoded(scene(123, 77), kind, **options))
    assert (told.kind, told.width, told.height) == (kind, 123, 77)


def test_the_passes_of_a_jpeg_are_counted_without_those_of_a_small_picture_in_its_notes() -> None:
    small = encoded(scene(16, 16), "jpeg", progressive=True)
    notes = b"\xff\xe1" + struct.pack(">H", 2 + len(small)) + small
    plain, slow = encoded(scene(), "jpeg"), encoded(scene(), "jpeg", progressive=True)
    assert header.count_scans(plain[:2] + notes + plain[2:], 1000) == 1
    assert header.count_scans(slow, 1000) == 10
    assert header.count_scans(slow, 4) == 5


def test_no_bytes_are_refused() -> None:
    with pytest.raises(Refused, match="empty"):
        header.read(b"")


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.7", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"BM" + bytes(60), b"II*\x00" + bytes(60),
        b"RIFF\x24\x00\x00\x00WAVEfmt ", b"\x00\x00\x00 ftypavif", b"PK\x03\x04", b"\xff\xd8", b"<html>",
    ],
)  # fmt: skip
def test_other_kinds_are_not_taken_whatever_they_call_themselves(data: bytes) -> None:
    with pytest.raises(UnsupportedType) as refused:
        header.read(data)
    assert (refused.value.status, refused.value.field) == (415, "image")


@pytest.mark.parametrize("kind", ["jpeg", "png", "gif", "webp"])
def test_what_ends_before_the_size_is_unreadable(kind: str) -> None:
    data = encoded(scene(), kind)
    with pytest.raises(Unreadable):
        header.read(data[: 9 if kind == "gif" else 16])


def test_no_pixels_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="no pixels"):
        header.read(b"GIF89a" + struct.pack("<HH", 0, 9) + bytes(9))


@given(
    some.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF0000WEBP"]), some.binary()
)
def test_no_bytes_at_all_raise_anything_else(start: bytes, rest: bytes) -> None:
    try:
        told = header.read(start + rest)
    except (Refused, Unreadable):
        return
    assert told.width > 0
    assert told.height > 0
