"""`python -m benchmarks.audio`: what it costs to decode a sound, listen to it, and write down its words.

Each against the bare sessions on the same input in the same run. Times are of the processor on one thread, so
a busy machine does not count; those on two threads are of the clock.
"""

from __future__ import annotations

import io
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.audio_speech import SENTENCES, Spoken, digit_strings, errors, joined, synthetic, words_of
from benchmarks.table import Table
from lambdas.content.audio.decode import decode
from lambdas.content.audio.embedding import BATCH
from lambdas.content.audio.mel import log_mel
from lambdas.content.audio.model import AudioModel
from lambdas.content.audio.sound import RATE, Array, Floats, Sound
from lambdas.content.audio.speech import HEARD, Recogniser, seconds_needed
from model_build.pretrained import base
from model_build.progress import Reporter

CACHE = Path("build/pretrained")
NAMES = ("whisper", "vad", "sound")
REPEATS = 5
SECONDS = 28
TOKENS = 40
PROMPT = [50_258, 50_259, 50_359]
WORD = 440
Folders = Mapping[str, Path]

FRESH = """
import json, sys, time
from pathlib import Path
told, started = {}, time.process_time()
def step(name):
    global started
    lines = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    used, most = (int(lines[name].split()[0]) * 1024 / 1e6 for name in ("VmRSS", "VmHWM"))
    told[name] = time.process_time() - started, used, most
    started = time.process_time()
from lambdas.content.audio.model import AudioModel
from lambdas.content.audio.decode import decode
model = AudioModel({name: Path(path) for name, path in json.loads(sys.argv[2]).items()})
step("import")
sound = decode(Path(sys.argv[1]).read_bytes())
step("decode the sound")
heard = model.listen(sound)
step("open what listens, and listen")
model._recogniser.hear(sound.samples[:0])
step("open what transcribes, and hear nothing")
model.transcribe(sound, heard.speech)
step("transcribe the sound")
print(json.dumps(told))
"""


def run() -> None:
    """Run everything, print the table and save it."""
    table, reporter = Table("audio", "python -m benchmarks.audio"), Reporter()
    with reporter.stage("weights"):
        made = {name: base.make(name, CACHE) for name in NAMES}
    folders = {name: one.folder for name, one in made.items()}
    for name, one in made.items():
        sizes = " + ".join(f"{path.stat().st_size / 1e6:.1f}" for path in one.files.values())
        table.add(f"{name}: files", f"{sizes} MB", against=f"{one.about.package} {one.about.version}")
    spoken = digit_strings()
    speech = [one for language in SENTENCES for one in synthetic(language)] or spoken
    if not speech:
        table.notes.append(
            "No speech: neither espeak-ng nor shared/data/fsdd is there. Only the rest was measured."
        )
    with reporter.stage("speed"):
        long = _long(speech)
        _decoding(table, long)
        _listening(table, folders, long)
        if speech:
            _transcribing(table, folders, long)
    with reporter.stage("memory"):
        _memory(table, folders, long)
    with reporter.stage("words"):
        _words(table, folders, spoken)
    table.notes.append(
        "Times on one thread are the processor's, those on two the clock's. espeak-ng is a synthetic voice, "
        "which the recogniser understands badly in Spanish and French, by whatever program it is run."
    )
    table.save()


