from __future__ import annotations

import numpy as np
import pytest

from lambdas.content.audio import mel
from lambdas.content.audio.sound import RATE
from tests.unit.lambdas.content.audio.sounds import noise, tone

pytestmark = pytest.mark.unit


def to_mel(hertz: float) -> float:
    """Slaney's scale, as the Auditory Toolbox defines it."""
    return hertz * 3 / 200 if hertz < 1000 else 15 + 27 * np.log(hertz / 1000) / np.log(6.4)


def plain(samples: np.ndarray, frame: int) -> np.ndarray:
    """The logarithms of the band energies of one frame, number by number."""
    padded = np.concatenate([samples[200:0:-1], samples, samples[-2:-202:-1]]).astype(np.float64)
    window = padded[frame * 160 : frame * 160 + 400] * np.sin(np.pi * np.arange(400) / 400) ** 2
    turns = np.exp(-2j * np.pi * np.outer(np.arange(201), np.arange(400)) / 400)
    power = np.abs(turns @ window) ** 2
    grid = np.linspace(0, to_mel(8000), 82)
    hertz = [m * 200 / 3 if m < 15 else 1000 * 6.4 ** ((m - 15) / 27) for m in grid]
    energies = []
    for low, centre, high in zip(hertz, hertz[1:], hertz[2:], strict=False):
        total = 0.0
        for k in range(201):
            at = k * 40
            if low < at < high:
                height = (at - low) / (centre - low) if at <= centre else (high - at) / (high - centre)
                total += power[k] * height * 2 / (high - low)
        energies.append(np.log10(max(total, 1e-10)))
    return np.array(energies)


@pytest.mark.parametrize("frame", [0, 1, 57, 99])
def test_it_is_the_plain_formula(frame: int) -> None:
    samples = noise(1.0) + tone(1.0)
    made = mel.log_mel(samples, 1.0)
    expected = np.stack([plain(samples, k) for k in (0, 1, 57, 99)])
    loudest = made.max() * 4 - 4
    row = (0, 1, 57, 99).index(frame)
    held = (np.maximum(expected[row], loudest - 8) + 4) / 4
    assert made[:, frame] == pytest.approx(held, abs=2e-3)


def test_it_is_filled_up_or_cut_to_the_length_asked_for() -> None:
    assert mel.log_mel(tone(2.0), 30.0).shape == (80, 3000)
    assert mel.log_mel(tone(40.0), 30.0).shape == (80, 3000)
    assert mel.log_mel(tone(0.0), 30.0).shape == (80, 3000)


def test_silence_is_flat() -> None:
    assert np.ptp(mel.log_mel(np.zeros(RATE, dtype=np.float32), 30.0)) == 0


def test_a_tone_is_loudest_in_its_band() -> None:
    made = mel.log_mel(tone(1.0, hertz=1000), 1.0)
    assert int(made[:, 50].argmax()) == round(to_mel(1000) / to_mel(8000) * 81) - 1
