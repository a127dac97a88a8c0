"""From what was read to the families of a scrape: their names, their help and their labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple

from lambdas.exporter.drift import Drift
from lambdas.exporter.exposition import Family
from lambdas.exporter.live import LiveBundle
from lambdas.exporter.performance import measured, on_test_split
from lambdas.exporter.totals import BOUNDS, MOST_OUTCOMES, NONE, Answered, By, Latency, Totals

REVIEW: Final = "review"
"""The outcome of what is left to people, where outcomes are what is done."""
_ANEW: Final = "Counted anew from each midnight UTC on."


class Seen(NamedTuple):
    """What is known of one service."""

    service: str
    totals: Totals
    unreadable: int
    live: list[LiveBundle]
    drift: Drift


class Families:
    """Makes the families; `meaning` is the outcome of each label, by service."""

    def __init__(self, meaning: Mapping[str, Mapping[str, str]]) -> None:
        self._meaning = meaning

    def of(self, services: Iterable[Seen], since: datetime) -> list[Family]:
        """All of `services`, of the day that began at `since`."""
        services = list(services)
        day = Family("ml_day_start_timestamp_seconds", "gauge", "The midnight that counters count from.")
        day.add(since.timestamp())
        counted = [(seen, self._with_zeros(seen)) for seen in services]
        return [
            _predictions(counted),
            _reviews(counted),
            _latency(counted),
            *self._performance(services),
            *_drift(services),
            *_live(services),
            *_freshness(services),
            day,
        ]

    def _with_zeros(self, seen: Seen) -> Totals:
        """The totals with a 0 for what may be answered and was not yet: Prometheus does not see a series
        grow that was not there before."""
        totals = Totals(seen.totals.since, newest=seen.totals.newest)
        serving = [live for live in seen.live if live.share > 0.0]
        for live in serving:
            by = By(live.variant, live.manifest.version)
            totals.latency[by], totals.reviews[by] = Latency(), 0
            for outcome in self._outcomes(seen.service, live):
                totals.answered[Answered(*by, outcome, "model")] = 0
                totals.answered[Answered(NONE, NONE, outcome, "rules")] = 0
        totals.answered.update(seen.totals.answered)
        totals.reviews.update(seen.totals.reviews)
        totals.latency.update(seen.totals.latency)
        return totals

    def _outcomes(self, service: str, live: LiveBundle) -> list[str]:
        meaning = self._meaning.get(service)
        words = [*meaning.values(), REVIEW] if meaning else live.manifest.heads[0].classes
        return list(dict.fromkeys(words))[:MOST_OUTCOMES]

    def _performance(self, services: list[Seen]) -> list[Family]:
        scores = Family(
            "ml_model_performance",
            "gauge",
            "A model's scores: test = on its test split, measured = on the labels that came today, which are "
            "mostly of what people were asked about, estimated = without labels.",
        )
        labels = Family("ml_labels_today", "gauge", "Decisions that people labelled today.")
        for name, totals, _, live, drift in services:
            for bundle in {each.manifest.version: each for each in live}.values():
                for metric, value in on_test_split(bundle.manifest.metrics).items():
                    scores.add(
                        value, service=name, version=bundle.manifest.version, metric=metric, kind="test"
                    )
            found = measured(totals.labelled.values(), self._meaning.get(name, {}))
            for version, (count, by_metric) in found.items():
                labels.add(count, service=name, version=version)
                for metric, value in by_metric.items():
                    scores.add(value, service=name, version=version, metric=metric, kind="measured")
            for (version, metric), value in drift.estimated.items():
                scores.add(value, service=name, version=version, metric=metric, kind="estimated")
        return [scores, labels]


Counted = list[tuple[Seen, Totals]]


def _predictions(counted: Counted) -> Family:
    family = Family(
        "ml_predictions_total", "counter", f"Decisions by who made them and how they ended. {_ANEW}"
    )
    for seen, totals in counted:
        for key, count in sorted(totals.answered.items()):
            family.add(count, service=seen.service, **key._asdict())
    return family


def _reviews(counted: Counted) -> Family:
    family = Family("ml_predictions_for_review_total", "counter", f"Decisions that people look at. {_ANEW}")
    for seen, totals in counted:
        for by, count in sorted(totals.reviews.items()):
            family.add(count, service=seen.service, **by._asdict())
    return family


def _latency(counted: Counted) -> Family:
    family = Family("ml_prediction_latency_seconds", "histogram", f"The model's time for a decision. {_ANEW}")
    for seen, totals in counted:
        for by, latency in sorted(totals.latency.items()):
            total = latency.nanoseconds / 1e9
            family.histogram(BOUNDS, latency.counts, total, service=seen.service, **by._asdict())
    return family


def _drift(services: list[Seen]) -> list[Family]:
    scores = Family("ml_data_drift_score", "gauge", "How far a feature has moved; from 1 on it counts.")
    alarms = Family("ml_data_drift_alarm", "gauge", "1 when the drift report says that people should look.")
    reported = Family("ml_data_drift_report_timestamp_seconds", "gauge", "When drift was last looked at.")
    for seen in services:
        for feature, score in seen.drift.scores.items():
            scores.add(score, service=seen.service, feature=feature)
        if seen.drift.alarm is not None:
            alarms.add(seen.drift.alarm, service=seen.service)
        if seen.drift.at is not None:
            reported.add(seen.drift.at, service=seen.service)
    return [scores, alarms, reported]


def _live(services: list[Seen]) -> list[Family]:
    shares = Family("ml_rollout_share", "gauge", "The share of the entities that a live bundle answers for.")
    created = Family("ml_model_created_timestamp_seconds", "gauge", "When a live bundle was trained.")
    for seen in services:
        for variant, share, manifest in seen.live:
            labels = {"service": seen.service, "variant": variant, "version": manifest.version}
            shares.add(share, **labels)
            created.add(_timestamp(manifest.created_at), **labels)
    return [shares, created]


def _freshness(services: list[Seen]) -> list[Family]:
    newest = Family("ml_newest_prediction_timestamp_seconds", "gauge", "When the newest decision was made.")
    unreadable = Family("ml_unreadable_objects", "gauge", "Files of today's decisions that are damaged.")
    for seen in services:
        if seen.totals.newest:
            newest.add(_timestamp(seen.totals.newest), service=seen.service)
        unreadable.add(seen.unreadable, service=seen.service)
    return [newest, unreadable]


def _timestamp(at: str) -> float:
    moment = datetime.fromisoformat(at)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
