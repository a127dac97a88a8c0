"""A window of decisions against what was expected, and what is remembered for the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np

from lambdas.drift.bins import confidence_codes
from lambdas.drift.entities import Entities
from lambdas.drift.estimate import Errors, Estimate, errors_of, expected_accuracy
from lambdas.drift.judging import finding, judged, verdicts
from lambdas.drift.labels import LabelWatch, Told, evidence, usual_errors, watch
from lambdas.drift.limits import Limits
from lambdas.drift.reference import HeadReference, Reference
from lambdas.drift.report import Finding, Labels, Past, Report, State
from lambdas.observations.window import Bools, Window

MOST_HISTORY: Final = 90
"""Windows that the page shows."""


@dataclass(frozen=True)
class Bundle:
    """The champion: its reference, its deciding head there, and the outcome that each label stands for (`*`:
    every other label; none where labels are outcomes). `promised` is its accuracy on the test split, if it
    says."""

    service: str
    version: str
    reference: Reference
    head: HeadReference | None = None
    label_outcomes: Mapping[str, str] | None = None
    promised: float | None = None

    def claims(self, window: Window) -> Bools:
        """Which decisions say what the item is: all where outcomes are labels, else those that are no
        review."""
        if not self.label_outcomes:
            return np.ones(len(window), np.bool_)
        said = set(self.label_outcomes.values())
        found = np.zeros(len(window), np.bool_)
        for word in said & set(window.outcome.words):
            found |= window.outcome.is_(word)
        return found

    def wrong(self, window: Window) -> Bools:
        """Which decisions have a label that stands for another outcome."""
        stands = self.label_outcomes or {}
        meant = [stands.get(word, stands.get("*", word)) for word in window.label.words]
        places = {word: k for k, word in enumerate(window.outcome.words)}
        table = np.array([*(places.get(word, -2) for word in meant), -3])
        differs = table[window.label.codes] != window.outcome.codes
        return np.asarray(differs & (window.label.codes >= 0), np.bool_)


@dataclass(frozen=True)
class Span:
    """From when to when, ISO 8601."""

    since: str
    until: str


def look(
    window: Window, labelled: Window, bundle: Bundle, limits: Limits, before: State, span: Span
) -> tuple[Report, State]:
    """The report on `window`, and the state after it.

    Both windows hold decisions of `bundle` alone; `labelled` are those whose labels came in this window,
    decided then or before. With too few independent decisions no verdict is given and the state stays as it
    was: the next window then begins where this one did.
    """
    entities, errors = Entities(window.entity), errors_of(bundle.reference.decisions)
    codes = confidence_codes(window.confidence)
    estimated = expected_accuracy(codes, bundle.claims(window), entities, errors)
    found, skipped = judged(window, bundle.reference, bundle.head, entities, before.watched)
    report = Report(
        service=bundle.service,
        version=bundle.version,
        since=span.since,
        until=span.until,
        decisions=len(window),
        entities=entities.count,
        findings=[],
        skipped=skipped,
        promised=bundle.promised,
        estimated=estimated,
        history=before.history,
        limits=limits,
        alarm=before.alarm,
        alarm_since=before.alarm_since,
    )
    if not any(each.now.effective >= limits.least for each in found):
        listed = [finding(each, None, "too few", limits, len(window)) for each in found]
        return msgspec.structs.replace(report, findings=listed, enough=False), before
    made = verdicts(found, limits, len(window), before.watched)
    labels = _watched(labelled, bundle, errors, before.labels, limits)
    said = _labels(labelled, bundle, errors, labels, limits)
    alarm = any(each.on for each in made.watched.values()) or labels.on
    past = _past(span.until, len(window), made.findings, estimated, said)
    state = State(
        version=before.version,
        began=before.began,
        until=span.until,
        windows=before.windows + 1,
        watched=made.watched,
        labels=labels,
        alarm=alarm,
        alarm_since=(before.alarm_since or span.until) if alarm else "",
        history=[*before.history, past][-MOST_HISTORY:],
    )
    report = msgspec.structs.replace(
        report,
        findings=made.findings,
        unlike=made.unlike,
        labels=said,
        history=state.history,
        alarm=alarm,
        alarm_since=state.alarm_since,
        started=alarm and not before.alarm,
        ended=before.alarm and not alarm,
    )
    return report, state


def _watched(
    labelled: Window, bundle: Bundle, errors: Errors, before: LabelWatch, limits: Limits
) -> LabelWatch:
    """What labels have said, with those of this window."""
    told = labelled.where(bundle.claims(labelled) & (labelled.label.codes >= 0))
    rows = Told(confidence_codes(told.confidence), bundle.wrong(told), told.review, told.entity)
    return watch(before, rows, np.array(errors.shares), limits.windows_between)


def _labels(
    labelled: Window, bundle: Bundle, errors: Errors, after: LabelWatch, limits: Limits
) -> Labels | None:
    """The labels of this window in short; None when none came."""
    told = labelled.where(bundle.claims(labelled) & (labelled.label.codes >= 0))
    if not len(told):
        return None
    usual = usual_errors(after, np.array(errors.shares))
    codes = confidence_codes(told.confidence)
    return Labels(
        n=len(told),
        wrong=int(bundle.wrong(told).sum()),
        expected=None if usual is None else float(usual[codes].sum()),
        evidence=evidence(after),
        evidence_from=limits.windows_between,
        alarm=after.on,
    )


def _past(
    until: str, decisions: int, findings: list[Finding], estimated: Estimate | None, labels: Labels | None
) -> Past:
    return Past(
        until=until,
        decisions=decisions,
        worst=max((each.score for each in findings), default=0.0),
        off=sum(each.verdict == "off" for each in findings),
        alarms=sum(each.verdict == "alarm" for each in findings),
        estimated=estimated,
        labels=labels,
    )
