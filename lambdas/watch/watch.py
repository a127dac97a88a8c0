"""Every few minutes: what waits in the queues of what nobody could work off?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from lambdas.core.errors import DependencyDown
from lambdas.core.telemetry import Telemetry


class Holds(Protocol):
    """A queue one can look at; `lambdas.core.aws.Queue`."""

    def depth(self) -> int:
        """How many messages it holds. Raises DependencyDown."""
        ...


class Watch:
    """A Lambda handler for a schedule, over `queues` by what people call them."""

    def __init__(self, queues: Mapping[str, Holds], telemetry: Telemetry) -> None:
        self._queues = queues
        self._telemetry = telemetry

    def __call__(self, event: Mapping[str, Any], context: Any) -> dict[str, int]:
        """Count, and return how many messages each queue holds.

        A queue that does not answer keeps none of the others out of sight. Raises DependencyDown for it in
        the end: it then stands among the function's errors on the dashboard.
        """
        self._telemetry.request(context)
        waiting: dict[str, int] = {}
        silent: list[str] = []
        for name, queue in self._queues.items():
            try:
                waiting[name] = queue.depth()
            except DependencyDown as error:
                self._telemetry.log.error(
                    "a dead-letter queue is out of sight", extra={"queue": name, "detail": error.detail}
                )
                silent.append(name)
        if waiting:
            self._telemetry.dead_letters(waiting)
            self._telemetry.flush()
        if silent:
            raise DependencyDown(f"out of sight: {', '.join(silent)}")
        return waiting