def _long(speech: Sequence[Spoken]) -> Floats:
    """SECONDS of it, or of noise."""
    if not speech:
        return (np.random.default_rng(0).standard_normal(SECONDS * RATE) * 0.1).astype(np.float32)
    samples = joined([one.samples for one in speech])
    return np.tile(samples, 1 + SECONDS * RATE // len(samples))[: SECONDS * RATE]


def _sound(samples: Floats) -> Sound:
    return Sound(samples, "wav", RATE, 1)


def _median(work: Callable[[], object], clock: Callable[[], float] = time.process_time) -> float:
    """Seconds, the median of REPEATS after one to warm up."""
    work()
    taken = []
    for _ in range(REPEATS):
        started = clock()
        work()
        taken.append(clock() - started)
    return statistics.median(taken)


def _decoding(table: Table, samples: Floats) -> None:
    for form, codec in (("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III")):
        stream = io.BytesIO()
        stereo = np.repeat(np.repeat(samples, 3)[:, None], 2, axis=1)
        soundfile.write(stream, stereo, 48_000, format=form, subtype=codec)
        data = stream.getvalue()
        ours = _median(lambda data=data: decode(data))
        raw = _median(lambda data=data: soundfile.read(io.BytesIO(data), dtype="float32"))
        name = codec if form == "OGG" else form
        table.add(
            f"decode {SECONDS} s of {name}, stereo, 48 kHz",
            f"{ours * 1e3:.0f} ms",
            against=f"libsndfile alone {raw * 1e3:.0f} ms",
        )


def _listening(table: Table, folders: Folders, samples: Floats) -> None:
    model = AudioModel(folders)
    ours = _median(lambda: model.listen(_sound(samples)))
    raw = _median(lambda: _bare(model, samples))
    table.add(
        f"listen to {SECONDS} s",
        f"{ours * 1e3:.0f} ms",
        against=f"the sessions alone {raw * 1e3:.0f} ms: {ours / raw:.2f} x",
    )


def _bare(model: AudioModel, samples: Floats) -> None:
    """The runs that `listen` needs, on inputs of the same shapes."""
    frames = -(-len(samples) // 512)
    state = np.zeros((1, 1, 128), dtype=np.float32)
    for start in range(0, frames, 512):
        part = np.zeros((min(512, frames - start), 576), dtype=np.float32)
        model._vad._model.run({"input": part, "h": state, "c": state})
    decibels = model._embedding._mels.run({"input": samples[None]})["output"].reshape(-1, 32)
    windows = (len(decibels) - 76) // 8 + 1
    for start in range(0, windows, BATCH):
        count = min(BATCH, windows - start)
        model._embedding._embedding.run({"input_1": np.zeros((count, 76, 32, 1), dtype=np.float32)})


class Bare:
    """The recogniser's sessions alone, on the spectrogram of one sound: nobody looks at what comes out."""

    def __init__(self, recogniser: Recogniser, samples: Floats) -> None:
        self._recogniser = recogniser
        self._mel = log_mel(samples, HEARD)[None]
        self.sound = self.encode()

    def encode(self) -> dict[str, Array]:
        """The encoder's run."""
        return self._recogniser._encoder.run({"mel": self._mel})

    def say(self, count: int) -> None:
        """The decoder's runs for `count` tokens, each computed once."""
        cache = self._recogniser.empty()
        for tokens in (PROMPT[:1], PROMPT[1:], *([WORD] for _ in range(count))):
            _, cache = self._recogniser.step(self.sound, cache, tokens)

    def say_without_cache(self, count: int) -> None:
        """The same with all that was said before computed again for each token."""
        for k in range(count):
            self._recogniser.step(self.sound, self._recogniser.empty(), [*PROMPT, *[WORD] * k])


def _transcribing(table: Table, folders: Folders, samples: Floats) -> None:
    for threads, clock in ((1, time.process_time), (2, time.perf_counter)):
        recogniser = Recogniser(folders["whisper"], tuple(SENTENCES), threads=threads)
        bare = Bare(recogniser, samples)
        count = len(recogniser.hear(samples).tokens)
        ours = _median(lambda r=recogniser: r.hear(samples), clock)
        encoder = _median(bare.encode, clock)
        decoder = _median(lambda b=bare, n=count: b.say(n), clock)
        table.add(
            f"transcribe {SECONDS} s, {count} tokens, {threads} thread{'s' * (threads > 1)}",
            f"{ours:.2f} s: {ours / SECONDS:.3f} x real time",
            against=f"encoder {encoder:.2f} s + decoder {decoder:.2f} s: {ours / (encoder + decoder):.2f} x",
        )
        if threads == 1:
            short = _median(lambda r=recogniser: r.hear(samples[: 5 * RATE]), clock)
            for seconds, taken in ((SECONDS, ours), (5, short)):
                said = f"{seconds_needed(seconds):.2f} s"
                table.add(f"what `seconds_needed` says of {seconds} s", said, against=f"{taken:.2f} s")
            cached, whole = (
                _median(lambda work=work: work(TOKENS), clock) for work in (bare.say, bare.say_without_cache)
            )
            table.add(
                f"{TOKENS} tokens with the cache",
                f"{cached:.2f} s",
                against=f"without it {whole:.2f} s: {whole / cached:.1f} x",
            )


def _memory(table: Table, folders: Folders, samples: Floats) -> None:
    """Of fresh processes: what each step takes in time and in memory, and the most at any time."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sound.wav"
        soundfile.write(file, samples, RATE, subtype="PCM_16")
        asked = json.dumps({name: str(path.resolve()) for name, path in folders.items()})
        command = [sys.executable, "-c", FRESH, str(file), asked]
        told = [
            json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
            for _ in range(3)
        ]
    for step in told[0]:
        seconds, now, most = (statistics.median(one[step][k] for one in told) for k in range(3))
        table.add(
            f"fresh process: {step}", f"{seconds:.2f} s", against=f"{now:.0f} MB then, at most {most:.0f} MB"
        )


def _words(table: Table, folders: Folders, spoken: Sequence[Spoken]) -> None:
    """Word errors of what the whole model understands."""
    model = AudioModel(folders, {"languages": list(SENTENCES)})
    sets = {"digits that people say (8 kHz)": spoken}
    sets |= {f"espeak-ng, {language}": synthetic(language) for language in SENTENCES}
    for name, parts in sets.items():
        if not parts:
            table.notes.append(f"No {name}: not there.")
            continue
        wrong = 0
        for one in parts:
            sound = Sound(one.samples, "wav", RATE, 1)
            said = model.transcribe(sound, model.listen(sound).speech)
            wrong += errors(one.words, words_of(" ".join(part.text for part in said.segments)))
        words = sum(len(one.words) for one in parts)
        table.add(f"word errors: {name}", f"{wrong / words:.3f}", against=f"{wrong} of {words} words")
    rng = np.random.default_rng(0)
    for name, samples in {
        "silence": np.zeros(10 * RATE), "noise": rng.standard_normal(10 * RATE) * 0.1,
        "a tone": 0.3 * np.sin(np.arange(10 * RATE) / RATE * 2 * np.pi * 440),
    }.items():  # fmt: skip
        heard = model.listen(Sound(samples.astype(np.float32), "wav", RATE, 1))
        table.add(f"speech found in 10 s of {name}", f"{heard.speech_seconds:.1f} s")


if __name__ == "__main__":
    run()
