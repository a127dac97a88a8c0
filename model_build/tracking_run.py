"""A finished training as MLflow is told of it."""

from __future__ import annotations

from typing import Any

import msgspec

from lambdas.core.bundle import Manifest
from model_build.job import Job
from model_build.tracking import Run, flat


def run_of(job: Job, manifest: Manifest) -> Run:
    """The parameters, metrics, tags and files of the training that gave `manifest`."""
    parameters = msgspec.to_builtins(job.parameters)
    numbers = {name: value for name, value in flat(manifest.metrics).items() if _is_number(value)}
    return Run(
        service=manifest.service,
        version=manifest.version,
        parameters={name.removeprefix("service."): str(value) for name, value in flat(parameters).items()},
        metrics={name: float(value) for name, value in numbers.items()},
        tags={
            "data": manifest.training_data.source,
            "data_sha256": manifest.training_data.sha256,
            "bundle_hash": manifest.bundle_hash,
            "git_commit": manifest.git_commit,
            "synthetic": str(manifest.training_data.synthetic).lower(),
        },
        bundle=(job.workspace.bundles / manifest.version).resolve(),
        plots={},
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
