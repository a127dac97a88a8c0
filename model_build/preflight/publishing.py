"""The gates when a bundle is published: it beside the live champion, on the rows it was tested on."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from lambdas.core.bundle import Manifest
from model_build.bundle import read_bundle
from model_build.errors import StageNotRun
from model_build.parameters import Parameters
from model_build.preflight.bundles import Opened, champion
from model_build.preflight.check import check
from model_build.preflight.held_out import HeldOut, test_split
from model_build.preflight.labels import same_labels
from model_build.preflight.verdict import Verdict, require
from model_build.progress import Reporter
from model_build.publish import s3_client
from model_build.service import TrainingService
from model_build.workspace import Workspace

FAIR: Final = "content"
"""The service whose items are about people."""

__all__ = ["look", "require"]


def look(
    service: TrainingService,
    parameters: Parameters,
    place: Workspace,
    folder: Path,
    bucket: str,
    reporter: Reporter,
    *,
    by_steps: bool = False,
) -> list[Verdict]:
    """What the gates say of the bundle in `folder`; the user is told. Raises PublishError, BundleError.

    `by_steps`: it is to take over by a rollout, which only a bundle with the champion's labels can.
    """
    with reporter.stage("gates") as stage:
        live = champion(s3_client(), bucket, place)
        known = read_bundle(folder, service.name)
        first = [same_labels(Opened(folder, known), live)] if live and by_steps else []
        rows, groups = _rows(place, service, known, parameters) if live else (None, [])
        verdicts = first + check(
            folder,
            live,
            [rows] if rows is not None else [],
            service,
            gates=parameters.service.gates,
            fairness=parameters.service.fairness if service.name == FAIR else None,
            seed=parameters.seed,
            progress=stage,
        )
        verdicts += groups
        stage.note = "nothing is live to compare with" if live is None else f"beside {live.version}"
    for verdict in verdicts:
        reporter.say(f"    {verdict}")
    return verdicts


def _rows(
    place: Workspace, service: TrainingService, known: Manifest, parameters: Parameters
) -> tuple[HeldOut | None, list[Verdict]]:
    """The rows that the bundle was tested on; without declared groups, and a verdict that says why, where the
    file that declares them is not what it was: like every other, that can be overruled."""
    own = parameters.service
    try:
        return test_split(place, service, known, own.fairness.groups, own.data.delimiter), []
    except StageNotRun as error:
        return test_split(place, service, known), [Verdict("declared groups", False, error.detail)]
