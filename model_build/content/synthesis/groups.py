"""What posts are about: which share of them, and which policies they break."""

from __future__ import annotations

from typing import Final, NamedTuple


class Group(NamedTuple):
    """A kind of post: `share` of all of them before channels are drawn, and the policies that it breaks."""

    share: float
    policies: tuple[str, ...] = ()


GROUPS: Final[dict[str, Group]] = {
    "everyday": Group(0.22),
    "complaint": Group(0.07),
    "gaming": Group(0.05),
    "sports": Group(0.04),
    "medical": Group(0.04),
    "kitchen": Group(0.03),
    "news": Group(0.04),
    "quoted": Group(0.05),
    "negated": Group(0.05),
    "banter": Group(0.03),
    "identity": Group(0.09),
    "dating": Group(0.03),
    "insults": Group(0.10, ("toxicity",)),
    "hostility": Group(0.03, ("toxicity",)),
    "threats": Group(0.05, ("threat",)),
    "sexual": Group(0.04, ("sexual",)),
    "violence": Group(0.04, ("violence",)),
}
"""All but the first two of those that break nothing are hard: they use the words of those that do."""

BREAKING: Final = tuple(name for name, group in GROUPS.items() if group.policies)
EASY: Final = ("everyday", "complaint")

SHOWN: Final[dict[str, tuple[str, ...]]] = {"image": ("sexual", "violence"), "audio": ("threat", "violence")}
"""Which policies a risky picture or sound breaks here: all of those that its one number speaks of."""
