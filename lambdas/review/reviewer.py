"""Who asks: taken from the claims of the verified token, and from nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from lambdas.core.errors import Forbidden, Unauthorized
from lambdas.core.people import LEADS, REVIEWERS, groups_of


class Reviewer(NamedTuple):
    """A person who has signed in; `name` is the address, `lead` whether escalated items are theirs."""

    name: str
    lead: bool = False


def reviewer_of(claims: Mapping[str, str], client: str) -> Reviewer:
    """The person whom `claims` are of, which API Gateway has verified; `client` is the app client's id.

    Raises Unauthorized for a token that is not an id token of the client, Forbidden for a person in no group.
    """
    name = claims.get("email", "")
    if claims.get("token_use") != "id" or claims.get("aud") != client or not name:
        raise Unauthorized("send the id_token of POST /v1/reviewers:signIn")
    groups = groups_of(claims)
    if LEADS not in groups and REVIEWERS not in groups:
        raise Forbidden(f"{name} is in none of the groups {REVIEWERS} and {LEADS}")
    return Reviewer(name, LEADS in groups)
