from __future__ import annotations

import io

import pytest
import soundfile

from lambdas.content.audio import whole
from lambdas.content.audio.kinds import kind_of
from lambdas.content.errors import Unreadable
from tests.unit.lambdas.content.audio.sounds import CODECS, encoded, tone

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(("form", "codec"), CODECS)
def test_whole_files_are_whole(form: str, codec: str) -> None:
    data = encoded(tone(1.0), form=form, codec=codec)
    whole.check(kind_of(data), data)


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000])
@pytest.mark.parametrize("seconds", [0.05, 1.0, 7.3])
def test_the_frames_of_an_mp3_are_counted(rate: int, seconds: float) -> None:
    data = encoded(tone(seconds, rate), rate, "MP3", "MPEG_LAYER_III")
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        decoded = len(file.read())
    assert 0 <= whole.check("mp3", data) - decoded <= 3_456


def test_an_mp3_behind_a_tag_is_counted_too() -> None:
    data = encoded(tone(1.0), form="MP3", codec="MPEG_LAYER_III")
    tag = b"ID3\x04\x00\x00\x00\x00\x02\x10" + bytes(2 * 128 + 16)
    assert whole.check("mp3", tag + data) == whole.check("mp3", data)


def test_bytes_that_look_like_headers_take_no_time() -> None:
    assert whole.check("mp3", b"\xff\xfb\x90\x00" * 4_000_000) == 0


def test_two_streams_in_one_ogg_are_not_passed_over() -> None:
    vorbis, opus = (encoded(tone(0.5), form="OGG", codec=codec) for codec in ("VORBIS", "OPUS"))
    with pytest.raises(Unreadable, match="2 streams"):
        whole.check("ogg", vorbis + opus)


def test_what_follows_the_end_may_be_a_tag_and_not_more() -> None:
    data = encoded(tone(0.5), form="OGG", codec="OPUS")
    whole.check("ogg", data + bytes(1_000))
    with pytest.raises(Unreadable, match="goes on"):
        whole.check("ogg", data + bytes(10_000))


def test_a_wav_without_data_is_cut_short() -> None:
    with pytest.raises(Unreadable, match="cut short"):
        whole.check("wav", encoded(tone(0.5))[:30])
