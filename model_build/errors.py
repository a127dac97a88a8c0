"""What can go wrong in training. The message always says what to do about it."""

from __future__ import annotations

from collections.abc import Sequence

from lambdas.core.errors import TriageError


class BuildError(TriageError):
    """Base of every error about building a model."""


class DataValidationError(BuildError):
    """The data cannot be trained on.

    `file` names it; `findings` say, each with its column and rows, what is wrong and what to do.
    """

    def __init__(self, file: str, findings: Sequence[object]) -> None:
        self.file = file
        self.findings = tuple(findings)
        listed = "\n".join(f"  - {finding}" for finding in self.findings)
        super().__init__(f"{file} cannot be used for training:\n{listed}", field="data")


class ParametersError(BuildError):
    """params.yaml or an option of the command line has a value that cannot be used."""


class StageNotRun(BuildError):
    """A stage was asked for whose input is not there: the stage to run first is named."""


class ParityError(BuildError):
    """The exported model answers differently from the fitted one."""


class PublishError(BuildError):
    """The bundle could not be published; what was live still is."""


class RolloutRuns(PublishError):
    """A rollout of the service runs, and a publish would end it."""


class TrackingError(BuildError):
    """The tracking server cannot be used; training goes on without it."""
