"""The metrics of API Gateway, from what the emulator's web server answered.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Mapping
from typing import ClassVar, Final, NamedTuple

from hypercorn.logging import Logger
from hypercorn.typing import ResponseSummary, WWWScope

from local.embedded.data import Datum, data

NAMESPACE: Final = "AWS/ApiGateway"
_PATH: Final = re.compile(r"/_aws/execute-api/(?P<api>[^/]+)/(?P<stage>[^/]+)")


class Answer(NamedTuple):
    """One answer of a stage of an API, by the API's id; `status` is 0 where the caller had hung up."""

    api: str
    stage: str
    status: int
    ms: int


class Answers:
    """What was answered since it was last taken; the web server adds, another thread takes."""

    def __init__(self) -> None:
        self._waiting: deque[Answer] = deque()

    def add(self, answer: Answer) -> None:
        """One more."""
        self._waiting.append(answer)

    def take(self) -> list[Answer]:
        """All of them, which are then forgotten."""
        return [self._waiting.popleft() for _ in range(len(self._waiting))]


class AccessLog(Logger):
    """The web server's log, whose access lines go to `answers` instead of a file: those of APIs, that is."""

    answers: ClassVar[Answers] = Answers()

    async def access(self, request: WWWScope, response: ResponseSummary | None, request_time: float) -> None:
        """Keep one answer; `request_time` is in seconds, from the request's head to the answer's end."""
        if found := _PATH.match(request["path"]):
            status = response["status"] if response is not None else 0
            self.answers.add(Answer(found["api"], found["stage"], status, round(request_time * 1000)))


def data_of(answers: Iterable[Answer], names: Mapping[str, str]) -> list[Datum]:
    """Each stage's metrics; `names` has each API's by its id, and what is to another is left out."""
    stages: dict[tuple[str, str], list[Answer]] = {}
    for answer in answers:
        if answer.api in names:
            stages.setdefault((names[answer.api], answer.stage), []).append(answer)
    return [datum for (api, stage), found in stages.items() for datum in _stage(api, stage, found)]


def _stage(api: str, stage: str, found: list[Answer]) -> list[Datum]:
    """Of errors each request is a 0 or a 1, as on AWS: the sum is the count, the average the rate."""
    dimensions = {"ApiName": api, "Stage": stage}
    return [
        *data("Count", dimensions, "Count", [1 for _ in found]),
        *data("4XXError", dimensions, "Count", [int(400 <= each.status < 500) for each in found]),
        *data("5XXError", dimensions, "Count", [int(each.status >= 500) for each in found]),
        *data("Latency", dimensions, "Milliseconds", [each.ms for each in found]),
    ]
