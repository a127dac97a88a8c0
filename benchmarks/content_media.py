"""`python -m benchmarks.content_media`: what the path around the networks of images and sounds costs.

Each adapter as the content function runs it, against the bare runs of its sessions on the very same inputs,
which were written down before; both in turn, on one thread, in time of the processor, so that a busy machine
does not count. Then what models of the hub of the usual size cost, where PyTorch is there to make some.
"""

from __future__ import annotations

import importlib.util
import math
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.content_hub import made
from benchmarks.table import Table
from lambdas.content.audio.decode import decode as sound_of
from lambdas.content.audio.model import AudioModel
from lambdas.content.audio.sound import Sound
from lambdas.content.explanation import HEAT_SECONDS
from lambdas.content.image.decode import decode as picture_of
from lambdas.content.image.hiding import by_hiding
from lambdas.content.image.model import ImageModel
from lambdas.content.image.picture import Pixels
from lambdas.content.text.classifier import open_classifier
from lambdas.core.model import OnnxModel
from local.media import picture as with_words
from model_build.content.networks import PACKAGED
from model_build.pretrained import base
from model_build.progress import Reporter
from tests.support.posts import jpeg, voice, wav

CACHE = Path("build/pretrained")
REPEATS = 7
TEXT = (
    "You are such a loser, everybody laughs about your stupid posts and nobody wants to read one more of them"
)
OPENED = """
import os, sys, time
from pathlib import Path
from lambdas.core.model import OnnxModel
used = lambda: int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
before, started = used(), time.perf_counter()
model = OnnxModel(Path(sys.argv[1]), sys.argv[2])
print(time.perf_counter() - started, (used() - before) / 1e6)
"""
Work = Callable[[], object]


def run() -> None:
    """Measure, print the table and save it."""
    table, reporter = Table("content_media", "python -m benchmarks.content_media"), Reporter()
    with reporter.stage("weights"):
        folders = {
            kind: {name: base.make(name, CACHE).folder for name in names} for kind, names in PACKAGED.items()
        }
    eyes, ears = ImageModel(folders["image"]), AudioModel(folders["audio"])
    with reporter.stage("images"):
        _images(table, eyes)
    with reporter.stage("sounds"):
        _sounds(table, ears)
    if importlib.util.find_spec("torch") is None or importlib.util.find_spec("transformers") is None:
        table.notes.append(
            "Models of the hub were not measured: no PyTorch and transformers (`make setup-encoders`)."
        )
    else:
        with reporter.stage("models of the hub"), tempfile.TemporaryDirectory() as folder:
            _hub(table, Path(folder), folders)
    table.notes.append(
        "Milliseconds are the processor's, on one thread, medians. The sessions alone: every run that the "
        "adapter asks of them, again on the inputs that it had made, with nothing around it. Opening a file: "
        "of a fresh process, by the clock. A heat map by hiding: one, by the clock."
    )
    table.save()


def _images(table: Table, eyes: ImageModel) -> None:
    for name, data in {"640 x 480": jpeg(size=(640, 480)), "3000 x 2000": jpeg(size=(3000, 2000))}.items():
        picture = picture_of(data)
        _decoding(table, f"decode a JPEG of {name}", partial(picture_of, data))
        _against(table, f"look at a JPEG of {name}", partial(eyes.look, picture))
    written = picture_of(with_words("What a wonderful day"))
    _against(table, "read the text of 480 x 320 with words", lambda: eyes.read_text(written))
    plain = picture_of(jpeg(size=(640, 480)))
    _against(table, "heat map of `sexual`, 640 x 480", lambda: eyes.heat(plain, "sexual"))


def _sounds(table: Table, ears: AudioModel) -> None:
    for name, data in {"10 s without speech": wav(10.0), "20 s of a voice": voice(20.0)}.items():
        sound = sound_of(data)
        _decoding(table, f"decode a WAV, {name}", partial(sound_of, data))
        _against(table, f"listen to {name}", partial(ears.listen, sound))


