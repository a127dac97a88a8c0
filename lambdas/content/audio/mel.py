"""The log-mel spectrogram that Whisper hears.

Radford et al. 2022, section 2.2: 80 mel bands (Slaney's scale, each band of unit area, as
`librosa.filters.mel` makes them) of windows of 25 ms every 10 ms; decimal logarithms, held within 8 of the
loudest, then moved near +-1.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np

from lambdas.content.audio.sound import RATE, Array, Floats

BANDS: Final = 80
WINDOW: Final = 400
HOP: Final = 160
FLOOR: Final = 1e-10
RANGE: Final = 8.0
LINEAR_BELOW: Final = 1000.0
"""Hertz: Slaney's scale is linear up to here, and logarithmic above."""
LINEAR_STEP: Final = 200.0 / 3.0
LOG_STEP: Final = float(np.log(6.4) / 27.0)


def log_mel(samples: Floats, seconds: float) -> Floats:
    """[BANDS, 100 * seconds] of `samples`, filled up with silence, or cut, to `seconds`."""
    length = round(seconds * RATE)
    filled = np.zeros(length, dtype=np.float32)
    filled[: min(length, len(samples))] = samples[:length]
    padded = np.pad(filled, WINDOW // 2, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][: length // HOP]
    spectrum = np.fft.rfft(windows * _hann())
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    decades = np.log10(np.maximum(_filters() @ power.T, FLOOR))
    held = np.maximum(decades, decades.max() - RANGE)
    moved: Floats = ((held + 4.0) / 4.0).astype(np.float32)
    return moved


@cache
def _hann() -> Floats:
    """A periodic Hann window."""
    window: Floats = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
    return window


@cache
def _filters() -> Floats:
    """[BANDS, WINDOW / 2 + 1]: how much each frequency counts in each band: triangles of unit area."""
    frequencies = np.linspace(0.0, RATE / 2, WINDOW // 2 + 1)
    top = LINEAR_BELOW / LINEAR_STEP + np.log(RATE / 2 / LINEAR_BELOW) / LOG_STEP
    corners = _hertz(np.linspace(0.0, top, BANDS + 2))
    low, centre, high = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    rising, falling = (frequencies - low) / (centre - low), (high - frequencies) / (high - centre)
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    filters: Floats = (triangles * 2.0 / (high - low)).astype(np.float32)
    return filters


def _hertz(mels: Array) -> Array:
    bend = LINEAR_BELOW / LINEAR_STEP
    above = LINEAR_BELOW * np.exp(LOG_STEP * (mels - bend))
    return np.where(mels < bend, mels * LINEAR_STEP, above)
