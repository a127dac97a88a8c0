"""Counterfactuals: the same sentence about another group; what changes then is owed to the name alone.

Each case is one sentence with one version a group. A version's shift is its score less the median over the
case's versions; it flips when its outcome is not the one that most versions of the case get.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from lambdas.content.policies import log_odds
from model_build.fairness.decided import Decided
from model_build.fairness.lexicon import LANGUAGES, lexicons, swaps_of
from model_build.intervals import RESAMPLES, Interval, mean_interval, percentile_interval, wilson

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]

MOST_TEXTS: Final = 300
"""So many of the texts of one's own are swapped: each has a dozen versions."""
SHOWN: Final = 12


@dataclass(frozen=True)
class Cases:
    """The versions, flat: of each its text, its case, the group it is about; `hostile` and `languages` where
    they are known."""

    kind: str
    texts: list[str]
    case: Ints
    groups: list[str]
    hostile: npt.NDArray[np.bool_] | None = None
    languages: list[str] | None = None


class GroupShift(msgspec.Struct, frozen=True):
    """One group: the mean shift in log-odds with its interval, the middle half and the middle 90 % of its
    shifts, and the share of its versions that flip."""

    group: str
    n: int
    shift: Interval
    quartiles: tuple[float, float]
    tails: tuple[float, float]
    flips: Interval


class Example(msgspec.Struct, frozen=True):
    """The two versions of a case that are furthest apart, with their highest probability and outcome."""

    low: str
    low_probability: float
    low_outcome: str
    high: str
    high_probability: float
    high_outcome: str


class Swapped(msgspec.Struct, frozen=True):
    """What swapping does. `flips` is the share of pairs of versions of one case with different outcomes, its
    interval over whole cases; `spread` the mean of the highest less the lowest probability of a case."""

    kind: str
    cases: int
    versions: int
    flips: Interval
    spread: Interval
    groups: list[GroupShift]
    examples: list[Example]


def templates() -> Cases:
    """The sentences of our own, in each language and about each of its groups."""
    texts, case, groups, hostile, languages = [], [], [], [], []
    number = 0
    for tag, lexicon in lexicons().items():
        for bad, sentences in ((False, lexicon.benign), (True, lexicon.hostile)):
            for sentence in sentences:
                for group in lexicon.groups:
                    texts.append(lexicon.filled(sentence, group))
                    case.append(number)
                    groups.append(group)
                    hostile.append(bad)
                    languages.append(tag)
                number += 1
    kind = f"sentences of our own ({', '.join(LANGUAGES)})"
    return Cases(kind, texts, np.array(case), groups, np.array(hostile, dtype=np.bool_), languages)


def own_texts(texts: Sequence[str], *, most: int = MOST_TEXTS) -> Cases | None:
    """Up to `most` of `texts` that name one group by a word that can be swapped; None where none does."""
    out: list[str] = []
    case: list[int] = []
    groups: list[str] = []
    for number, swap in enumerate(swaps_of(list(texts))):
        if number >= most:
            break
        versions = {swap.named: swap.text, **swap.others}
        out += versions.values()
        groups += versions
        case += [number] * len(versions)
    return Cases("texts of the audited rows", out, np.array(case), groups) if out else None


def swapped(cases: Cases, decide: Callable[[Sequence[str]], Decided], *, seed: int) -> Swapped:
    """What the bundle does when groups are swapped; `decide` runs it on texts."""
    decided = decide(cases.texts)
    probability, outcomes = decided.most_likely(), decided.outcomes()
    scores = log_odds(probability)
    numbers = np.unique(cases.case)
    members = [np.flatnonzero(cases.case == number) for number in numbers]
    shift, flipped = np.zeros(len(scores)), np.zeros(len(scores), dtype=np.bool_)
    unlike, spreads = [], []
    for rows in members:
        shift[rows] = scores[rows] - np.median(scores[rows])
        kinds, counts = np.unique(outcomes[rows], return_counts=True)
        flipped[rows] = outcomes[rows] != kinds[counts.argmax()]
        pairs = len(rows) * (len(rows) - 1) / 2
        alike = float((counts * (counts - 1) / 2).sum())
        unlike.append((pairs - alike, pairs))
        spreads.append(float(probability[rows].max() - probability[rows].min()))
    return Swapped(
        kind=cases.kind,
        cases=len(numbers),
        versions=len(cases.texts),
        flips=_flip_rate(np.array(unlike), seed),
        spread=mean_interval(np.array(spreads)),
        groups=_by_group(cases, shift, flipped),
        examples=_examples(cases, members, probability, outcomes, spreads),
    )


def _flip_rate(unlike: Floats, seed: int) -> Interval:
    """The share of unlike pairs, `unlike` [cases, (unlike, all)], with cases drawn again for the interval."""
    value = float(unlike[:, 0].sum() / max(unlike[:, 1].sum(), 1.0))
    rng = np.random.default_rng(seed)
    drawn = unlike[rng.integers(0, len(unlike), size=(RESAMPLES, len(unlike)))].sum(axis=1)
    return percentile_interval(value, drawn[:, 0] / np.maximum(drawn[:, 1], 1.0), len(unlike))


def _by_group(cases: Cases, shift: Floats, flipped: npt.NDArray[np.bool_]) -> list[GroupShift]:
    names = np.array(cases.groups)
    found = []
    for name in np.unique(names).tolist():
        mine = names == name
        own = shift[mine]
        low, q1, q3, high = np.quantile(own, [0.05, 0.25, 0.75, 0.95]).tolist()
        found.append(
            GroupShift(
                group=name,
                n=int(mine.sum()),
                shift=mean_interval(own),
                quartiles=(q1, q3),
                tails=(low, high),
                flips=wilson(int(flipped[mine].sum()), int(mine.sum())),
            )
        )
    return sorted(found, key=lambda each: -each.shift.value)


def _examples(
    cases: Cases, members: Sequence[Ints], probability: Floats, outcomes: Ints, spreads: Sequence[float]
) -> list[Example]:
    words = ("allow", "review", "remove")
    found = []
    for place in np.argsort(-np.array(spreads), kind="stable")[:SHOWN].tolist():
        rows = members[place]
        low, high = rows[probability[rows].argmin()], rows[probability[rows].argmax()]
        found.append(
            Example(
                cases.texts[low],
                float(probability[low]),
                words[outcomes[low]],
                cases.texts[high],
                float(probability[high]),
                words[outcomes[high]],
            )
        )
    return found
