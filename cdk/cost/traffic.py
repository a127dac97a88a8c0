"""What is assumed of a month: how many decisions of which service, and what comes with them."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec

from cdk.cost.errors import CostError

Amount = Annotated[float, msgspec.Meta(ge=0.0)]
Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
HOURS = 730.0
"""Of a month, as AWS's calculator has it."""
SECONDS = HOURS * 3600
IN_MAKE = {"image_mb": "IMAGE_MB", "audio_seconds": "AUDIO_SECONDS"}
"""What those are called that `make cost` takes by a name of their own."""


class Assumed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the figures rest on; every one can be set.

    `batch`: decisions an API call. `stream_share`: of a service that has a stream, what comes on it.
    `image_share` and `audio_share` of posts have a medium of that size; `speech_share` of the sounds are
    spoken, and left to the worker. `review_share` of decisions go to people, `sample_share` are looked at
    besides, `label_share` get a label by API, `alert_share` a mail at once, `explained_share` are asked why.
    `peak`: how much busier the busiest minutes are than the average. `cold_share` of invocations start a
    function. `kept_bundles` a service are of `bundle_mb`, beside `assets_mb` in all. `item_bytes` is a logged
    decision, `observed_bytes` what the observer keeps of it. `pollers`: how many Lambda keeps at an empty
    queue. `drift_days`: how many days of observations the nightly report reads. The rest says what it is
    called; log bytes are without the 26 that CloudWatch adds a line.
    """

    batch: Annotated[float, msgspec.Meta(ge=1.0, le=100.0)] = 1.0
    stream_share: Share = 0.0
    image_share: Share = 0.2
    image_mb: Amount = 0.5
    audio_share: Share = 0.05
    audio_seconds: Amount = 20.0
    audio_mb_a_second: Amount = 0.016
    speech_share: Share = 0.5
    review_share: Share = 0.1
    sample_share: Share = 0.01
    label_share: Share = 0.02
    alert_share: Share = 0.003
    explained_share: Share = 0.01
    peak: Annotated[float, msgspec.Meta(ge=1.0)] = 4.0
    cold_share: Share = 0.02
    aws_ms: Amount = 15.0
    refresh_seconds: Annotated[float, msgspec.Meta(gt=0.0)] = 10.0
    reviewers: Amount = 3.0
    calls_a_review: Amount = 4.0
    page_files_a_day: Amount = 30.0
    alarm_mails: Amount = 20.0
    dashboard_views: Amount = 60.0
    rollouts: Amount = 4.0
    transitions_a_rollout: Amount = 60.0
    item_bytes: Amount = 2300.0
    observed_bytes: Amount = 250.0
    log_bytes_a_decision: Amount = 230.0
    log_bytes_a_call: Amount = 600.0
    log_bytes_an_invocation: Amount = 550.0
    log_kept: Share = 0.15
    answer_bytes: Amount = 1500.0
    bundle_mb: Amount = 20.0
    kept_bundles: Amount = 3.0
    assets_mb: Amount = 250.0
    image_gb: Amount = 0.232
    pollers: Amount = 5.0
    drift_days: Amount = 1.0


class Traffic(msgspec.Struct, frozen=True):
    """Decisions a month by service."""

    decisions: dict[str, float]
    assumed: Assumed = Assumed()

    @property
    def total(self) -> float:
        """Of all services together."""
        return sum(self.decisions.values())

    def scaled(self, total: float) -> Traffic:
        """The same mix with so many decisions in all; in equal parts where there are none."""
        now = self.total
        parts = {
            name: total * count / now if now else total / len(self.decisions)
            for name, count in self.decisions.items()
        }
        return Traffic(parts, self.assumed)


def traffic_of(
    services: Sequence[str], total: float | None, own: Mapping[str, float], changes: Sequence[str]
) -> Traffic:
    """So many decisions a month, `own` ones by service; the others share what is left of `total` in equal
    parts.

    `changes` are "key=value" of Assumed. Raises CostError naming what is wrong.
    """
    for name, count in own.items():
        if name not in services:
            raise CostError(f"there is no service '{name}': {', '.join(services)}{_close(name, services)}")
        if not 0 <= count < float("inf"):
            raise CostError(f"{name}={count:g} cannot be used: give a number of decisions a month, 0 or more")
    said = sum(own.values())
    left = [name for name in services if name not in own]
    if total is None:
        total = said if own else 100_000.0
    if not 0 <= total < float("inf"):
        raise CostError(f"DECISIONS={total:g} cannot be used: give a number of decisions a month, 0 or more")
    if said > total or (not left and said < total):
        raise CostError(f"DECISIONS={total:g} in all, but the services named have {said:g} together")
    decisions = {name: own.get(name, (total - said) / max(len(left), 1)) for name in services}
    return Traffic(decisions, _assumed(changes))


def _assumed(changes: Sequence[str]) -> Assumed:
    known = Assumed.__struct_fields__
    values: dict[str, float] = {}
    for change in changes:
        key, equals, text = change.partition("=")
        if key not in known or not equals:
            raise CostError(
                f"'{change}': write it as key=value, with a key of {', '.join(known)}{_close(key, known)}"
            )
        values[key] = _value(key, text)
    return msgspec.convert(values, Assumed)


def _value(key: str, text: str) -> float:
    """The number in `text`, when it is one that `key` may have. Raises CostError."""
    said = f"{IN_MAKE.get(key, key)}={text}"
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise CostError(f"{said} is no number: give one, such as {getattr(Assumed(), key):g}")
    try:
        msgspec.convert({key: value}, Assumed)
    except msgspec.ValidationError as error:
        bound = str(error).removeprefix("Expected `float` ").partition(" - at ")[0]
        raise CostError(f"{said} cannot be used: it must be {bound}") from error
    return value


def _close(word: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f". Did you mean {close[0]}?" if close else ""


def grouped(events: float, seconds: float) -> float:
    """How many groups a month `events` that come at random make, when a group begins with an event and takes
    all of the next `seconds`: of a renewal process, the mean time between beginnings is the wait and then the
    time to the next event (Cox 1962, Renewal Theory)."""
    return SECONDS / (seconds + SECONDS / events) if events > 0 else 0.0


def sampled(events: float) -> float:
    """How many of `events` a month X-Ray records by its default rule: the first in each second and a
    twentieth of the others. Those of a second are Poisson distributed."""
    rate = events / SECONDS
    first = -math.expm1(-rate)
    return SECONDS * (first + 0.05 * (rate - first))
