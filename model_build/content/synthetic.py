"""Synthetic posts: the training data of a machine that has no real ones yet.

A seeded generator of posts in English, Spanish and French, harmless ones and ones that break a policy, with
hard cases on both sides: quoted insults, sports and games that kill, doctors, people who say who they are;
insults under a disguise, and plays on letters that hide nothing. Insults are mild and no slur is written.
Groups of people are named equally often, by those who are kind and by those who are not. Every row names
its template in `template_group`: a split by that column never has a sentence on both sides.

A policy's label says whether any channel breaks it. `image_risk` and `audio_risk` are made up: the
probability that a model of images or sounds might give, far apart for harmless and risky ones, with overlap.

    python -m model_build.content.synthetic --rows 12000 --seed 7 --out build/content/data/synthetic.csv
"""

from __future__ import annotations

import argparse
import csv
import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lambdas.content.policies import POLICIES
from model_build.content.synthesis.compose import Text, compose, harmless, spoken, typed
from model_build.content.synthesis.disguise import HIDING, PLAYING, disguised
from model_build.content.synthesis.groups import SHOWN
from model_build.content.synthesis.library import LANGUAGES, load
from model_build.content.synthesis.mix import mix_of, newly_broken
from model_build.content.synthesis.shift import Shift
from model_build.errors import ParametersError

COLUMNS: Final = (
    "text", "image_text", "audio_text", "image_risk", "audio_risk", *POLICIES, "language", "template_group",
)  # fmt: skip
"""The columns of the CSV, in order. A channel that is not there is an empty text."""

CHANNELS: Final[dict[str, float]] = {
    "text": 0.80,
    "image_text": 0.07,
    "audio_text": 0.05,
    "image": 0.05,
    "audio": 0.03,
}
MEDIA_GROUPS: Final = 20
"""Rows without a template are split as if each kind had this many a language."""


@dataclass(frozen=True)
class PostParameters:
    """What to generate; the same parameters give the same rows.

    Rates are shares, 0 to 1. `missed` and `raised` are the labels that are wrong: a broken policy that
    nobody marked, and a mark on a policy that is kept. `disguised` is the share of breaking texts under a
    disguise, `playful` that of the others whose letters are played with. `channels` says where the text
    that counts stands; for `image` and `audio` it is the number that counts, beside a harmless text. `shift`
    is for tests of drift detection.
    """

    rows: int = 12_000
    seed: int = 7
    languages: Mapping[str, float] = field(default_factory=lambda: {"en": 0.5, "es": 0.25, "fr": 0.25})
    channels: Mapping[str, float] = field(default_factory=lambda: dict(CHANNELS))
    missed: float = 0.03
    raised: float = 0.005
    disguised: float = 0.30
    playful: float = 0.05
    shift: Shift | None = None

    def __post_init__(self) -> None:
        if self.rows < 0 or self.seed < 0:
            raise ParametersError("rows and seed must be 0 or more")
        for name in ("missed", "raised", "disguised", "playful"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ParametersError(f"{name} is {getattr(self, name)}: it must be 0 to 1")
        if set(self.languages) - set(LANGUAGES) or not sum(self.languages.values()) > 0:
            raise ParametersError(f"languages: give shares of {', '.join(LANGUAGES)} that are not all 0")
        if set(self.channels) - set(CHANNELS) or not sum(self.channels.values()) > 0:
            raise ParametersError(f"channels: give shares of {', '.join(CHANNELS)} that are not all 0")


def generate(parameters: PostParameters) -> Iterator[dict[str, str]]:
    """The posts as rows of COLUMNS, one at a time: memory does not grow with the number of rows."""
    return (_row(parameters, number) for number in range(parameters.rows))


def write_csv(path: Path, parameters: PostParameters) -> None:
    """Write `generate(parameters)` to `path` as a UTF-8 CSV: the same parameters, the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(generate(parameters))


def _row(parameters: PostParameters, number: int) -> dict[str, str]:
    rng = random.Random(f"{parameters.seed}/{number}")
    mix = mix_of(parameters.languages, parameters.playful, parameters.shift, number)
    language = _draw(mix.languages, rng)
    kind = _draw(parameters.channels, rng)
    row = dict.fromkeys(COLUMNS, "")
    if kind in SHOWN:
        template = f"{language}.{kind}.{number % MEDIA_GROUPS:02d}"
        broken = _shown(row, kind, language, mix.risky, rng)
    else:
        group = _draw(mix.groups, rng)
        found = compose(load()[language], language, group, rng)
        _said(row, kind, found, language, parameters.disguised if found.policies else mix.playful, rng)
        template = found.template
        broken = found.policies | newly_broken(parameters.shift, group, number, parameters.seed)
    for policy in POLICIES:
        wrong = rng.random() < (parameters.missed if policy in broken else parameters.raised)
        row[policy] = str(int((policy in broken) != wrong))
    return {**row, "language": language, "template_group": template}


def _said(
    row: dict[str, str],
    kind: str,
    found: Text,
    language: str,
    tricked: float,
    rng: random.Random,
) -> None:
    """Put a text where it stands, with probability `tricked` in disguise; a harmless one may stand beside."""
    text = typed(found.text, rng)
    if rng.random() < tricked and kind != "audio_text":
        text = disguised(text, HIDING if found.policies else PLAYING, rng)
    if kind == "audio_text":
        text = spoken(text)
    row[kind] = text
    if kind != "text" and rng.random() < 0.6:
        row["text"] = typed(harmless(load()[language], rng), rng)
    if kind == "image_text" and rng.random() < 0.5:
        row["image_risk"] = _risk(rng, risky=False)


def _shown(row: dict[str, str], kind: str, language: str, share: float, rng: random.Random) -> frozenset[str]:
    """Put the number of a picture or a sound, perhaps beside a harmless text; which policies it breaks."""
    risky = rng.random() < share
    row[f"{kind}_risk"] = _risk(rng, risky=risky)
    if rng.random() < 0.6:
        row["text"] = typed(harmless(load()[language], rng), rng)
    return frozenset(SHOWN[kind]) if risky else frozenset()


def _risk(rng: random.Random, *, risky: bool) -> str:
    odds = rng.gauss(3.0, 1.5) if risky else rng.gauss(-4.0, 1.5)
    return f"{1 / (1 + math.exp(-odds)):.4f}"


def _draw(shares: Mapping[str, float], rng: random.Random) -> str:
    return rng.choices(list(shares), weights=list(shares.values()))[0]


def main() -> None:
    """Write a CSV."""
    parser = argparse.ArgumentParser(description="Write synthetic posts.")
    parser.add_argument("--rows", type=int, default=12_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    write_csv(given.out, PostParameters(rows=given.rows, seed=given.seed))


if __name__ == "__main__":
    main()
