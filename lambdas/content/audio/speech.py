"""Speech recognition: Whisper, greedily, one token after the other."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from lambdas.content.audio import timing, tokens
from lambdas.content.audio.mel import log_mel
from lambdas.content.audio.sound import RATE, Array, Floats, Segment
from lambdas.core.model import OnnxModel

ENCODER: Final = "encoder.onnx"
DECODER: Final = "decoder.onnx"
HEARD: Final = 30.0
"""Seconds that are heard at once, silence among them: what the model was trained on. With less it makes
words up."""

MOST_TOKENS: Final = 220
"""Of one stretch; the model has room for 448 with its prompt, and was trained to say half of them."""
TOKENS_A_SECOND: Final = 20
LEAST_TOKENS: Final = 24
LONGEST_PATTERN: Final = 24
REPEATED: Final = 5
LEAST_REPEATED: Final = 12
"""A loop: the last tokens are REPEATED times the same pattern, LEAST_REPEATED tokens in all."""

NO_SPEECH: Final = 0.6
UNLIKELY: Final = -0.7
"""Nothing was said, when the model says so with NO_SPEECH and the mean log-probability of its tokens is below
UNLIKELY. The original has -1; this one also catches what is made up of noise, and loses none of the real
digits."""

SECONDS_A_CHUNK: Final = 1.1
SECONDS_A_SECOND: Final = 0.04
"""What transcribing takes, on one core: for each chunk, and for each second of speech
(benchmarks/audio.py)."""

Cache = dict[str, Array]


@dataclass(frozen=True)
class Heard:
    """What was said in a stretch of sound: `phrases`, their times from its beginning, none when nothing was
    said.

    `no_speech`: how likely, 0 to 1, nobody speaks. `tokens`: all that the model said.
    """

    language: str
    phrases: list[Segment]
    no_speech: float
    tokens: tuple[int, ...]


def seconds_needed(speech_seconds: float, longest: float = 28.0) -> float:
    """How long transcribing takes on one core: `speech_seconds` in chunks of `longest`."""
    return math.ceil(speech_seconds / longest) * SECONDS_A_CHUNK + speech_seconds * SECONDS_A_SECOND


class Recogniser:
    """Opens its graphs with the first sound. Methods raise BundleError when one cannot be opened or run.

    `languages`: the codes that are chosen among, all 99 when there are none.
    """

    def __init__(self, folder: Path, languages: Collection[str] = (), *, threads: int = 1) -> None:
        self._folder = folder
        self._threads = threads
        self._languages = languages

    @cached_property
    def tokens(self) -> tokens.Tokens:
        """Its tokens."""
        return tokens.read(self._folder)

    @cached_property
    def _encoder(self) -> OnnxModel:
        return OnnxModel(self._folder, ENCODER, threads=self._threads)

    @cached_property
    def _decoder(self) -> OnnxModel:
        return OnnxModel(self._folder, DECODER, threads=self._threads)

    @cached_property
    def _choice(self) -> Array:
        """The tokens of the languages that are chosen among."""
        known, first = self.tokens.languages, self.tokens.first_language
        rows = [first + k for k, code in enumerate(known) if code in self._languages]
        return np.array(rows or range(first, first + len(known)))

    def hear(self, samples: Floats) -> Heard:
        """What is said in `samples`, at most HEARD seconds of which are listened to."""
        known = self.tokens
        sound = self._encoder.run({"mel": log_mel(samples, HEARD)[None]})
        logits, cache = self.step(sound, self.empty(), [known.start])
        language = int(self._choice[logits[self._choice].argmax()])
        no_speech = float(np.exp(_log_softmax(logits)[known.no_speech]))
        seconds = min(len(samples) / RATE, HEARD)
        most = min(MOST_TOKENS, LEAST_TOKENS + int(TOKENS_A_SECOND * seconds))
        said, chances = self._say(sound, cache, [language, known.transcribe], most)
        code = known.languages[language - known.first_language]
        if no_speech > NO_SPEECH and np.mean(chances) < UNLIKELY:
            return Heard(code, [], no_speech, tuple(said))
        phrases = [
            Segment(
                phrase.start,
                phrase.end,
                known.text(said[phrase.first : phrase.last]),
                float(np.exp(np.mean(chances[phrase.first : phrase.last]))),
            )
            for phrase in timing.phrases(said, known, seconds)
        ]
        return Heard(code, [phrase for phrase in phrases if phrase.text], no_speech, tuple(said))

    def _say(
        self, sound: Cache, cache: Cache, prompt: Sequence[int], most: int
    ) -> tuple[list[int], list[float]]:
        """The tokens after `prompt` up to the end, a loop or `most`, and their log-probabilities, the end's
        too.
        """
        known = self.tokens
        said: list[int] = []
        chances: list[float] = []
        logits, cache = self.step(sound, cache, prompt)
        while len(said) < most:
            logits[[*known.never, known.no_times] + (known.not_first if len(said) < 2 else [])] = -np.inf
            timing.allow(logits, said, known)
            token = int(logits.argmax())
            chances.append(float(_log_softmax(logits)[token]))
            if token == known.end:
                break
            said.append(token)
            if again := looped([token for token in said if token < known.end]):
                said = _without_last(said, again, known.end)
                break
            logits, cache = self.step(sound, cache, [token])
        return said, chances

    def empty(self) -> Cache:
        """The cache before the first token."""
        return {name: np.zeros((1, *shape), np.float32) for name, shape in self._shapes.items()}

    @cached_property
    def _shapes(self) -> dict[str, tuple[int, int, int]]:
        return {
            name.replace("present_", "past_"): (8, 0, 64)
            for name in self._decoder.outputs
            if name.startswith("present_")
        }

    def step(self, sound: Cache, cache: Cache, new: Sequence[int]) -> tuple[Floats, Cache]:
        """The logits [vocabulary] of the token that follows `new`, and the cache with `new` in it."""
        made = self._decoder.run({"tokens": np.array([new], dtype=np.int64), **cache, **sound})
        logits = made.pop("logits")[0]
        return logits, {name.replace("present_", "past_"): value for name, value in made.items()}


def looped(said: Sequence[int]) -> int:
    """How many tokens at the end repeat what stands before them, when that is a loop; otherwise 0.

    Without speech, and now and then with it, the model says the same again until it is stopped.
    """
    for size in range(1, LONGEST_PATTERN + 1):
        times = max(REPEATED, -(-LEAST_REPEATED // size))
        span = size * times
        if len(said) >= span and said[-span:-size] == said[-span + size :]:
            return span - size
    return 0


def _without_last(said: Sequence[int], words: int, end: int) -> list[int]:
    """`said` without its last `words` tokens of text, and the times among them."""
    places = [k for k, token in enumerate(said) if token < end]
    return list(said[: places[-words]])


def _log_softmax(logits: Floats) -> Floats:
    shifted = logits - logits.max()
    made: Floats = shifted - np.log(np.exp(shifted).sum())
    return made
