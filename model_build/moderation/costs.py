"""The section `costs` of the parameters: how sure a removal must be, and how much must be seen by people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from lambdas.content.policies import POLICIES, Severity
from model_build.errors import ParametersError

Share = Annotated[float, msgspec.Meta(gt=0.0, lt=1.0)]


class PolicyRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked of one policy.

    remove_precision: of what is removed without a person, at least this share must break the policy, and
    with 95 % confidence not five points less. review_recall: of what breaks it, at least this share must be
    removed or seen by a person. unlabelled_review: from which probability people look where the data has no
    labels of the policy; nothing is removed then.
    """

    severity: Severity = "medium"
    remove_precision: Share = 0.95
    review_recall: Share = 0.95
    unlabelled_review: Share = 0.5


class ModerationCosts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`least_removals`: a removal bound needs so many rows at or above it on the calibrate split."""

    policies: dict[str, PolicyRule] = {}
    least_removals: Annotated[int, msgspec.Meta(ge=1)] = 30

    def of(self, policy: str) -> PolicyRule:
        """What is asked of `policy`."""
        return self.policies.get(policy, PolicyRule())

    def severities(self) -> dict[str, Severity]:
        """How severe each policy is."""
        return {policy: self.of(policy).severity for policy in POLICIES}


def decode_costs(raw: Mapping[str, Any]) -> ModerationCosts:
    """The section `costs` as ModerationCosts; raises ParametersError naming the key."""
    try:
        found = msgspec.convert(dict(raw), ModerationCosts)
    except msgspec.ValidationError as error:
        raise ParametersError(f"costs: {error}") from error
    strange = sorted(set(found.policies) - set(POLICIES))
    if strange:
        raise ParametersError(f"costs: there is no policy '{strange[0]}': choose among {', '.join(POLICIES)}")
    return found
