"""Where in a sound somebody speaks: Silero's detector, its frames made into segments, those into chunks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from lambdas.content.audio.sound import RATE, Floats, Segment
from lambdas.core.model import OnnxModel

FILE: Final = "vad.onnx"
FRAME: Final = 512
"""Samples: 32 ms."""
CONTEXT: Final = 64
"""Samples of the frame before that the detector sees again."""
FRAMES_A_RUN: Final = 512
STATE: Final = (1, 1, 128)

SPEECH: Final = 0.5
"""Speech begins at this probability …"""
SILENCE: Final = 0.35
"""… and has ended when it was below this one for PAUSE seconds."""
PAUSE: Final = 0.3
LEAST: Final = 0.25
"""Seconds: what is shorter is a click, not a word."""
MARGIN: Final = 0.15
"""Seconds of sound kept on both sides, for soft beginnings and ends."""
LONGEST: Final = 28.0
"""Seconds of a chunk: the recogniser hears 30."""
LONGEST_GAP: Final = 3.0
"""Seconds without speech within a chunk: in longer ones the recogniser makes words up."""


class VoiceActivity:
    """The detector. Methods raise BundleError when its graph cannot be opened or run."""

    def __init__(self, folder: Path) -> None:
        self._model = OnnxModel(folder, FILE)

    def probabilities(self, samples: Floats) -> Floats:
        """How likely it is that somebody speaks, a number a FRAME."""
        frames = max(1, -(-len(samples) // FRAME))
        filled = np.zeros(frames * FRAME, dtype=np.float32)
        filled[: len(samples)] = samples
        before = np.concatenate([np.zeros(CONTEXT, dtype=np.float32), filled])
        rows = np.lib.stride_tricks.sliding_window_view(before, CONTEXT + FRAME)[::FRAME]
        hidden = cell = np.zeros(STATE, dtype=np.float32)
        made = [np.zeros(0, dtype=np.float32)]
        for start in range(0, frames, FRAMES_A_RUN):
            part = np.ascontiguousarray(rows[start : start + FRAMES_A_RUN])
            said = self._model.run({"input": part, "h": hidden, "c": cell})
            hidden, cell = said["hn"], said["cn"]
            made.append(said["speech_probs"])
        return np.concatenate(made)


def segments(probabilities: Floats, seconds: float) -> list[Segment]:
    """Where somebody speaks in a sound of `seconds`, in order, without overlap, none longer than LONGEST."""
    frame = FRAME / RATE
    found: list[Segment] = []
    for first, last in _runs(probabilities):
        if (last - first) * frame < LEAST:
            continue
        for start, end in _cut(probabilities, first, last):
            begin = start * frame - (MARGIN if start == first else 0.0)
            found.append(
                Segment(
                    round(max(begin, found[-1].end if found else 0.0), 3),
                    round(min(end * frame + (MARGIN if end == last else 0.0), seconds), 3),
                )
            )
    return found


def _runs(probabilities: Floats) -> list[tuple[int, int]]:
    """[first, last) of the frames from where speech begins to where it has ended."""
    made: list[tuple[int, int]] = []
    pause = round(PAUSE * RATE / FRAME)
    first, ended = None, 0
    for k, probability in enumerate(probabilities.tolist()):
        if probability >= SPEECH:
            first = k if first is None else first
        if probability >= SILENCE:
            ended = k + 1
        elif first is not None and k + 1 - ended >= pause:
            made.append((first, ended))
            first = None
    return [*made, (first, ended)] if first is not None else made


def _cut(probabilities: Floats, first: int, last: int) -> list[tuple[int, int]]:
    """Parts of at most LONGEST, less its margins, each cut where in its second half speech is least
    likely.
    """
    most = int((LONGEST - 2 * MARGIN) * RATE / FRAME)
    made = []
    while last - first > most:
        half = first + most // 2
        cut = half + int(probabilities[half : first + most].argmin()) + 1
        made.append((first, cut))
        first = cut
    return [*made, (first, last)]


def chunks(speech: Sequence[Segment]) -> list[Segment]:
    """`speech` joined into as few stretches as LONGEST and LONGEST_GAP allow: each costs the same to hear."""
    made: list[Segment] = []
    for part in speech:
        last = made[-1] if made else None
        if last and part.start - last.end <= LONGEST_GAP and part.end - last.start <= LONGEST:
            made[-1] = Segment(last.start, part.end)
        else:
            made.append(Segment(part.start, part.end))
    return made
