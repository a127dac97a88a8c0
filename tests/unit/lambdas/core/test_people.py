"""Routes for people who have signed in."""

from __future__ import annotations

import pytest

from lambdas.core.errors import Forbidden
from lambdas.core.http import Asked
from lambdas.core.people import for_reviewers


def asked(**who: str) -> Asked:
    return Asked(None, {}, {}, {}, who=who)


@pytest.mark.parametrize("groups", ["[leads reviewers]", "reviewers", "leads,reviewers"])
def test_whoever_is_in_a_group_is_answered(groups: str) -> None:
    assert for_reviewers(lambda _: "told")(asked(**{"cognito:groups": groups})) == "told"


@pytest.mark.parametrize(
    "who",
    [
        {},
        {"cognito:groups": ""},
        {"cognito:groups": "[]"},
        {"email": "ana@example.com"},
        {"cognito:groups": "[guests us-east-1_x.Google]"},
    ],
)
def test_whoever_is_in_none_is_not(who: dict[str, str]) -> None:
    with pytest.raises(Forbidden):
        for_reviewers(lambda _: "told")(asked(**who))
