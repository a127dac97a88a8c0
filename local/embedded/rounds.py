"""Every few seconds: AWS's own metrics of what happened since, and the end of alarms without data."""

from __future__ import annotations

import logging
import time
from functools import cached_property
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from local.embedded import alarms, executions, gateway, queues
from local.embedded.data import Datum
from local.embedded.gateway import Answers
from local.emf_bridge.handler import batches
from local.environment import client

SECONDS: Final = 5.0
EXPECTED: Final = (BotoCoreError, ClientError, OSError)
"""What the emulator may answer; all else is a fault of ours, told with its place."""
_log = logging.getLogger("cloudwatch")


class Rounds:
    """What CloudWatch does by itself, for the emulator at `endpoint`, whose APIs answered `answers`.

    Of queues and state machines it makes the metrics that an alarm looks at, because the emulator judges an
    alarm by all metrics of that name, whatever their dimensions: an old dead letter would make a stream late.
    """

    def __init__(self, endpoint: str, answers: Answers) -> None:
        self._endpoint = endpoint
        self._answers = answers
        self._began = time.time()
        self._queues = queues.Queues(endpoint)
        self._apis: dict[str, str] = {}

    def go_on(self) -> None:
        """A round every SECONDS, for ever; what goes wrong is in the log, and the next round comes."""
        while True:
            time.sleep(SECONDS)
            try:
                self.once()
            except Exception as error:
                _log.warning("a round was broken off: %s", error, exc_info=not isinstance(error, EXPECTED))

    def once(self) -> None:
        """One round. Raises ClientError, BotoCoreError, OSError."""
        known = alarms.alarms_of(self._cloudwatch)
        alarms.end_silent(self._cloudwatch, known)
        self._put(gateway.NAMESPACE, self._of_apis())
        self._put(queues.NAMESPACE, self._of_queues(known))
        self._put(executions.NAMESPACE, self._of_executions(known))

    def _of_apis(self) -> list[Datum]:
        answers = self._answers.take()
        if {each.api for each in answers} - self._apis.keys():
            pages = self._client("apigateway").get_paginator("get_rest_apis").paginate()
            self._apis = {api["id"]: api["name"] for page in pages for api in page["items"]}
        return gateway.data_of(answers, self._apis)

    def _of_queues(self, known: list[alarms.Alarm]) -> list[Datum]:
        names = alarms.watched(known, queues.NAMESPACE, "QueueName")
        return [datum for name in names for datum in self._queues.data(name, time.time())]

    def _of_executions(self, known: list[alarms.Alarm]) -> list[Datum]:
        machines = alarms.watched(known, executions.NAMESPACE, "StateMachineArn")
        return [datum for machine in machines for datum in self._executions.data(machine)]

    def _put(self, namespace: str, data: list[Datum]) -> None:
        for batch in batches(data):
            self._cloudwatch.put_metric_data(Namespace=namespace, MetricData=batch)

    @cached_property
    def _cloudwatch(self) -> Any:
        return self._client("cloudwatch")

    @cached_property
    def _executions(self) -> executions.Executions:
        return executions.Executions(self._client("stepfunctions"), self._began)

    def _client(self, service: str) -> Any:
        return client(service, self._endpoint)
