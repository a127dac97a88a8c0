from __future__ import annotations

import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lambdas.content.audio import decode as decoding
from lambdas.content.audio.decode import decode, mixed
from lambdas.content.audio.sound import RATE
from lambdas.content.errors import Refused, TooLarge, Unreadable, UnsupportedType
from tests.unit.lambdas.content.audio.sounds import CODECS, encoded, tone

pytestmark = pytest.mark.unit
KINDS = (("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III"))


def loudest_hertz(samples: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(spectrum.argmax() * RATE / len(samples))


@pytest.mark.parametrize(("form", "codec"), CODECS)
@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
def test_every_kind_at_every_rate_becomes_the_same_sound(form: str, codec: str, rate: int) -> None:
    if codec == "OPUS" and rate == 44_100:
        pytest.skip("Opus has no such rate")
    sound = decode(encoded(tone(2.0, rate), rate, form, codec))
    assert (sound.rate, sound.channels) == (rate, 1)
    assert sound.samples.dtype == np.float32
    assert sound.seconds == pytest.approx(2.0, abs=0.1)
    assert loudest_hertz(sound.samples) == pytest.approx(440, abs=3)
    assert np.abs(sound.samples[RATE // 2 : RATE]).max() == pytest.approx(0.3, abs=0.08)


@pytest.mark.parametrize(("form", "codec"), KINDS)
def test_channels_are_mixed(form: str, codec: str) -> None:
    left, right = tone(1.0, 48_000, hertz=440), tone(1.0, 48_000, hertz=1_000)
    sound = decode(encoded(np.stack([left, right], axis=1), 48_000, form, codec))
    spectrum = np.abs(np.fft.rfft(sound.samples[:RATE] * np.hanning(min(len(sound.samples), RATE))))
    assert sound.channels == 2
    assert set(np.argsort(spectrum)[-6:]) >= {440, 1_000}


def test_channels_that_cancel_each_other_out_do_not_hide_what_is_in_them() -> None:
    sound = decode(encoded(np.stack([tone(1.0), -tone(1.0)], axis=1)))
    assert np.abs(sound.samples).max() == pytest.approx(0.3, abs=0.01)


def test_what_is_no_number_is_silence_and_what_is_too_loud_is_clipped() -> None:
    block = np.array([[np.nan], [np.inf], [-np.inf], [1e30], [0.5]], dtype=np.float32)
    assert mixed(block).tolist() == [0.0, 1.0, -1.0, 1.0, 0.5]
    samples = tone(1.0)
    samples[::7], samples[3::11] = np.nan, np.inf
    assert np.isfinite(decode(encoded(samples, codec="FLOAT")).samples).all()


@pytest.mark.parametrize(("form", "codec"), KINDS)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.5, 0.85])
def test_a_file_that_is_cut_short_is_unreadable(form: str, codec: str, share: float) -> None:
    data = encoded(tone(4.0), form=form, codec=codec)
    with pytest.raises(Unreadable):
        decode(data[: int(len(data) * share)])


@pytest.mark.parametrize(("form", "codec"), [kind for kind in KINDS if kind[0] != "WAV"])
def test_a_second_sound_behind_the_first_is_not_passed_over(form: str, codec: str) -> None:
    data = encoded(tone(4.0), form=form, codec=codec)
    with pytest.raises(Unreadable):
        decode(data + data)


@pytest.mark.parametrize(("form", "codec"), KINDS)
def test_a_tag_behind_the_end_is_nothing(form: str, codec: str) -> None:
    assert decode(encoded(tone(2.0), form=form, codec=codec) + b"TAG" + bytes(125)).seconds > 1.9


@pytest.mark.parametrize(("form", "codec"), KINDS)
def test_no_samples_are_no_sound(form: str, codec: str) -> None:
    with pytest.raises((Refused, Unreadable)):
        decode(encoded(tone(0.0), form=form, codec=codec))


def test_no_bytes_are_refused() -> None:
    with pytest.raises(Refused, match="empty"):
        decode(b"")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"\x00\x00\x00\x20ftypM4A " + bytes(99), "M4A"),
        (b"\x1aE\xdf\xa3" + bytes(99), "WebM"),
        (b"FORM\x00\x00\x00\x40AIFF" + bytes(99), "AIFF"),
        (b"#!AMR\n" + bytes(99), "AMR"),
        (b"\xff\xf1\x50\x80" + bytes(99), "no known kind"),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "no known kind"),
        (b"hello, this is a text", "no known kind"),
    ],
)
def test_other_kinds_are_told_what_is_taken(data: bytes, what: str) -> None:
    with pytest.raises(UnsupportedType, match=f"{what}.*WAV, FLAC, Ogg.*MP3"):
        decode(data)


