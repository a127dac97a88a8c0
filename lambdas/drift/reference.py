"""reference.json as the drift job reads it: the training distribution, in bins. See docs/contracts.md."""

from __future__ import annotations

from typing import Final

import msgspec

from lambdas.core.errors import BundleError

FORMAT: Final = 1
CONFIDENCE_BINS: Final = 20


class Distribution(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a number is distributed.

    `counts[k]` counts `values[k]` where there are few different ones; otherwise the numbers between
    `edges[k - 1]` and `edges[k]`, the first and last bin open, the upper edge excluded.

    `missing` is a share of all rows. `effective` is how many independent rows the counts are worth, since the
    rows of one customer are alike; 0 where training did not say: as many as were counted.
    """

    missing: float
    mean: float
    std: float
    least: float
    most: float
    counts: list[int]
    values: list[float] = []
    edges: list[float] = []
    effective: int = 0


class HeadReference(msgspec.Struct, frozen=True):
    """A head on the test split: the shares of the winning classes, and their confidence in 20 bins."""

    classes: list[str]
    predicted: list[float]
    confidence: list[int]


class Decided(msgspec.Struct, frozen=True):
    """What the policy did with the test split's rows: counts by outcome, and how many were for people.

    By confidence in 20 bins: all rows, those of which the outcome claims what they are, and those of these
    that it was right of.
    """

    rows: int
    outcomes: dict[str, int]
    review: int
    confidence: list[int]
    claimed: list[int]
    right: list[int]


class Reference(msgspec.Struct, frozen=True):
    """The whole file.

    `calendar` are the features that the date alone decides, `moving` those that had moved on their own
    between the older and the newer rows of the training data, as the age of a card does.
    """

    format: int
    rows: int
    features: dict[str, Distribution]
    text: dict[str, Distribution] = {}
    languages: dict[str, float] = {}
    heads: dict[str, HeadReference] = {}
    decisions: Decided | None = None
    calendar: list[str] = []
    moving: list[str] = []


def decode_reference(data: bytes, version: str) -> Reference:
    """Raises BundleError saying what is wrong with it."""
    try:
        found = msgspec.json.decode(data, type=Reference)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BundleError(f"bundle {version}: reference.json cannot be read: {error}") from error
    if found.format != FORMAT:
        raise BundleError(
            f"bundle {version}: reference.json has format {found.format}, this code reads {FORMAT}"
        )
    return found
