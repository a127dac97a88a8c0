"""Routes for people who have signed in, of services whose other callers are programs."""

from __future__ import annotations

from collections.abc import Callable

from lambdas.core.errors import Forbidden
from lambdas.core.http import Asked


def for_reviewers(call: Callable[[Asked], object]) -> Callable[[Asked], object]:
    """`call`, for whoever is in a group of the user pool.

    API Gateway has verified the token; whoever was taken out of every group may keep one for an hour, and
    gets Forbidden.
    """

    def answer(asked: Asked) -> object:
        if not asked.who.get("cognito:groups", "").strip("[] "):
            raise Forbidden("you are in none of the reviewers' groups")
        return call(asked)

    return answer
