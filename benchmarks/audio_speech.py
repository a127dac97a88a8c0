"""Speech for the audio benchmark: digits that people say, and sentences by espeak-ng where there is one."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from lambdas.content.audio.decode import decode
from lambdas.content.audio.sound import RATE, Floats

FSDD: Final = Path(__file__).parents[2] / "shared/data/fsdd/recordings"
DIGITS: Final = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
A_STRING: Final = 5
SEED: Final = 1
VOICES: Final = {"en": "en-us", "es": "es", "fr": "fr-fr"}
SENTENCES: Final = {
    "en": (
        "The meeting on Tuesday was moved to the third floor because the projector is broken.",
        "If you come near my house again I will call the police immediately.",
        "I ordered a blue jacket last week but the parcel never arrived.",
        "You are the worst player I have ever seen in this game.",
        "Please send me the photographs of the wedding before Friday evening.",
        "My grandmother bakes bread every morning and sells it at the market.",
        "Nobody believed him when he said the bridge would collapse.",
        "The children were playing football in the garden behind the school.",
    ),
    "es": (
        "La reunión del martes se trasladó al tercer piso porque el proyector está roto.",
        "Si vuelves a acercarte a mi casa llamaré a la policía inmediatamente.",
        "Pedí una chaqueta azul la semana pasada pero el paquete nunca llegó.",
        "Eres el peor jugador que he visto en este juego.",
        "Por favor envíame las fotografías de la boda antes del viernes por la tarde.",
        "Mi abuela hace pan todas las mañanas y lo vende en el mercado.",
        "Nadie le creyó cuando dijo que el puente se derrumbaría.",
        "Los niños jugaban al fútbol en el jardín detrás de la escuela.",
    ),
    "fr": (
        "La réunion de mardi a été déplacée au troisième étage parce que le projecteur est cassé.",
        "Si tu reviens près de ma maison j'appellerai la police immédiatement.",
        "J'ai commandé une veste bleue la semaine dernière mais le colis n'est jamais arrivé.",
        "Tu es le pire joueur que j'ai jamais vu dans ce jeu.",
        "Envoyez-moi les photographies du mariage avant vendredi soir.",
        "Ma grand-mère fait du pain tous les matins et le vend au marché.",
        "Personne ne l'a cru quand il a dit que le pont allait s'effondrer.",
        "Les enfants jouaient au football dans le jardin derrière l'école.",
    ),
}


@dataclass(frozen=True)
class Spoken:
    """A sound and the words in it."""

    samples: Floats
    words: list[str]


def digit_strings() -> list[Spoken]:
    """What two people of the Free Spoken Digit Dataset say, A_STRING digits in a row with pauses."""
    by_speaker: dict[str, list[tuple[int, Floats]]] = {}
    for path in sorted(FSDD.glob("*.wav")):
        digit, speaker, _ = path.stem.split("_")
        samples = decode(path.read_bytes()).samples
        loud = (samples / np.abs(samples).max() * 0.5).astype(np.float32)
        by_speaker.setdefault(speaker, []).append((int(digit), loud))
    rng = np.random.default_rng(SEED)
    made = []
    for said in by_speaker.values():
        order = rng.permutation(len(said)).tolist()
        for start in range(0, len(order) - A_STRING + 1, A_STRING):
            picked = [said[k] for k in order[start : start + A_STRING]]
            made.append(Spoken(joined([part for _, part in picked]), [DIGITS[digit] for digit, _ in picked]))
    return made


def synthetic(language: str) -> list[Spoken]:
    """The SENTENCES of `language` as espeak-ng says them; none where it is not installed."""
    program = shutil.which("espeak-ng")
    if program is None:
        return []
    made = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "said.wav"
        for sentence in SENTENCES[language]:
            command = [program, "-v", VOICES[language], "-s", "140", "-w", str(file), sentence]
            subprocess.run(command, check=True, capture_output=True)
            made.append(Spoken(decode(file.read_bytes()).samples, words_of(sentence)))
    return made


def joined(parts: Sequence[Floats], pause: float = 0.25) -> Floats:
    """`parts` one after the other, silence before, between and after them."""
    silence = np.zeros(round(pause * RATE), dtype=np.float32)
    return np.concatenate([silence, *(piece for part in parts for piece in (part, silence))])


def words_of(text: str) -> list[str]:
    """The words of `text` in lower case, without punctuation; numerals digit by digit."""
    words = "".join(c if c.isalnum() else " " for c in text.lower()).split()
    return [word for part in words for word in ([DIGITS[int(c)] for c in part] if part.isdigit() else [part])]


def errors(said: Sequence[str], heard: Sequence[str]) -> int:
    """The least number of words to change, add or leave out to get from `heard` to `said`."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (word != other))
    return row[-1]
