from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from lambdas.content.audio.activity import FRAME, LONGEST, LONGEST_GAP, VoiceActivity, chunks, segments
from lambdas.content.audio.sound import RATE, Floats, Segment
from tests.unit.lambdas.content.audio.sounds import noise, sequence, tone

pytestmark = pytest.mark.unit
FRAMES = RATE / FRAME


@pytest.fixture(scope="module")
def detector(folders: Mapping[str, Path]) -> VoiceActivity:
    return VoiceActivity(folders["vad"])


def made_of(*parts: tuple[float, float]) -> tuple[Floats, float]:
    """Probabilities of (seconds, probability), and the seconds in all."""
    frames = np.concatenate([np.full(round(seconds * FRAMES), value) for seconds, value in parts])
    return frames.astype(np.float32), len(frames) / FRAMES


def test_silence_noise_and_a_tone_are_no_speech(detector: VoiceActivity) -> None:
    for samples in (np.zeros(5 * RATE, dtype=np.float32), noise(5.0), noise(5.0, 0.01), tone(5.0)):
        probabilities = detector.probabilities(samples)
        assert len(probabilities) == -(-len(samples) // FRAME)
        assert probabilities.max() < 0.5
        assert segments(probabilities, 5.0) == []


def test_people_are_heard_where_they_speak(
    detector: VoiceActivity, digits: dict[tuple[int, int], Floats]
) -> None:
    spoken = sequence([digits[k, 0] for k in range(5)])
    samples = np.concatenate([noise(3.0, 0.005), spoken, noise(3.0, 0.005)])
    (first, *_, last) = found = segments(detector.probabilities(samples), len(samples) / RATE)
    assert first.start == pytest.approx(3.1, abs=0.4)
    assert last.end == pytest.approx(3.0 + len(spoken) / RATE, abs=0.6)
    assert sum(part.seconds for part in found) > 0.5 * len(spoken) / RATE


def test_the_state_is_carried_over_from_one_run_to_the_next(
    detector: VoiceActivity, digits: dict[tuple[int, int], Floats], monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = sequence([digits[k, 1] for k in range(10)])
    once = detector.probabilities(samples)
    monkeypatch.setattr("lambdas.content.audio.activity.FRAMES_A_RUN", 7)
    assert detector.probabilities(samples) == pytest.approx(once, abs=1e-5)


@pytest.mark.parametrize("count", [0, 1, 511, 512, 513])
def test_short_sounds_have_at_least_one_frame(detector: VoiceActivity, count: int) -> None:
    assert len(detector.probabilities(np.zeros(count, dtype=np.float32))) == max(1, -(-count // FRAME))


def test_a_segment_is_where_it_is_likely_with_a_margin() -> None:
    (found,) = segments(*made_of((2.016, 0.1), (1.024, 0.9), (2.016, 0.1)))
    assert (found.start, found.end) == (pytest.approx(1.87, abs=0.02), pytest.approx(3.19, abs=0.02))


def test_a_short_pause_does_not_end_it_and_a_click_does_not_begin_it() -> None:
    assert len(segments(*made_of((1, 0.1), (1, 0.9), (0.2, 0.1), (1, 0.9), (1, 0.1)))) == 1
    assert len(segments(*made_of((1, 0.1), (1, 0.9), (0.6, 0.1), (1, 0.9), (1, 0.1)))) == 2
    assert segments(*made_of((1, 0.1), (0.1, 0.9), (1, 0.1))) == []


def test_what_is_half_likely_goes_on_but_does_not_begin() -> None:
    assert segments(*made_of((1, 0.1), (1, 0.4), (1, 0.1))) == []
    (found,) = segments(*made_of((1, 0.1), (1, 0.9), (1, 0.4), (1, 0.1)))
    assert found.seconds == pytest.approx(2.3, abs=0.1)


def test_long_speech_is_cut_where_it_pauses() -> None:
    found = segments(*made_of((20, 0.9), (0.1, 0.6), (40, 0.9)))
    assert all(part.seconds <= LONGEST for part in found)
    assert found[0].end == pytest.approx(20.0, abs=0.15)
    assert all(one.end <= two.start for one, two in pairwise(found))
    assert sum(part.seconds for part in found) == pytest.approx(60.1, abs=0.2)


def test_chunks_are_as_few_as_their_length_and_gaps_allow() -> None:
    near = [Segment(10.0 * k, 10.0 * k + 9) for k in range(6)]
    assert [(part.start, part.end) for part in chunks(near)] == [(0, 19), (20, 39), (40, 59)]
    far = [Segment(0, 1), Segment(1 + LONGEST_GAP + 0.1, 6)]
    assert chunks(far) == far
    assert chunks([]) == []
