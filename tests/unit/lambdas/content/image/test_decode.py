"""Every trick that a picture can play, one by one."""

from __future__ import annotations

import random
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from lambdas.content.errors import Refused, TooLarge, Unreadable, UnsupportedType
from lambdas.content.image import decode as limits
from lambdas.content.image.decode import decode
from lambdas.content.image.picture import Picture, Pixels
from tests.unit.lambdas.content.image.drawings import encoded, scene

ORIENTATION = 0x0112
TURNED = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.transpose(1, 0, 2),
    6: lambda upright: np.rot90(upright, 1),
    7: lambda upright: np.rot90(upright, 2).transpose(1, 0, 2),
    8: lambda upright: np.rot90(upright, -1),
}
"""How a camera stores an upright picture under each EXIF orientation."""


def only(picture: Picture) -> Pixels:
    assert len(picture.frames) == 1
    return picture.frames[0].pixels


def near(one: Pixels, other: Pixels, most: float = 3.0) -> bool:
    return one.shape == other.shape and float(np.abs(one.astype(int) - other.astype(int)).mean()) < most


def png_header(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is of that size."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))


@pytest.mark.parametrize("kind", ["jpeg", "png", "gif", "webp"])
def test_each_kind_is_read(kind: str) -> None:
    made = decode(encoded(scene(), kind))
    assert (made.kind, made.width, made.height, made.frames_in_all) == (kind, 160, 120, 1)
    assert near(only(made), np.asarray(scene()), 6.0)
    assert made.frames[0].background is None


@pytest.mark.parametrize("orientation", TURNED)
@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_a_picture_stands_as_the_camera_was_held(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    stored = Image.fromarray(np.ascontiguousarray(TURNED[orientation](np.asarray(scene()))))
    made = decode(encoded(stored, kind, exif=exif))
    assert (made.width, made.height) == (160, 120)
    assert near(only(made), np.asarray(scene()), 6.0)


def test_notes_that_make_no_sense_turn_nothing() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 77
    assert near(only(decode(encoded(scene(), "jpeg", exif=exif))), np.asarray(scene()), 6.0)
    broken = encoded(scene(), "jpeg", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff")
    assert near(only(decode(broken)), np.asarray(scene()), 6.0)


@pytest.mark.parametrize("kind", ["png", "webp"])
def test_what_is_transparent_is_seen_on_white_and_on_black(kind: str) -> None:
    see_through = Image.new("RGBA", (40, 30), (255, 255, 255, 0))
    see_through.paste((255, 255, 255, 255), (0, 0, 20, 30))
    made = decode(encoded(see_through, kind, lossless=True))
    white, black = made.frames
    assert (white.background, black.background) == ("white", "black")
    assert (white.pixels == 255).all()
    assert (black.pixels[:, 21:] == 0).all()
    assert (black.pixels[:, :19] == 255).all()


def test_an_alpha_channel_that_hides_nothing_is_one_frame() -> None:
    assert np.array_equal(only(decode(encoded(scene().convert("RGBA"), "png"))), np.asarray(scene()))


def test_a_palette_with_a_colour_that_stands_for_nothing() -> None:
    image = Image.new("P", (20, 20), 1)
    image.putpalette([255, 255, 255, 10, 20, 30])
    image.paste(0, (0, 0, 10, 20))
    assert len(decode(encoded(image, "png", transparency=0)).frames) == 2
    assert tuple(only(decode(encoded(image, "png")))[5, 15]) == (10, 20, 30)


def test_a_colour_that_stands_for_nothing_without_a_palette() -> None:
    image = Image.new("RGB", (20, 20), (9, 9, 9))
    assert len(decode(encoded(image, "png", transparency=(9, 9, 9))).frames) == 2


def test_cmyk() -> None:
    made = only(decode(encoded(scene().convert("CMYK"), "jpeg", quality=95)))
    assert near(made, np.asarray(scene()), 8.0)


def test_grey_and_black_and_white() -> None:
    for mode in ("L", "1", "LA"):
        made = decode(encoded(scene().convert("L").convert(mode), "png"))
        assert near(only(made), np.asarray(scene().convert("L").convert(mode).convert("RGB")))


def test_sixteen_bits_keep_their_brightness() -> None:
    grey = np.linspace(0, 65535, 256 * 4).astype(np.uint16).reshape(4, 256)
    made = only(decode(encoded(Image.fromarray(grey), "png")))
    assert np.array_equal(made[..., 0], grey >> 8)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_an_animation_is_looked_at_from_its_first_to_its_last_frame(kind: str) -> None:
    shades = [Image.new("RGB", (32, 24), (10 * k, 10 * k, 10 * k)) for k in range(24)]
    options = {"lossless": True} if kind == "WEBP" else {}
    made = decode(encoded(shades[0], kind, save_all=True, append_images=shades[1:], duration=40, **options))
    assert made.frames_in_all == 24
    assert [frame.number for frame in made.frames] == [0, 8, 15, 23]
    assert [round(float(frame.pixels.mean()), -1) for frame in made.frames] == [0, 80, 150, 230]


def test_the_second_picture_of_an_mpo_is_not_looked_at() -> None:
    data = encoded(scene(), "MPO", save_all=True, append_images=[scene().rotate(180)])
    assert near(only(decode(data)), np.asarray(scene()), 6.0)


@pytest.mark.parametrize("kind", ["jpeg", "png", "gif", "webp"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_what_is_cut_short_is_unreadable(kind: str, share: float) -> None:
    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8))
    data = encoded(noise, kind)
    with pytest.raises(Unreadable) as damaged:
        decode(data[: int(len(data) * share)])
    assert (damaged.value.status, damaged.value.field) == (422, "image")


def test_nothing_at_all_and_the_wrong_kind() -> None:
    with pytest.raises(Refused):
        decode(b"")
    with pytest.raises(UnsupportedType):
        decode(b"GIF88a" + encoded(scene(), "gif")[6:])
    assert decode(encoded(scene(), "png")).kind == "png"  # whatever the request calls it


def test_too_many_bytes() -> None:
    with pytest.raises(TooLarge) as refused:
        decode(encoded(scene(), "png") + bytes(limits.MOST_BYTES))
    assert refused.value.status == 413


@pytest.mark.parametrize(
    "bomb",
    [
        png_header(60_000, 60_000),
        b"GIF89a" + struct.pack("<HH", 65_535, 65_535) + bytes(20),
        b"RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00" + bytes(4) + b"\xff\xff\xff" * 2 + bytes(20),
        b"\xff\xd8\xff\xc0\x00\x11\x08" + struct.pack(">HH", 65_535, 65_535) + bytes(20),
    ],
    ids=["png", "gif", "webp", "jpeg"],
)
def test_a_bomb_is_refused_before_it_is_decoded(bomb: bytes) -> None:
    assert len(bomb) < 100
    with pytest.raises(TooLarge):
        decode(bomb)


def test_a_real_bomb_that_is_small_as_a_file() -> None:
    data = encoded(Image.new("1", (20_000, 20_000)), "png")
    assert len(data) < 60_000
    with pytest.raises(TooLarge):
        decode(data)


def test_a_second_size_in_the_same_file_does_not_slip_through() -> None:
    small, large = encoded(scene(), "jpeg"), struct.pack(">HBHH", 17, 8, 60_000, 60_000) + bytes(10)
    at = small.index(b"\xff\xc0")
    with pytest.raises((TooLarge, Unreadable)):
        decode(small[: at + 19] + b"\xff\xc0" + large + small[at + 19 :])


def grown(*sides: int) -> bytes:
    """A GIF that says it has 2 x 2 pixels, whose later frames are squares of `sides`."""
    data = encoded(Image.new("P", (2, 2)), "gif")[:-1]
    for side in sides:
        other = encoded(Image.new("P", (side, side)), "gif")
        table = 3 << ((other[10] & 7) + 1) if other[10] & 0x80 else 0
        data += other[other.index(b",", 13 + table) : -1]
    return data + b";"


def test_a_frame_larger_than_the_file_says_does_not_slip_through() -> None:
    assert len(decode(grown(300)).frames) == 2
    assert len(grown(5000)) < 30_000
    with pytest.raises(TooLarge, match="5000 x 5000"):
        decode(grown(5000))
    with pytest.raises(TooLarge, match="in all"):
        decode(grown(*[3900] * 8))


def test_a_jpeg_of_very_many_passes_is_refused() -> None:
    usual = encoded(Image.new("L", (4000, 3000), 120), "jpeg", progressive=True)
    assert only(decode(usual)).shape[1] < 4000
    last = usual[usual.rindex(b"\xff\xda") : -2]
    with pytest.raises(TooLarge, match="passes"):
        decode(usual[:-2] + last * 200 + usual[-2:])
    tiny = encoded(Image.new("L", (8, 8), 120), "jpeg", progressive=True)
    last = tiny[tiny.rindex(b"\xff\xda") : -2]
    with pytest.raises(TooLarge, match="passes"):
        decode(tiny[:-2] + last * 1001 + tiny[-2:])


def test_too_many_frames_and_too_many_pixels_in_all() -> None:
    dots = [Image.new("P", (1, 1), k % 2) for k in range(limits.MOST_FRAMES + 1)]
    with pytest.raises(TooLarge, match="frames"):
        decode(
            encoded(
                dots[0],
                "GIF",
                save_all=True,
                append_images=dots[1:],
                optimize=False,
                duration=[*range(10, 10 * len(dots) + 10, 10)],
            )
        )
    sheets = [Image.new("P", (3000, 3000), k) for k in range(12)]
    with pytest.raises(TooLarge, match="in all"):
        decode(encoded(sheets[0], "GIF", save_all=True, append_images=sheets[1:]))


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (3, 2)])
def test_the_smallest_and_the_narrowest(size: tuple[int, int]) -> None:
    made = decode(encoded(Image.new("RGB", size, (1, 2, 3)), "png"))
    assert only(made).shape == (size[1], size[0], 3)


@pytest.mark.parametrize("kind", ["jpeg", "png"])
@pytest.mark.parametrize("size", [(4000, 3000), (1080, 12_000)])
def test_large_ones_keep_their_shape_and_lose_pixels(kind: str, size: tuple[int, int]) -> None:
    made = decode(encoded(scene(*size), kind))
    height, width = only(made).shape[:2]
    assert (made.width, made.height) == size
    assert 0.9 * limits.KEPT_PIXELS < width * height <= 1.01 * limits.KEPT_PIXELS
    assert width / height == pytest.approx(size[0] / size[1], rel=0.01)


def test_the_same_bytes_give_the_same_picture() -> None:
    data = encoded(scene(3000, 2000), "jpeg")
    assert np.array_equal(only(decode(data)), only(decode(data)))


def test_damage_of_any_kind_is_never_a_failure_of_ours() -> None:
    rng = random.Random(7)  # noqa: S311
    turned = [scene().rotate(20 * k) for k in range(4)]
    whole = [encoded(scene(), kind) for kind in ("jpeg", "png", "gif", "webp")]
    whole += [
        encoded(turned[0], kind, save_all=True, append_images=turned[1:]) for kind in ("gif", "png", "webp")
    ]
    whole += [
        encoded(scene().convert(mode), kind)
        for mode, kind in (("CMYK", "jpeg"), ("P", "png"), ("RGBA", "png"))
    ]
    for data in whole * 30:
        damaged = bytearray(data)
        for _ in range(rng.choice((1, 3, 20))):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        if rng.random() < 0.3:
            del damaged[rng.randrange(len(damaged)) :]
        try:
            made = decode(bytes(damaged))
        except (Refused, Unreadable):
            continue
        assert all(frame.pixels.dtype == np.uint8 and frame.pixels.shape[2] == 3 for frame in made.frames)
