"""One training: which service, with which parameters, where, and who is told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from lambdas.core.bundle import TrainingData
from model_build.dataset import Columns
from model_build.errors import ParametersError
from model_build.examine import Layout
from model_build.parameters import Parameters
from model_build.progress import Reporter
from model_build.service import TrainingService
from model_build.workspace import Workspace


class Source(msgspec.Struct, frozen=True):
    """The training data: a CSV of the user's or a synthetic one, and a separate test file, if any."""

    csv: Path
    synthetic: bool
    test_csv: Path | None = None


@dataclass(frozen=True)
class Job:
    """What every stage is given."""

    service: TrainingService
    parameters: Parameters
    workspace: Workspace
    reporter: Reporter
    command: str = ""
    """What was typed, for the model card."""
    synthetic: bool = False
    """The CSV holds generated rows, whoever wrote it: a retraining's, when it began with those."""
    base: TrainingData | msgspec.UnsetType = msgspec.UNSET
    """Of a retraining: the rows that the verdicts stand beside."""

    @property
    def columns(self) -> Columns:
        """The columns that params.yaml or the command line name."""
        data = self.parameters.service.data
        return Columns(
            text=tuple(data.text),
            labels=tuple(data.label),
            time=data.time,
            group=data.group,
            language=data.language,
            extra=data.extra,
        )

    @property
    def layout(self) -> Layout:
        """How the columns become fields of the service's schema."""
        columns = self.columns
        if self.service.delayed and not columns.time:
            raise ParametersError(f"{self.service.name} need a time column: pass --time")
        return Layout(
            columns=columns,
            text_fields=self.service.text_fields(columns.text),
            fields=self.service.fields,
            missing=self.parameters.service.missing,
            time_format=self.parameters.service.data.time_format,
            binaries=self.service.binaries(columns.labels, self.parameters.service.data.positive),
        )
