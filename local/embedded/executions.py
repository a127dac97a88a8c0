"""The executions of state machines that failed, which the emulator's Step Functions does not count.

https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
"""

from __future__ import annotations

from typing import Any, Final

from local.embedded.data import Datum, data

NAMESPACE: Final = "AWS/States"


class Executions:
    """Those that a client of Step Functions lists. What failed before `since`, in seconds since the epoch, is
    no news."""

    def __init__(self, states: Any, since: float) -> None:
        self._states = states
        self._since = since
        self._counted: set[str] = set()

    def data(self, machine: str) -> list[Datum]:
        """How many of the machine with this ARN failed since the last look; nothing when none did."""
        found = self._states.list_executions(stateMachineArn=machine, statusFilter="FAILED", maxResults=100)
        new = {
            each["executionArn"]
            for each in found["executions"]
            if each["stopDate"].timestamp() >= self._since and each["executionArn"] not in self._counted
        }
        self._counted |= new
        return data("ExecutionsFailed", {"StateMachineArn": machine}, "Count", [len(new)] if new else [])
