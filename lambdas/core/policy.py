"""From calibrated probabilities to a decision: act on the clear ones, send the unclear ones to people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lambdas.core.bundle import Head
from lambdas.core.schema import HeadAnswer


class Verdict(NamedTuple):
    """A head's answer, and why a person should look at it; no reasons means it is clear."""

    answer: HeadAnswer
    reasons: list[str]


def judge(head: Head, probabilities: Sequence[float]) -> Verdict:
    """The verdict on one row of a head's calibrated `probabilities`, in the order of its classes.

    It is clear when the confidence reaches the winning class's threshold (chosen in training by what
    a wrong act and a review cost) and no other class is in the conformal prediction set.
    """
    confidence = max(probabilities)
    best = probabilities.index(confidence)
    label = head.classes[best]
    plausible = _prediction_set(head, probabilities, best)
    reasons = []
    threshold = head.thresholds.get(label, 1.0)
    if confidence < threshold:
        reasons.append(f"{head.name}: confidence {confidence:.2f} is below {threshold:.2f} for {label}")
    if len(plausible) > 1:
        reasons.append(f"{head.name}: {', '.join(plausible[:4])} are all plausible")
    answer = HeadAnswer(
        label=label,
        confidence=min(confidence, 1.0),
        probabilities=dict(zip(head.classes, probabilities, strict=True)),
        prediction_set=plausible,
    )
    return Verdict(answer, reasons)


def _prediction_set(head: Head, probabilities: Sequence[float], best: int) -> list[str]:
    """The classes at or over the conformal threshold, most likely first; the winner is always in."""
    if head.conformal is None:
        return [head.classes[best]]
    floor = head.conformal.threshold
    found = [k for k, value in enumerate(probabilities) if value >= floor or k == best]
    if len(found) == 1:
        return [head.classes[best]]
    return [head.classes[k] for k in sorted(found, key=probabilities.__getitem__, reverse=True)]
