"""What is asked of the review queue and what it answers. The page and the OpenAPI document are made to it.

Times are UTC, ISO 8601. Who asks is never in a body: it comes from the verified token.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

Kind = Literal["review", "sample", "second", "appeal"]
State = Literal["open", "claimed", "escalated", "settled"]
Ruling = Literal["uphold", "overturn"]

MOST_NOTE = 2_000
MOST_LISTED = 100

Note = Annotated[
    str, msgspec.Meta(max_length=MOST_NOTE, description="In the person's own words; kept in the audit log.")
]
Severity = Annotated[
    int, msgspec.Meta(ge=0, le=9, description="0 to 9; the most severe are handed out first.")
]
Interval = Annotated[list[float], msgspec.Meta(min_length=2, max_length=2)]
Email = Annotated[str, msgspec.Meta(min_length=3, max_length=128)]


class ReviewSummary(msgspec.Struct, kw_only=True):
    """One item of the queue, without what it is about."""

    id: Annotated[
        str, msgspec.Meta(description="Names the item; not the decision's id for a second or an appeal.")
    ]
    decision_id: str
    service: str
    kind: Annotated[
        Kind,
        msgspec.Meta(
            description="review: the model was not sure; sample: it was, and is checked; second: another "
            "person's opinion; appeal: somebody objects."
        ),
    ]
    state: Annotated[
        State,
        msgspec.Meta(
            description="open; claimed by somebody until claim_until, and open again after; escalated: waits "
            "for a lead; settled."
        ),
    ]
    severity: Severity
    escalated: Annotated[bool, msgspec.Meta(description="True when only a lead may settle it.")]
    created_at: str
    held_by: Annotated[str | None, msgspec.Meta(description="Who has claimed it.")] = None
    claim_until: str | None = None
    settled_at: str | None = None
    mine: Annotated[bool, msgspec.Meta(description="True when it is claimed by the one who asks.")] = False


class ReviewList(msgspec.Struct):
    """Items in the order in which they are handed out; settled ones newest first."""

    reviews: list[ReviewSummary]
    cursor: Annotated[str | None, msgspec.Meta(description="Send it back for what follows; null at the end.")]


class MediaLink(msgspec.Struct):
    """A picture or a sound of the item. The link works for minutes, without a sign-in: never keep it."""

    name: Annotated[
        str, msgspec.Meta(description="The field of `asked` it stands for, such as image or audio.")
    ]
    type: Annotated[str, msgspec.Meta(description="Its media type.")]
    bytes: int
    url: str
    expires_at: str


class Opinion(msgspec.Struct, kw_only=True):
    """What one person said."""

    by: str
    at: str
    label: Annotated[str | None, msgspec.Meta(description="null for an appeal that was upheld as it stood.")]
    ruling: Annotated[Ruling | None, msgspec.Meta(description="Of an appeal only.")] = None
    note: str = ""


class HistoryEntry(msgspec.Struct):
    """One entry of the audit log. `hash` covers all of it and the entry before."""

    seq: int
    at: str
    who: str
    action: str
    note: str
    before: dict[str, Any]
    after: dict[str, Any]
    previous_hash: str
    hash: str


class Objection(msgspec.Struct):
    """Why somebody appealed, and against what: the outcome, or the label that stood then."""

    reason: str
    by: str
    at: str
    against: str


class Review(ReviewSummary, kw_only=True):
    """One item whole. Whoever gives a second opinion is not shown the first."""

    asked: Annotated[dict[str, Any], msgspec.Meta(description="What was to be decided, as the log keeps it.")]
    answer: Annotated[dict[str, Any], msgspec.Meta(description="What the model or the rules answered.")]
    labels: Annotated[
        list[str],
        msgspec.Meta(description="What a verdict may say; empty when any word will do."),
    ]
    several: Annotated[
        bool, msgspec.Meta(description="True when a verdict may join several of `labels` by commas.")
    ]
    media: list[MediaLink]
    appeal: Objection | None
    opinions: Annotated[
        list[Opinion],
        msgspec.Meta(description="Earlier ones, for whoever settles a disagreement or an appeal."),
    ]
    verdict: Annotated[Opinion | None, msgspec.Meta(description="How it was settled.")]
    history: list[HistoryEntry]
    intact: Annotated[
        bool, msgspec.Meta(description="False when the history was changed after it was written.")
    ]


class ClaimRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which item to claim: the next one, of a service or a kind if given, or the one with the `id`.

    Claiming again what one holds already makes it last longer.
    """

    id: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    service: Annotated[str, msgspec.Meta(max_length=60)] | None = None
    kind: Kind | None = None


