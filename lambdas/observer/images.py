"""From an item of the decision log, as its stream brings it, to an observation."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, NamedTuple

import msgspec

from lambdas.core.decision_log import Compared
from lambdas.observations.record import Features, Observation, Other, entity_hash

Image = Mapping[str, Mapping[str, Any]]


class Reader(NamedTuple):
    """A service's `observed.py`: what its features are called, and what reads them of the logged JSON."""

    names: tuple[str, ...] = ()
    read: Callable[[bytes, bytes], Features] | None = None


def reader_of(service: str) -> Reader:
    """The reader of `service`; an empty one when it has no `observed.py`: it is observed all the same."""
    name = f"lambdas.{service}.observed"
    try:
        module = import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not name.startswith(error.name):
            raise
        return Reader()
    return Reader(tuple(module.NAMES), module.observed)


def observation_of(image: Image, features: Features) -> Observation:
    """The observation of a log item. Raises KeyError, ValueError, msgspec.DecodeError for what is none."""
    service, variant = image["service"]["S"], image["variant"]["S"]
    assigned, answered = _word(image, "assigned_version"), _word(image, "version")
    return Observation(
        id=image["id"]["S"],
        at=image["at"]["S"],
        outcome=image["outcome"]["S"],
        review=image["review"]["BOOL"],
        confidence=float(image["confidence"]["N"]),
        # What was logged by an earlier release says who answered only.
        assigned=_word(image, "assigned") or ("challenger" if variant == "challenger" else "champion"),
        variant=variant,
        version=assigned or answered,
        source=image["source"]["S"],
        ms=float(image["ms"]["N"]) if "ms" in image else None,
        entity=entity_hash(service, image["entity"]["S"]) if "entity" in image else None,
        severity=int(image["severity"]["N"]) if "severity" in image else 3,
        features=[None if math.isnan(value) else float(f"{value:.7g}") for value in features.values],
        segments=features.segments,
        other=_other(image["other"]["S"]) if "other" in image else None,
        label=_word(image, "label"),
        labelled_at=_word(image, "label_at"),
        pending="pending" in image,
        stand_in=answered if assigned and answered != assigned else None,
    )


def _word(image: Image, name: str) -> str | None:
    return str(image[name]["S"]) if name in image else None


def _other(raw: str) -> Other:
    said = msgspec.json.decode(raw, type=Compared)
    return Other(said.version, said.outcome, said.review, said.confidence, said.ms)
