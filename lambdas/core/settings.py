"""A function's environment as a typed object, validated once at start."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec

from lambdas.core.errors import SettingsError

S = TypeVar("S", bound=msgspec.Struct)


class DecisionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a decision function needs. Field names in capitals are the variables' names.

    `review_sample` is the share of the clear decisions, 0 to 1, that people look at all the same; which they
    are hangs on `sample_key`, which no caller knows.
    """

    artifacts_bucket: str
    decisions_table: str
    rollout_refresh_seconds: float = 10.0
    decision_ttl_days: int = 30
    review_sample: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 0.01
    sample_key: str = ""
    model_cache_dir: Path = Path("/tmp/models")  # noqa: S108 - Lambda's only writable folder


class CatalogSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the catalog function needs; `services` is a comma-separated list."""

    artifacts_bucket: str
    services: str


class LabelSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the labels function needs."""

    artifacts_bucket: str
    decisions_table: str
    label_queue_url: str


class LearningSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the learner needs; it tries a new meta-model each time so many labels have come."""

    artifacts_bucket: str
    decisions_table: str
    learn_after_labels: int = 200


class FairnessSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the fairness monitor needs.

    It reads at `fairness_read_units` of the log's 5, for `fairness_seconds` and `fairness_items` at most.
    Rates need `fairness_least_rows`; people are told of gaps beyond doubt above the two last.
    """

    artifacts_bucket: str
    decisions_table: str
    alert_topic_arn: str
    fairness_read_units: Annotated[float, msgspec.Meta(gt=0.0)] = 2.5
    fairness_seconds: float = 240.0
    fairness_items: int = 20_000
    fairness_least_rows: Annotated[int, msgspec.Meta(ge=2)] = 50
    fairness_error_gap: float = 0.1
    fairness_selection_gap: float = 0.3


class StreamSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a stream's function needs beside a decision function's settings."""

    dead_letter_queue_url: str


def load(kind: type[S], environ: Mapping[str, str] | None = None) -> S:
    """`kind` filled from `environ` (the process's own by default); SettingsError names what is wrong."""
    environ = os.environ if environ is None else environ
    given = {
        field.name: environ[field.name.upper()]
        for field in msgspec.structs.fields(kind)
        if environ.get(field.name.upper())
    }
    missing = [
        field.name.upper()
        for field in msgspec.structs.fields(kind)
        if field.required and field.name not in given
    ]
    if missing:
        raise SettingsError(f"set the environment variable {' and '.join(missing)}")
    try:
        return msgspec.convert(given, kind, strict=False, dec_hook=_from_text)
    except msgspec.ValidationError as error:
        raise SettingsError(f"environment: {error}".replace("$.", "").upper()) from error


def _from_text(kind: type, value: object) -> object:
    if kind is Path:
        return Path(str(value))
    raise NotImplementedError(f"settings of type {kind}")
