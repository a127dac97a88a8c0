"""From bytes to a picture that the models can look at, whatever those bytes are.

Taken are JPEG, PNG (also APNG), GIF and WebP (also animated), told by their first bytes alone. Of an
animation a few frames are looked at, spread over it. What is transparent is seen on white and on black,
because a text can be hidden on either. Colour profiles are not applied. Of a file with two pictures (MPO) the
first counts.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np

from lambdas.content.errors import TooLarge, Unreadable
from lambdas.content.image import frames, header
from lambdas.content.image.header import FIELD, Header, Kind
from lambdas.content.image.picture import Frame, Picture

if TYPE_CHECKING:
    from PIL import Image, ImageFile

MOST_BYTES: Final = 10 * 2**20
MOST_PIXELS: Final[dict[Kind, int]] = {
    "jpeg": 50_000_000,
    "png": 16_000_000,
    "gif": 16_000_000,
    "webp": 16_000_000,
}
"""By kind, because a JPEG is shrunk while it is decoded and the others are whole in memory first. The worst
of each takes about 300 MB."""

MOST_SCANS: Final = 1000
MOST_SCANNED_PIXELS: Final = 1_500_000_000
"""Of all passes of a JPEG together: each goes over the whole picture, and 75 bytes ask for one."""

MOST_FRAMES: Final = 1000
MOST_ANIMATED_PIXELS: Final = 100_000_000
"""Of all frames together: to see the last one, every one before it is decoded."""

LOOKED_AT: Final = 4
"""Frames of an animation that are looked at."""

KEPT_PIXELS: Final = 2_000_000
"""To which a frame is shrunk: enough to read the text of a screenshot."""

DEEP: Final = ("I", "I;16", "I;16B", "I;16L", "I;16N")
OPAQUE: Final = ("1", "L", "RGB", "CMYK", "YCbCr")


def decode(data: bytes) -> Picture:
    """The picture in `data`.

    Raises Refused for no bytes, UnsupportedType for bytes of another kind, TooLarge when a limit above is
    passed, and Unreadable when the picture is damaged or cut short.
    """
    if len(data) > MOST_BYTES:
        raise TooLarge(f"the image has {len(data)} bytes, at most {MOST_BYTES} are taken", field=FIELD)
    told = header.read(data)
    _check_size(told.kind, told.width, told.height)
    size = told.width, told.height
    if told.kind == "gif":
        _check_frames(size, frames.count_gif(data, MOST_FRAMES))
    elif told.kind == "jpeg":
        _check_scans(size, header.count_scans(data, MOST_SCANS))
    try:
        return _decoded(data, told)
    except TooLarge:
        raise
    except MemoryError as error:
        raise TooLarge("the image needs more memory than there is", field=FIELD) from error
    except Exception as error:  # Pillow lets through whatever its readers stumble over in a damaged file
        from PIL.Image import DecompressionBombError  # noqa: PLC0415

        if isinstance(error, DecompressionBombError):
            raise TooLarge("the image has more pixels than are taken", field=FIELD) from error
        raise Unreadable(f"the {told.kind.upper()} is damaged or cut short", field=FIELD) from error


def _decoded(data: bytes, told: Header) -> Picture:
    with _opened(data, told.kind) as image:
        # Again: a damaged file can tell two sizes.
        _check_size(told.kind, *image.size)
        total = int(getattr(image, "n_frames", 1))
        _check_frames(image.size, total)
        turned = _orientation(image)
        width, height = reversed(image.size) if turned > 4 else image.size
        image.draft(None, _kept_size(*image.size))
        made: list[Frame] = []
        for number in frames.spread(total, LOOKED_AT):
            _go_on_to(image, number, told.kind, total)
            made += _looked_at(image, number, turned)
    return Picture(told.kind, width, height, total, tuple(made))


def _opened(data: bytes, kind: Kind) -> ImageFile.ImageFile:
    """The reader of that kind alone: Pillow's own choice would import the readers of forty others."""
    file = io.BytesIO(data)
    if kind == "jpeg":
        from PIL import JpegImagePlugin  # noqa: PLC0415

        return JpegImagePlugin.JpegImageFile(file)
    if kind == "png":
        from PIL import PngImagePlugin  # noqa: PLC0415

        return PngImagePlugin.PngImageFile(file)
    if kind == "gif":
        from PIL import GifImagePlugin  # noqa: PLC0415

        return GifImagePlugin.GifImageFile(file)
    from PIL import WebPImagePlugin  # noqa: PLC0415

    return WebPImagePlugin.WebPImageFile(file)