def test_a_codec_that_nobody_sends_is_not_tried() -> None:
    with pytest.raises(UnsupportedType, match="GSM610"):
        decode(encoded(tone(1.0, 8_000), 8_000, codec="GSM610"))


@pytest.mark.parametrize(("rate", "channels"), [(2_000, 1), (400_000, 1), (16_000, 9)])
def test_rates_and_channels_beyond_the_usual_are_refused(rate: int, channels: int) -> None:
    with pytest.raises(Refused):
        decode(encoded(np.zeros((2_000, channels), dtype=np.float32), rate))


@pytest.mark.parametrize(("form", "codec"), [("FLAC", "PCM_16"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III")])
def test_ten_minutes_are_refused_without_decoding_them(form: str, codec: str) -> None:
    data = encoded(np.zeros(600 * 8_000, dtype=np.float32), 8_000, form, codec)
    tracemalloc.start()
    with pytest.raises(TooLarge, match="120 seconds"):
        decode(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000 + 2 * len(data)


def without_length(flac: bytes) -> bytes:
    """`flac` with 0 for its number of samples, which means not known."""
    return flac[:21] + bytes([flac[21] & 0xF0, 0, 0, 0, 0]) + flac[26:]


def test_ten_minutes_that_do_not_say_how_long_they_are_stop_at_the_limit() -> None:
    data = without_length(encoded(np.zeros(600 * 8_000, dtype=np.float32), 8_000, "FLAC"))
    with pytest.raises(TooLarge, match="120 seconds"):
        decode(data)


def test_a_header_that_claims_years_costs_nothing() -> None:
    data = encoded(tone(1.0), form="FLAC")
    lying = data[:21] + bytes([data[21] | 0x0F, 255, 255, 255, 255]) + data[26:]
    with pytest.raises(TooLarge):
        decode(lying)


def test_a_wav_from_a_pipe_has_no_length_and_is_read() -> None:
    data = encoded(tone(1.0))
    at = data.index(b"data") + 4
    assert decode(data[:at] + struct.pack("<I", 0xFFFFFFFF) + data[at + 4 :]).seconds == 1.0
    with pytest.raises(Unreadable, match="cut short"):
        decode(data[:at] + struct.pack("<I", 1_000_000) + data[at + 4 :])


def test_more_bytes_than_are_taken_are_refused_unseen() -> None:
    with pytest.raises(TooLarge, match="bytes"):
        decode(bytes(decoding.MOST_BYTES + 1))


def test_a_damaged_mp3_writes_nothing_to_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    data = encoded(tone(4.0), form="MP3", codec="MPEG_LAYER_III")
    with pytest.raises(Unreadable):
        decode(data[: len(data) // 3] + bytes(4_000) + data[len(data) // 3 + 4_000 :])
    assert capfd.readouterr().err == ""


GOOD = [encoded(tone(0.5), form=form, codec=codec) for form, codec in KINDS]


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(GOOD),
    st.lists(st.tuples(st.integers(0, 1 << 30), st.binary(min_size=1, max_size=8)), max_size=12),
    st.floats(0.0, 1.0),
)
@example(GOOD[0], [], 1.0)
def test_mutated_files_are_decoded_refused_or_unreadable(
    data: bytes, changes: list[tuple[int, bytes]], kept: float
) -> None:
    changed = bytearray(data[: max(1, int(len(data) * kept))])
    for at, put in changes:
        # Half of the changes in the headers, where they do most.
        first = at % (len(changed) if at % 2 else min(len(changed), 128))
        changed[first : first + len(put)] = put
    try:
        sound = decode(bytes(changed))
    except (Refused, Unreadable):
        return
    assert np.isfinite(sound.samples).all()
    assert np.abs(sound.samples).max(initial=0.0) <= 1.0
    assert sound.seconds <= decoding.MOST_SECONDS + 1