def _hiding(table: Table, name: str, value: Callable[[Pixels], float], pixels: Pixels) -> None:
    """By the clock, because the time that a caller may wait decides how fine the heat map is."""
    value(pixels)
    for figure, seconds in (("every place", math.inf), ("in the time that there is", HEAT_SECONDS)):
        began = time.perf_counter()
        note = by_hiding(pixels, value, began + seconds).note
        taken = time.perf_counter() - began
        table.add(
            f"heat map by hiding with {name}, {figure}", f"{taken:.1f} s", against=note or "7 x 7 places",
            **({"asked": f"{seconds:.0f} s", "reached": taken <= seconds} if note else {}),
        )  # fmt: skip


def _decoding(table: Table, figure: str, work: Work) -> None:
    (taken,) = _in_turn(work)
    table.add(figure, f"{taken:.1f} ms")


def _against(table: Table, figure: str, work: Work) -> None:
    """The whole of `work` against the runs of the sessions in it."""
    with _written_down() as calls:
        work()
    written = list(calls)

    def alone() -> None:
        for model, feeds, outputs in written:
            model._session.run(outputs, feeds)

    whole, raw = _in_turn(work, alone)
    table.add(
        figure,
        f"{whole:.1f} ms",
        against=f"{len(written)} runs of sessions alone {raw:.1f} ms: {whole / raw:.2f}x",
        asked="1.3x",
        reached=whole <= 1.3 * raw,
    )


@contextmanager
def _written_down() -> Iterator[list[tuple[OnnxModel, dict[str, Any], list[str]]]]:
    """The runs of sessions: the model, what it was fed, and which outputs were asked for."""
    calls: list[tuple[OnnxModel, dict[str, Any], list[str]]] = []
    run = OnnxModel.run

    def noted(self: OnnxModel, feeds: Mapping[str, Any], outputs: Any = ()) -> Any:
        calls.append((self, dict(feeds), list(outputs) or self.outputs))
        return run(self, feeds, outputs)

    OnnxModel.run = noted  # type: ignore[method-assign]
    try:
        yield calls
    finally:
        OnnxModel.run = run  # type: ignore[method-assign]


def _in_turn(*sides: Work, repeats: int = REPEATS) -> list[float]:
    """Milliseconds of the processor, the median of each side; the first turn does not count."""
    taken: list[list[float]] = [[] for _ in sides]
    for turn in range(repeats + 1):
        for side, times in zip(sides, taken, strict=True):
            started = time.process_time()
            side()
            if turn:
                times.append(time.process_time() - started)
    return [statistics.median(times) * 1e3 for times in taken]


def _hub(table: Table, folder: Path, folders: Mapping[str, Mapping[str, Path]]) -> None:
    """Of random weights: what a model costs does not depend on them."""
    text, image, sound = made("text", folder), made("image", folder), made("audio", folder)
    for hub in (text, image, sound):
        file = next(name for name in hub.files if name.endswith(".onnx"))
        command = [sys.executable, "-c", OPENED, str(hub.folder), file]
        done = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        size = (hub.folder / file).stat().st_size / 1e6
        table.add(
            f"{hub.name}: file", f"{size:.0f} MB",
            against=f"opened in {float(done[0]):.1f} s, {float(done[1]):.0f} MB of memory",
        )  # fmt: skip
    classifier = open_classifier(text.settings, {"hub-text": text.folder})
    _against(table, f"{text.name}: a text of 20 words", lambda: classifier.log_odds([TEXT]))
    own = {"encoder": image.settings, "head": None}
    eyes = ImageModel({**folders["image"], "hub-image": image.folder}, own)
    picture = picture_of(jpeg(size=(640, 480)))
    _against(table, f"look at 640 x 480 with {image.name} too", lambda: eyes.look(picture))
    network = eyes._networks["own"]
    pixels = picture.frames[0].pixels
    _hiding(table, image.name, lambda part: float(network.look(part, "embedding")["embedding"].sum()), pixels)
    ears = AudioModel(
        {**folders["audio"], "hub-sound": sound.folder}, {"encoder": sound.settings, "head": None}
    )
    heard = Sound(np.random.default_rng(0).normal(0, 0.1, 160_000).astype(np.float32), "wav", 16_000, 1)
    _against(table, f"listen to 10 s with {sound.name}", lambda: ears.listen(heard))


if __name__ == "__main__":
    run()
