"""A finished training as MLflow is told of it."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any, Final

import msgspec

from lambdas.core.bundle import CARD, Manifest
from model_build.job import Job
from model_build.tracking import Run, flat

_IMAGE: Final = re.compile(r"!\[([^]]*)\]\(data:image/png;base64,([^)]+)\)")


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
        plots=_plots(job, manifest),
    )


def _plots(job: Job, manifest: Manifest) -> dict[str, Path]:
    """The images of the model card, as files."""
    card = (job.workspace.bundles / manifest.version / CARD).read_text(encoding="utf-8")
    folder = job.workspace.path("plots")
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    found: dict[str, Path] = {}
    for number, (name, data) in enumerate(_IMAGE.findall(card), start=1):
        words = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        path = folder / f"{number:02d}-{words[:60]}.png"
        path.write_bytes(base64.b64decode(data))
        found[path.stem] = path.resolve()
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
