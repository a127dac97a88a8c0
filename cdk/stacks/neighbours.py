"""What the functions of a stack have around them, the same in every stack that has functions."""

from __future__ import annotations

from constructs import Construct

from cdk.constructs.artifacts_bucket import artifacts_bucket
from cdk.constructs.decision_function import Neighbours
from cdk.constructs.function_code import ImagePackaging, ZipPackaging
from cdk.constructs.uploads_bucket import uploads_seen_from
from cdk.local_differences import Target
from cdk.stacks.state import StateStack


def neighbours(scope: Construct, target: Target, state: StateStack) -> Neighbours:
    """The code, the buckets and the tables, as seen from the stack `scope`."""
    return Neighbours(
        ZipPackaging() if target.functions_as_zip else ImagePackaging(scope),
        artifacts_bucket(scope),
        state.decisions,
        state.store,
        uploads_seen_from(scope),
    )
