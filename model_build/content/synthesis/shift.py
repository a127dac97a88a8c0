"""A change of the population at a known row, so that drift detection can be tested against the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from lambdas.content.policies import POLICIES
from model_build.content.synthesis.groups import BREAKING, GROUPS
from model_build.errors import ParametersError

Kind = Literal["covariate", "prior", "concept"]

LANGUAGES_AFTER: Final = {"en": 0.2, "es": 0.3, "fr": 0.5}
"""The languages that a covariate shift of strength 1 leads to."""

TOPICS_AFTER: Final = {"gaming": 0.2, "sports": 0.15, "banter": 0.1, "news": 0.05}
"""The harmless topics that it adds at strength 1: the words of games and matches, which kill and beat. The
others share what is left, so that as many posts break something as before."""

PLAYFUL_AFTER: Final = 0.3
"""The share of harmless texts whose letters are played with, after it."""

PRIOR_AFTER: Final = {"insults": 0.14, "hostility": 0.06, "threats": 0.16, "sexual": 0.05, "violence": 0.09}
"""The shares of posts that break something after a prior shift of strength 1: a wave, of threats most."""

RISKY_AFTER: Final = 0.75
"""The share of pictures and sounds that break something, after it."""


@dataclass(frozen=True)
class Shift:
    """What changes from row `at` on, and how much: `strength` 0 changes nothing, 1 everything. Posts have no
    time, so their number says when.

    - covariate: other languages, harmless posts on other topics, more play with letters; as many posts break
      something, and what does is the same.
    - prior: twice as many posts break something, of them more threats; what each looks like stays.
    - concept: posts of `groups` break `to`, which nobody minded before; the texts stay as they were.
    """

    kind: Kind
    at: int
    strength: float = 1.0
    groups: tuple[str, ...] = ("banter", "quoted")
    to: str = "toxicity"

    def __post_init__(self) -> None:
        if self.kind not in ("covariate", "prior", "concept"):
            raise ParametersError(f"shift: there is no kind '{self.kind}': use covariate, prior or concept")
        if not 0.0 <= self.strength <= 1.0:
            raise ParametersError(f"shift: strength is {self.strength}: it must be 0 to 1")
        if self.at < 0:
            raise ParametersError(f"shift: 'at' is {self.at}: it is the number of a row, 0 or more")
        if not set(self.groups) <= set(GROUPS) or self.to not in POLICIES:
            known = ", ".join(GROUPS)
            raise ParametersError(f"shift: `to` must be a policy and each of `groups` one of {known}")

    def strength_of(self, kind: Kind, row: int) -> float:
        """How strongly the posts have changed in this way at `row`: 0 before and for other kinds."""
        return self.strength if kind == self.kind and row >= self.at else 0.0


def topics_after() -> dict[str, float]:
    """The shares of all groups that a covariate shift of strength 1 leads to."""
    harmless = {name: group.share for name, group in GROUPS.items() if name not in BREAKING}
    left = sum(harmless.values()) - sum(TOPICS_AFTER.values())
    return {
        name: TOPICS_AFTER.get(name, 0.0) + group.share * left / sum(harmless.values())
        if name in harmless
        else group.share
        for name, group in GROUPS.items()
    }


def breaking_after() -> dict[str, float]:
    """The shares of all groups that a prior shift of strength 1 leads to."""
    harmless = sum(group.share for name, group in GROUPS.items() if name not in BREAKING)
    left = 1.0 - sum(PRIOR_AFTER.values())
    return {
        name: PRIOR_AFTER[name] if name in PRIOR_AFTER else group.share * left / harmless
        for name, group in GROUPS.items()
    }
