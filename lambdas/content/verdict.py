"""From each policy's probability to allow, review or remove."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from lambdas.content.policies import OK, POLICIES
from lambdas.core.bundle import Head
from lambdas.core.errors import BundleError

Outcome = Literal["allow", "review", "remove"]
OUTCOMES: Final[tuple[Outcome, ...]] = ("allow", "review", "remove")
"""From the mildest to the hardest; `outcomes` gives places in it."""


class Bounds(NamedTuple):
    """People look from the probability `review` on; the post is removed from `remove` on."""

    review: float
    remove: float


class Verdict(NamedTuple):
    """What is done, the `policies` that it is done for (most likely first), how sure that is, and why people
    look."""

    outcome: Outcome
    policies: list[str]
    confidence: float
    reasons: list[str]


def bounds_of(heads: Sequence[Head]) -> dict[str, Bounds]:
    """The bounds that training chose, by policy in the order of POLICIES.

    A head's thresholds are {"ok": 1 - review, policy: remove}. Raises BundleError when a policy has no head,
    or a head other classes.
    """
    by_name = {head.name: head for head in heads}
    found: dict[str, Bounds] = {}
    for policy in POLICIES:
        head = by_name.get(policy)
        if head is None or head.classes != [OK, policy]:
            raise BundleError(f"the bundle has no head '{policy}' with classes {[OK, policy]}")
        remove = head.thresholds.get(policy, 1.0)
        found[policy] = Bounds(min(1.0 - head.thresholds.get(OK, 1.0), remove), remove)
    return found


def silent(signals: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.bool_]:
    """Which policies no channel says anything of, [posts, policies], from [posts, policies, channels]."""
    return np.asarray(np.isnan(signals).all(axis=2))


def outcomes(
    bounds: Mapping[str, Bounds],
    probabilities: npt.NDArray[np.floating[Any]],
    unsaid: npt.NDArray[np.bool_],
) -> npt.NDArray[np.int64]:
    """The place in OUTCOMES of each post, [posts], from probabilities and silence [posts, policies], in the
    order of `bounds`. This is the rule of `judge` for posts that could be read; training measures with it."""
    review = np.array([each.review for each in bounds.values()])
    remove = np.array([each.remove for each in bounds.values()])
    removed = ((probabilities >= remove) & ~unsaid).any(axis=1)
    reviewed = ((probabilities >= review) & ~unsaid).any(axis=1) | unsaid.all(axis=1)
    return np.where(removed, 2, np.where(reviewed, 1, 0)).astype(np.int64)


def judge(
    bounds: Mapping[str, Bounds],
    probabilities: Mapping[str, float],
    *,
    unsaid: Collection[str] = (),
    unreadable: Mapping[str, str] | None = None,
    pending: Sequence[str] = (),
) -> Verdict:
    """The verdict on one post.

    `unsaid` are the policies that no channel says anything of: their probability is what is usual, and
    decides nothing, but a post that is silent on all of them goes to people. `unreadable` maps a modality
    that could not be read to the reason, `pending` names those that are still being looked at: what is known
    may be enough to remove the post, never to allow it.
    """
    ranked = sorted((each for each in bounds if each not in unsaid), key=lambda each: -probabilities[each])
    removed = [policy for policy in ranked if probabilities[policy] >= bounds[policy].remove]
    if removed:
        return Verdict("remove", removed, min(probabilities[removed[0]], 1.0), [])
    doubted = [policy for policy in ranked if probabilities[policy] >= bounds[policy].review]
    reasons = [_doubt(policy, probabilities[policy], bounds[policy]) for policy in doubted]
    reasons += [f"{name}: could not be read: {why}" for name, why in (unreadable or {}).items()]
    reasons += [f"{name}: not looked at yet" for name in pending]
    if not ranked and not reasons:
        reasons.append("nothing in the post could be judged by a model")
    highest = max(probabilities[policy] for policy in ranked or bounds)
    if reasons:
        return Verdict("review", doubted, min(max(highest, 1.0 - highest), 1.0), reasons)
    return Verdict("allow", [], min(1.0 - highest, 1.0), [])


def _doubt(policy: str, probability: float, bounds: Bounds) -> str:
    upper = f"removed from {bounds.remove:.3f}" if bounds.remove <= 1.0 else "never removed without a person"
    return f"{policy}: probability {probability:.3f}; reviewed from {bounds.review:.3f}, {upper}"
