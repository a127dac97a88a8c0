"""What the label columns of a CSV of posts mean.

Three ways: a column a policy, each saying yes or no; one column that says yes or no, which is toxicity
unless the column is called like another policy; one column with "ok" or the broken policies, commas
between.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lambdas.content.policies import OK, POLICIES
from model_build.dataset import Binary
from model_build.errors import ParametersError

NAMES: Final[dict[str, tuple[str, ...]]] = {
    "toxicity": ("toxicity", "toxic", "is_toxic"),
    "threat": ("threat", "threats", "is_threat"),
    "sexual": ("sexual", "sexual_explicit", "nsfw", "is_sexual"),
    "violence": ("violence", "violent", "is_violent"),
}
"""What columns of a policy are called."""
YES: Final = frozenset({"1", "true", "yes", "y", "t"})
NO: Final = frozenset(
    {
        "0",
        "false",
        "no",
        "n",
        "f",
        OK,
        "none",
        "safe",
        "clean",
        "neutral",
        "not toxic",
        "non-toxic",
        "not_toxic",
    }
)
UNNAMED: Final = "toxicity"


def binaries(labels: Sequence[str], positive: Sequence[str]) -> list[Binary]:
    """The policies that the columns `labels` say yes or no to, in the order of POLICIES.

    `positive` are the user's words for yes; every other word then means no. Raises ParametersError for
    several columns of which one is called like no policy, or two like the same.
    """
    own = frozenset(word.strip().casefold() for word in positive)
    if len(labels) == 1:
        return _one(labels[0], own)
    found: dict[str, str] = {}
    for column in labels:
        policy = policy_of(column)
        if policy is None or policy in found:
            also = f"like '{found[policy]}'" if policy in found else "like none of them"
            raise ParametersError(
                f"label: of several columns each is called like a policy ({', '.join(POLICIES)}), "
                f"'{column}' is {also}: rename it, or name one column"
            )
        found[policy] = column
    return [_plain(policy, found[policy], own) for policy in POLICIES if policy in found]


def policy_of(column: str) -> str | None:
    """The policy that a column is called like."""
    plain = column.strip().casefold().replace(" ", "_").replace("-", "_")
    return next((policy for policy, names in NAMES.items() if plain in names), None)


def _one(column: str, own: frozenset[str]) -> list[Binary]:
    named = policy_of(column)
    if own or named is not None:
        return [_plain(named or UNNAMED, column, own)]
    everything = NO | YES.union(*NAMES.values())
    return [
        Binary(policy, OK, policy, _words(policy), everything - _words(policy), column, listed=True)
        for policy in POLICIES
    ]


def _words(policy: str) -> frozenset[str]:
    names = frozenset(NAMES[policy])
    return names | YES if policy == UNNAMED else names


def _plain(policy: str, column: str, own: frozenset[str]) -> Binary:
    """Yes or no, and the policies' own names: a column may say "toxic" where another says 1."""
    if own:
        return Binary(policy, OK, policy, own, frozenset(), column)
    return Binary(policy, OK, policy, YES | frozenset(NAMES[policy]), NO, column)