class ClaimResponse(msgspec.Struct):
    """The claimed item; null when there is nothing for this person now."""

    review: Review | None


class VerdictRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What the item really is: a `label`. For an appeal a `ruling` and a `note` that says why; to overturn
    also the label."""

    label: Annotated[str, msgspec.Meta(min_length=1, max_length=60)] | None = None
    ruling: Ruling | None = None
    note: Note = ""


class NoteRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Why, if there is something to say; `{}` otherwise."""

    note: Note = ""


class ActionResponse(msgspec.Struct):
    """The item as it stands after what was done."""

    review: ReviewSummary


class Agreement(msgspec.Struct):
    """How far two people agree who saw the same items of a service, each without the other's answer.

    `kappa` is Cohen's: 0 is chance, 1 is always. It and `interval` (95 %) are null where they do not exist.
    """

    service: str
    n: int
    observed: float | None
    kappa: float | None
    interval: Interval | None
    pairs: Annotated[
        dict[str, dict[str, int]], msgspec.Meta(description="How often who said first what, and second what.")
    ]


class AgreementResponse(msgspec.Struct):
    """One entry a service."""

    agreement: list[Agreement]


class Quality(msgspec.Struct):
    """What people said of a sample of the clear decisions of a service, which nobody doubted.

    `overturned` of `n` they would have decided otherwise; `interval` is Wilson's, 95 %.
    """

    service: str
    n: int
    overturned: int
    share: float | None
    interval: Interval | None


class QualityResponse(msgspec.Struct):
    """One entry a service."""

    quality: list[Quality]


class AppealRequest(msgspec.Struct, forbid_unknown_fields=True):
    """An objection to a decision."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=MOST_NOTE)]
    by: Annotated[str, msgspec.Meta(min_length=1, max_length=128, description="Who objects.")]


class AppealResponse(msgspec.Struct, kw_only=True):
    """The newest appeal against a decision. `ruling`, `why` and `label` are null until it is settled."""

    decision_id: str
    service: str
    state: Literal["open", "settled"]
    reason: str
    by: str
    at: str
    ruling: Ruling | None = None
    why: str | None = None
    label: str | None = None
    settled_at: str | None = None


class SignInRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One step of signing in, one of:

    `email` and `password`; `email`, `session` and `new_password` when a first password must be changed;
    `email`, `session` and `code` of an authenticator app; `refresh_token` for new tokens.
    """

    email: Email | None = None
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=256)] | None = None
    new_password: Annotated[str, msgspec.Meta(min_length=1, max_length=256)] | None = None
    code: Annotated[str, msgspec.Meta(min_length=6, max_length=6)] | None = None
    session: Annotated[str, msgspec.Meta(min_length=1, max_length=4096)] | None = None
    refresh_token: Annotated[str, msgspec.Meta(min_length=1, max_length=4096)] | None = None


class SignInResponse(msgspec.Struct, kw_only=True):
    """Tokens, or the `challenge` to answer next together with `session`.

    Send `id_token` as `Authorization: Bearer <id_token>`. A refresh gives no new `refresh_token`: keep yours.
    """

    challenge: Literal["new_password", "code"] | None = None
    session: str | None = None
    id_token: str | None = None
    refresh_token: str | None = None
    expires_in: Annotated[int | None, msgspec.Meta(description="Seconds the id_token works for.")] = None
