"""Media: taken in from the request or an upload, decoded, and kept under its decision's name."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from lambdas.content.errors import Refused, TooLarge, UnsupportedType
from lambdas.content.media import MOST_BYTES, Kind, MediaStore
from lambdas.content.media_types import sniffed
from lambdas.content.schema import Media
from lambdas.core.errors import DependencyDown, InvalidRequest
from tests.support.bundles import Shelf
from tests.support.posts import jpeg, png, wav


def inline(raw: bytes) -> Media:
    return Media(data=base64.b64encode(raw).decode())


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def media(shelf: Shelf) -> MediaStore:
    return MediaStore(shelf)


@pytest.mark.parametrize(
    ("kind", "raw", "told"),
    [
        ("image", png(), "image/png"),
        ("image", jpeg(), "image/jpeg"),
        ("audio", wav(), "audio/wav"),
    ],
    ids=["png", "jpeg", "wav"],
)
def test_inline_media_is_decoded_and_kept(
    kind: Kind, raw: bytes, told: str, media: MediaStore, shelf: Shelf
) -> None:
    part = media.take(kind, inline(raw))
    assert (part.raw, part.type, part.problem) == (raw, told, None)
    assert part.decoded is not None
    assert shelf.objects == {}, "nothing is kept before all of the post is looked at"
    assert media.keep(part, "content.1")
    assert part.kept == f"kept/content.1/{kind}-{str(part.sha256)[:16]}"
    assert shelf.objects == {part.kept: raw}
    assert type(media.bring(kind, part.kept)) is type(part.decoded)


def test_an_upload_is_taken_by_its_key(media: MediaStore, shelf: Shelf) -> None:
    shelf.objects["uploads/me/1"] = png()
    part = media.take("image", Media(key="uploads/me/1"))
    assert (part.raw, part.upload) == (png(), "uploads/me/1")


def test_an_upload_that_is_not_there_is_the_callers_to_mend(media: MediaStore) -> None:
    with pytest.raises(InvalidRequest, match="upload the file first") as caught:
        media.take("image", Media(key="uploads/me/1"))
    assert (caught.value.status, caught.value.field) == (400, "image.key")


def test_a_large_upload_is_refused_before_it_is_read(media: MediaStore, shelf: Shelf) -> None:
    shelf.objects["uploads/me/1"] = bytes(MOST_BYTES["image"] + 1)
    with pytest.raises(TooLarge) as caught:
        media.take("image", Media(key="uploads/me/1"))
    assert (caught.value.status, caught.value.field) == (413, "image")
    assert len(shelf.reads) == 1, "its size was asked for, and no more"


@pytest.mark.parametrize("data", ["?", "AAA", "AA=A", "é", "AAAA\n"])
def test_what_is_no_base64_is_refused(data: str, media: MediaStore) -> None:
    with pytest.raises(InvalidRequest) as caught:
        media.take("image", Media(data=data))
    assert caught.value.field == "image.data"


@pytest.mark.parametrize(
    ("kind", "raw", "error"),
    [
        ("image", b"", Refused),
        ("audio", b"", Refused),
        ("image", b"<svg/>", UnsupportedType),
        ("image", wav(), UnsupportedType),
        ("audio", png(), UnsupportedType),
        ("audio", b"\x00" * 100, UnsupportedType),
        ("audio", wav(0.0), Refused),
    ],
    ids=["no image", "no sound", "svg", "a sound", "an image", "zeros", "no samples"],
)
def test_what_the_caller_can_mend_is_a_4xx(kind: Kind, raw: bytes, error: Any, media: MediaStore) -> None:
    with pytest.raises(error) as caught:
        media.take(kind, inline(raw))
    assert 400 <= caught.value.status < 500
    assert caught.value.field == kind


def test_damaged_media_is_a_part_with_a_problem(media: MediaStore, shelf: Shelf) -> None:
    part = media.take("image", inline(png()[:60]))
    assert part.decoded is None
    assert "damaged" in str(part.problem)
    assert media.keep(part, "content.1"), "people may want to see it"


def test_a_bucket_that_is_down_is_a_problem_and_no_error(media: MediaStore, shelf: Shelf) -> None:
    shelf.fail_with = DependencyDown("s3 did not answer")
    for _ in range(6):
        part = media.take("image", Media(key="uploads/me/1"))
        assert "could not be fetched" in str(part.problem)
        assert not media.keep(part, "content.1")
    assert len(shelf.reads) == 3, "it is left alone then"
    part = media.take("image", inline(png()))
    assert part.problem is None
    assert not media.keep(part, "content.1")
    assert part.kept is None


def test_a_type_is_told_by_the_first_bytes() -> None:
    assert sniffed(b"RIFF\x00\x00\x00\x00WEBPVP8 ") == "image/webp"
    assert sniffed(b"RIFF\x00\x00\x00\x00AVI ") is None
    assert sniffed(b"") is None
    assert sniffed(b"\xff\xfb\x90") == "audio/mpeg"
