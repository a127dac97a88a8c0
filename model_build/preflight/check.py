"""The gates before a candidate may answer anybody."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lambdas.core.errors import BundleError
from model_build.bundle import read_bundle
from model_build.fairness.parameters import FairnessParameters
from model_build.preflight.bundles import Opened
from model_build.preflight.compare import not_worse, row_scores
from model_build.preflight.contract import contract
from model_build.preflight.held_out import HeldOut
from model_build.preflight.parameters import GateParameters
from model_build.preflight.verdict import Verdict
from model_build.service import Progress, TrainingService, quiet
from model_build.verify import TOLERANCE


def check(
    candidate: Path,
    champion: Opened | None,
    rows: Sequence[HeldOut],
    service: TrainingService,
    *,
    gates: GateParameters,
    fairness: FairnessParameters | None,
    seed: int,
    progress: Progress = quiet,
) -> list[Verdict]:
    """What every gate says of the bundle in the folder `candidate`, beside `champion`, on the same `rows`.

    With no champion there is nothing to compare with, and only the bundle itself is looked at. `fairness` is
    None for a service whose items are about nobody.
    """
    try:
        opened = Opened(candidate, read_bundle(candidate, service.name))
    except BundleError as error:
        return [Verdict("bundle", False, error.detail)]
    files = len(opened.manifest.files)
    verdicts = [Verdict("bundle", True, f"all {files} files are what the manifest says"), _parity(opened)]
    try:
        verdicts += contract(opened, service, rows)
    except BundleError as error:
        return [*verdicts, Verdict("contract: opens", False, error.detail)]
    if champion is None:
        return verdicts
    if champion.manifest.bundle_hash == opened.manifest.bundle_hash:
        return [*verdicts, Verdict("champion", True, "the candidate is the same model as the champion")]
    unreadable = _unreadable(champion, service)
    if unreadable or not rows:
        return [*verdicts, unreadable or _no_rows(champion)]
    for each in rows:
        new = row_scores(opened, service, each, progress)
        old = row_scores(champion, service, each, progress)
        verdicts += not_worse(new, old, each.source, gates, seed=seed)
    if fairness is not None:
        verdicts += _fairness(opened, champion, rows, service, fairness, seed=seed)
    return verdicts


def _unreadable(champion: Opened, service: TrainingService) -> Verdict | None:
    """What is said of a champion that this code cannot open; None when it can."""
    try:
        champion.serve(service)
    except BundleError as error:
        said = (
            f"this code cannot open {champion.version}, so it answers nobody where this code is deployed, "
            f"and there is nothing to compare with: {error.detail}"
        )
        return Verdict("champion", None, said)
    return None


def _no_rows(champion: Opened) -> Verdict:
    said = (
        "the rows that it was tested on are not in the workspace any more, so it cannot be compared with "
        f"the champion {champion.version}: train it again"
    )
    return Verdict("held-out rows", False, said)


def _parity(opened: Opened) -> Verdict:
    """The exported graph was compared with the fitted model, on every row that it was tested on."""
    found = opened.manifest.metrics.get("parity")
    rows, tolerance = (
        (found.get("rows", 0), found.get("tolerance", 1.0)) if isinstance(found, dict) else (0, 1.0)
    )
    passed = rows > 0 and tolerance <= TOLERANCE
    said = f"{rows:,} rows within {tolerance:g}" if passed else "the manifest says nothing of parity"
    return Verdict("parity", passed, said)


def _fairness(
    candidate: Opened,
    champion: Opened,
    rows: Sequence[HeldOut],
    service: TrainingService,
    parameters: FairnessParameters,
    *,
    seed: int,
) -> list[Verdict]:
    """On the held-out rows, and on the sentences of our own, which are about every group."""
    from model_build.fairness.decided import decide
    from model_build.fairness.groups import dimensions
    from model_build.fairness.report import by_of
    from model_build.fairness.rows import OUTCOME, text_batches, with_outcome
    from model_build.fairness.swaps import templates
    from model_build.preflight.gaps import not_less_fair

    verdicts = []
    for each in rows:
        truth = with_outcome({head: np.asarray(labels == head) for head, labels in each.labels.items()})
        by = dimensions(each.texts, languages=each.languages, declared=each.declared)
        new, old = (decide(service, b.folder, b.manifest, each.batches) for b in (candidate, champion))
        verdicts += not_less_fair(new, old, truth[OUTCOME], by, each.source, parameters, seed=seed)
    own = templates()
    batches = list(text_batches(service, own.texts))
    new, old = (decide(service, b.folder, b.manifest, batches) for b in (candidate, champion))
    hostile = np.zeros(len(own.texts), dtype=np.bool_) if own.hostile is None else own.hostile
    return verdicts + not_less_fair(new, old, hostile, by_of(own), own.kind, parameters, seed=seed)
