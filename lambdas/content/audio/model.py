"""What a sound says: by itself, and in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np

from lambdas.content.audio import speech
from lambdas.content.audio.activity import FRAME, VoiceActivity, chunks, segments
from lambdas.content.audio.embedding import FEATURES, SoundEmbedding
from lambdas.content.audio.own import OwnEncoder
from lambdas.content.audio.sound import Floats, Segment, Sound
from lambdas.content.audio.speech import Recogniser
from lambdas.content.policies import MOST, POLICIES
from lambdas.core.model import OnnxModel

BUNDLE: Final = "bundle"
INPUT: Final = "features"
OUTPUT: Final = "logits"
WHISPER: Final = "whisper"
VAD: Final = "vad"
LANGUAGES: Final = ("ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh")
"""Those that the multilingual text model reads. Among all 99 of the recogniser's, a few seconds of one
language are now and then taken for another that hardly anybody speaks."""
DEFAULT: Final[Mapping[str, Any]] = {"head": None, "encoder": None, "languages": LANGUAGES}
SOUND: Final = "sound"


@dataclass(frozen=True)
class Heard:
    """What was heard in a sound without understanding a word.

    `scores`: `speech`, the share of the sound in which somebody speaks, 0 to 1. `features` [D]: what a
    trained head is given, FEATURES of the packaged encoder. `signals` [policies]: log-odds of risk, NaN where
    no head was trained. `speech`: where somebody speaks, `speech_seconds` in all.
    """

    scores: dict[str, float]
    features: Floats
    signals: Floats
    speech: list[Segment]
    speech_seconds: float


@dataclass(frozen=True)
class Transcript:
    """What was said. `language`: the code of the one that was spoken longest, None when nothing was said."""

    language: str | None
    segments: list[Segment]


class AudioModel:
    """The audio channel. `folders` may be lazy: a folder is asked for when its network is first run.

    `folders` by name: `vad`, `sound`, `whisper`, and `bundle` when `settings["head"]` names a trained head,
    `{"file": "audio.onnx", "policies": [...]}`: its logits, one a policy of POLICIES, count for the policies
    listed. `settings["encoder"]`: None for the packaged one, in `sound`, or one of the user's own, see
    `own.OwnEncoder`, in the folder that it names. `settings["languages"]`: the codes that a transcript may be
    in. Without `vad` all of a sound is taken for speech; of what else is missing nothing is said. Methods
    raise BundleError when a graph cannot be opened or run.
    """

    def __init__(
        self, folders: Mapping[str, Path], settings: Mapping[str, Any] | None = None, *, threads: int = 1
    ) -> None:
        self._folders = folders
        self._settings = {**DEFAULT, **(settings or {})}
        self._threads = threads
        self.transcribes = WHISPER in folders

    @cached_property
    def _vad(self) -> VoiceActivity:
        return VoiceActivity(self._folders[VAD])

    @cached_property
    def _embedding(self) -> SoundEmbedding | OwnEncoder:
        own = self._settings["encoder"]
        if own is not None:
            return OwnEncoder(self._folders[own["folder"]], own, threads=self._threads)
        return SoundEmbedding(self._folders[SOUND])

    @cached_property
    def _recogniser(self) -> Recogniser:
        return Recogniser(self._folders[WHISPER], self._settings["languages"], threads=self._threads)

    @cached_property
    def _head(self) -> OnnxModel:
        return OnnxModel(self._folders[BUNDLE], self._settings["head"]["file"])

    def listen(self, sound: Sound) -> Heard:
        """What is heard in `sound`, without its words: a few milliseconds a second."""
        spoken = self._speech(sound)
        total = sum(part.seconds for part in spoken)
        features = self.features(sound)
        return Heard(
            scores={"speech": total / sound.seconds if sound.seconds else 0.0},
            features=features,
            signals=self._signals(features),
            speech=spoken,
            speech_seconds=total,
        )

    def features(self, sound: Sound) -> Floats:
        """[D]: what a trained head is given of `sound`; FEATURES zeros when there is nothing to make them
        with.
        """
        if self._settings["encoder"] is None and SOUND not in self._folders:
            return np.zeros(FEATURES, dtype=np.float32)
        return self._embedding.features(sound.samples)

    def transcribe(self, sound: Sound, spoken: Sequence[Segment]) -> Transcript:
        """What is said in `sound` where somebody speaks: the phrases of `spoken`, which is `Heard.speech`."""
        made: list[Segment] = []
        spans: dict[str, float] = {}
        for chunk in chunks(spoken) if self.transcribes else ():
            heard = self._recogniser.hear(chunk.of(sound.samples))
            for phrase in heard.phrases:
                start, end = (round(chunk.start + at, 3) for at in (phrase.start, phrase.end))
                made.append(Segment(start, end, phrase.text, phrase.confidence))
                spans[heard.language] = spans.get(heard.language, 0.0) + phrase.seconds
        return Transcript(max(spans, key=lambda code: spans[code], default=None), made)

    @staticmethod
    def seconds_needed(speech_seconds: float) -> float:
        """How long `transcribe` takes on one core."""
        return speech.seconds_needed(speech_seconds)

    def _speech(self, sound: Sound) -> list[Segment]:
        if VAD in self._folders:
            return segments(self._vad.probabilities(sound.samples), sound.seconds)
        # One number a frame, as the detector gives it: so what is long is cut as well.
        return segments(np.ones(len(sound.samples) // FRAME, dtype=np.float32), sound.seconds)

    def _signals(self, features: Floats) -> Floats:
        made = np.full(len(POLICIES), np.nan, dtype=np.float32)
        head = self._settings["head"]
        if head is not None:
            trained = np.clip(self._head.run({INPUT: features[None]})[OUTPUT][0], -MOST, MOST)
            rows = [POLICIES.index(policy) for policy in head["policies"]]
            made[rows] = trained[rows]
        return made
