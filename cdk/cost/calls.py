"""How often each function runs in a month, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from cdk.cost.assembly import App, Function
from cdk.cost.durations import (
    EXPLANATION,
    NUDGED_SECONDS,
    SPOKEN_SHARE,
    cold_seconds,
    decision_seconds,
    measured,
    on_lambda,
    worker_seconds,
)
from cdk.cost.traffic import Traffic, grouped
from cdk.service import Service

SHARED: Final = {"review", "console", "catalog", "labels"}
BATCH_IN_ONE_TRANSACTION: Final = 10
WORKDAYS: Final = 22
"""Days a month on which people work; they come when something waits for them."""


class Runs(NamedTuple):
    """A function's invocations a month, and the seconds of all of them together."""

    function: Function
    invocations: float
    seconds: float

    @property
    def gb_seconds(self) -> float:
        """What Lambda bills."""
        return self.seconds * self.function.memory_mb / 1024


@dataclass(frozen=True)
class Month:
    """A month of the app under some traffic: what happens in it, which the lines put prices on."""

    app: App
    services: tuple[Service, ...]
    traffic: Traffic

    def by_api(self, service: Service) -> float:
        """Decisions of `service` that come by the API."""
        return self.traffic.decisions[service.name] - self.by_stream(service)

    def by_stream(self, service: Service) -> float:
        """Decisions of `service` that come on its stream."""
        part = self.traffic.assumed.stream_share if service.stream else 0.0
        return self.traffic.decisions[service.name] * part

    def with_media(self, service: Service) -> tuple[float, float]:
        """(images, sounds) that come with the items of `service`."""
        assumed, count = self.traffic.assumed, self.traffic.decisions[service.name]
        return (count * assumed.image_share, count * assumed.audio_share) if service.media else (0.0, 0.0)

    @property
    def looked_at(self) -> float:
        """Decisions that people look at, the sample too."""
        assumed = self.traffic.assumed
        return self.traffic.total * (assumed.review_share + assumed.sample_share)

    @property
    def labels(self) -> float:
        """Labels that are written on decisions, by people and by the API."""
        return self.looked_at + self.traffic.total * self.traffic.assumed.label_share

    @property
    def records(self) -> float:
        """Changes of the decision log that its stream tells of: what is decided, labelled, and amended."""
        return self.traffic.total + self.labels + sum(self.spoken(service) for service in self.services)

    def spoken(self, service: Service) -> float:
        """Sounds that are left to the worker."""
        return self.with_media(service)[1] * self.traffic.assumed.speech_share if service.later else 0.0

    def calls(self, service: Service) -> float:
        """Calls of the API that the function of `service` answers."""
        assumed, count = self.traffic.assumed, self.traffic.decisions[service.name]
        explained = (
            count * assumed.explained_share + self.looked_at_of(service) if service.looks_back else 0.0
        )
        # A form an upload, and one look at what became of a transcript.
        return (
            self.by_api(service) / assumed.batch
            + explained
            + sum(self.with_media(service))
            + self.spoken(service)
        )

    def looked_at_of(self, service: Service) -> float:
        """What of `looked_at` is this service's."""
        total = self.traffic.total
        return self.looked_at * self.traffic.decisions[service.name] / total if total else 0.0

    def people_calls(self) -> dict[str, float]:
        """Calls of the functions that all services share, by function."""
        assumed = self.traffic.assumed
        return {
            "review": self.looked_at * assumed.calls_a_review,
            "console": assumed.reviewers * assumed.page_files_a_day * min(WORKDAYS, self.looked_at),
            "labels": self.traffic.total * assumed.label_share,
            "catalog": 0.0,
        }

    def api_calls(self) -> float:
        """All calls of the API."""
        return sum(self.calls(service) for service in self.services) + sum(self.people_calls().values())

    def keyed_calls(self) -> float:
        """Those with an API key, which the usage plan counts."""
        by_people = self.people_calls()
        return self.api_calls() - by_people["review"] - by_people["console"] - self.looked_at

    def runs(self) -> list[Runs]:
        """Every function's month."""
        return [Runs(function, *self._of(function)) for function in self.app.functions]

    def _of(self, function: Function) -> tuple[float, float]:
        for service in self.services:
            if function.name == service.name:
                return self._deciding(service, function)
            if function.name.startswith(f"{service.name}-"):
                return self._working(service, function)
        count = self._others(function)
        return count, count * worker_seconds(function)

    def _deciding(self, service: Service, function: Function) -> tuple[float, float]:
        assumed, calls = self.traffic.assumed, self.calls(service)
        deciding = self.by_api(service) * decision_seconds(service.name, function, assumed)
        others = calls - self.by_api(service) / assumed.batch
        explaining = others * on_lambda(measured(*EXPLANATION), function, assumed)
        starting = calls * assumed.cold_share * cold_seconds(service.name, function, assumed)
        return calls, deciding + explaining + starting

    def _working(self, service: Service, function: Function) -> tuple[float, float]:
        """A worker of `service`, by the part of its name."""
        assumed = self.traffic.assumed
        idle = woken = 0.0
        if function.trigger.kind == "drain":
            idle = function.trigger.runs
        match function.name.removeprefix(f"{service.name}-"):
            case "stream":
                count = self.by_stream(service)
                seconds = decision_seconds(service.name, function, assumed)
            case "later":
                count = self.spoken(service)
                woken = count if idle else 0.0
                spoken = SPOKEN_SHARE * assumed.audio_seconds * 1000
                seconds = on_lambda(spoken, function, assumed)
            case "learner":
                count, seconds = self.labels_of(service), worker_seconds(function)
            case _:  # what waits for a store that was down
                count = seconds = 0.0
        runs = idle + woken if idle else count
        waiting = idle * worker_seconds(function) + woken * NUDGED_SECONDS
        starting = runs * assumed.cold_share * cold_seconds(service.name, function, assumed)
        return runs, count * seconds + waiting + starting

    def labels_of(self, service: Service) -> float:
        """What of `labels` is this service's."""
        total = self.traffic.total
        return self.labels * self.traffic.decisions[service.name] / total if total else 0.0

    def _others(self, function: Function) -> float:
        """How often a function runs that belongs to no service."""
        assumed, trigger = self.traffic.assumed, function.trigger
        match trigger.kind:
            case "api":
                return self.people_calls().get(function.name, 0.0)
            case "schedule":
                return trigger.runs
            case "topic":
                return 2 * assumed.alarm_mails
            case "stream":
                told = self.looked_at + self.traffic.total * assumed.alert_share
                return grouped(told if trigger.filtered else self.records, trigger.window)
            case "called":
                # The rollout's state machine: every other of its steps is a task.
                return (
                    assumed.rollouts * assumed.transitions_a_rollout / 2
                    if function.name == "rollout"
                    else 0.0
                )
        return 0.0

    def observed_objects(self, service: Service) -> float:
        """Objects of observations that the observer writes of `service`."""
        observer = self.app.function("observer")
        if observer is None or not self.traffic.total:
            return 0.0
        share = self.traffic.decisions[service.name] / self.traffic.total
        return grouped(self.records * share, observer.trigger.window)

    def drains(self) -> float:
        """How often a schedule, or a caller who waits, has a queue looked into."""
        return sum(each.invocations for each in self.runs() if each.function.trigger.kind == "drain")

    def polled(self) -> Iterator[Function]:
        """The functions whose queue Lambda asks for messages all the time."""
        return (each for each in self.app.functions if each.trigger.kind == "queue")
