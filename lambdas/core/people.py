"""Routes for people who have signed in, of services whose other callers are programs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from lambdas.core.errors import Forbidden
from lambdas.core.http import Asked

REVIEWERS: Final = "reviewers"
LEADS: Final = "leads"

_WORDS = re.compile(r"[\w.-]+")


def groups_of(claims: Mapping[str, str]) -> list[str]:
    """The groups in the claims of a token: API Gateway makes one text of them, "[leads reviewers]" or
    "leads,reviewers".
    """
    return _WORDS.findall(claims.get("cognito:groups", ""))


def for_reviewers(call: Callable[[Asked], object]) -> Callable[[Asked], object]:
    """`call`, for whoever is a reviewer or a lead.

    API Gateway has verified the token. Whoever is in neither group gets Forbidden.
    """

    def answer(asked: Asked) -> object:
        if not {REVIEWERS, LEADS} & set(groups_of(asked.who)):
            raise Forbidden("you are in none of the reviewers' groups")
        return call(asked)

    return answer
