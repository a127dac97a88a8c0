"""Arrays at another size."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from lambdas.content.image.picture import Pixels

Values = TypeVar("Values", bound=npt.NDArray[Any])
Corners = tuple[float, float, float, float]


def resized(values: Values, size: tuple[int, int], within: Corners | None = None) -> Values:
    """`values` (uint8 [h, w, 3] or float32 [h, w]), or what of them is `within` (left, top, right, bottom).

    `size` is (width, height). Bilinear, over all that a pixel covers when that is more than one.
    """
    from PIL import Image  # noqa: PLC0415 - only who brings a picture pays for it

    gap = 3.0 if values.dtype == np.uint8 else None
    image = Image.fromarray(values).resize(size, Image.Resampling.BILINEAR, within, reducing_gap=gap)
    made: Values = np.asarray(image, dtype=values.dtype)  # type: ignore[assignment]
    return made


def enough(pixels: Pixels, side: int) -> Pixels:
    """`pixels` with both sides divided by the largest whole number that leaves the shorter one `side`.

    A pixel is then the mean of a block; what is smaller stays as it is.

    Several networks shrink the same picture, and a large one would cost each of them more than all the rest.
    """
    from PIL import Image  # noqa: PLC0415 - only who brings a picture pays for it

    times = min(pixels.shape[:2]) // side
    if times < 2:
        return pixels
    made: Pixels = np.asarray(Image.fromarray(pixels).reduce(times))
    return made
