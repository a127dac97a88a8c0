"""How many frames an animation has, and which of them are looked at."""

from __future__ import annotations

from typing import Final

EXTENSION: Final = 0x21
PICTURE: Final = 0x2C
END: Final = 0x3B


def spread(total: int, most: int) -> list[int]:
    """At most `most` of `total` frames, evenly from the first to the last."""
    if total <= most:
        return list(range(total))
    if most == 1:
        return [0]
    return [round(k * (total - 1) / (most - 1)) for k in range(most)]


def count_gif(data: bytes, most: int) -> int:
    """How many pictures a GIF holds, counted up to `most` + 1; nothing is decoded. At least 1.

    Pillow would look into each frame, which of a file of many small ones takes long. What ends early ends the
    count: decoding says what is wrong with it.
    """
    found = 0
    try:
        at = 13 + _colours(data[10])
        while found <= most:
            if data[at] == EXTENSION:
                at = _after_blocks(data, at + 2)
            elif data[at] == PICTURE:
                found += 1
                at = _after_blocks(data, at + 10 + _colours(data[at + 9]) + 1)
            elif data[at] == END:
                break
            else:  # what is no block's beginning is passed over, as Pillow does
                at += 1
    except IndexError:
        return max(found, 1)
    return max(found, 1)


def _colours(flags: int) -> int:
    """How many bytes the table of colours takes that `flags` tell of."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _after_blocks(data: bytes, at: int) -> int:
    while data[at]:
        at += data[at] + 1
    return at + 1