def _check_size(kind: Kind, width: int, height: int) -> None:
    if width * height > MOST_PIXELS[kind]:
        raise TooLarge(
            f"the image has {width} x {height} pixels, at most {MOST_PIXELS[kind]} are taken", field=FIELD
        )


def _check_scans(size: tuple[int, int], total: int) -> None:
    if total > MOST_SCANS or total * size[0] * size[1] > MOST_SCANNED_PIXELS:
        raise TooLarge(f"the JPEG of {size[0]} x {size[1]} comes in more passes than are taken", field=FIELD)


def _check_frames(size: tuple[int, int], total: int) -> None:
    if total > MOST_FRAMES:
        raise TooLarge(f"the animation has more than {MOST_FRAMES} frames", field=FIELD)
    if total > 1 and total * size[0] * size[1] > MOST_ANIMATED_PIXELS:
        raise TooLarge(
            f"the animation has {total} frames of {size[0]} x {size[1]}, in all at most "
            f"{MOST_ANIMATED_PIXELS} pixels are taken",
            field=FIELD,
        )


def _go_on_to(image: ImageFile.ImageFile, number: int, kind: Kind, total: int) -> None:
    """Seek the frame `number`, one after the other: a frame of a GIF may be larger than the file says it is,
    which Pillow tells before it makes room for it.
    """
    while image.tell() < number:
        image.seek(image.tell() + 1)
        _check_size(kind, *image.size)
        _check_frames(image.size, total)


def _orientation(image: ImageFile.ImageFile) -> int:
    """How the picture is to be turned by its notes (EXIF), 1 to 8; 1, not at all, when they do not say."""
    try:
        said = image.getexif().get(0x0112, 1)
    except Exception:  # notes that cannot be read say nothing; the picture may be whole
        return 1
    return said if isinstance(said, int) and 1 <= said <= 8 else 1


def _looked_at(image: ImageFile.ImageFile, number: int, orientation: int) -> Iterator[Frame]:
    """The frame `number`, which was sought, upright: once, or on white and on black."""
    image.load()
    small = _upright(_shrunk(image), orientation)
    if small.mode == "RGB":
        yield Frame(np.asarray(small), number, None)
        return
    from PIL import Image  # noqa: PLC0415

    for background in ("white", "black"):
        under = Image.new("RGBA", small.size, background)
        yield Frame(np.asarray(Image.alpha_composite(under, small).convert("RGB")), number, background)


def _shrunk(image: Image.Image) -> Image.Image:
    """`image` at the size that is kept, as RGB, or as RGBA when something in it is transparent."""
    size = _kept_size(*image.size)
    whole = _simple(image)
    # In two steps where it is far: the first is a mean over whole blocks, fast and of little memory.
    small = whole.resize(size, 2, reducing_gap=2.0) if size != whole.size else whole
    if small.mode != "RGBA":
        return small.convert("RGB")
    return small if np.asarray(small)[..., 3].min() < 255 else small.convert("RGB")


def _simple(image: Image.Image) -> Image.Image:
    """`image` in a mode that can be shrunk: no palette, no 16 bits, no colour that stands for nothing."""
    from PIL import Image  # noqa: PLC0415

    if image.mode in DEEP:
        return Image.fromarray((np.asarray(image) >> 8).clip(0, 255).astype(np.uint8))
    if image.mode in OPAQUE and "transparency" not in image.info:
        return image.convert("L") if image.mode == "1" else image
    if image.mode == "P" and "transparency" not in image.info:
        return image.convert("RGB")
    return image.convert("RGBA")


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    """`image` as the camera was held (EXIF orientation)."""
    from PIL.Image import Transpose  # noqa: PLC0415

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    return image.transpose(turns[orientation]) if orientation in turns else image


def _kept_size(width: int, height: int) -> tuple[int, int]:
    """The size of a frame that is kept: the same shape, at most KEPT_PIXELS, at least one pixel each way."""
    scale = min(1.0, math.sqrt(KEPT_PIXELS / (width * height)))
    return max(1, round(width * scale)), max(1, round(height * scale))
