"""Two ways to a narrower gap, off unless asked for, each shown with what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from lambdas.core.bundle import Manifest
from model_build.bundle import read_bundle
from model_build.fairness import rates
from model_build.fairness.decided import Decided, decide
from model_build.fairness.groups import Dimension, dimensions
from model_build.fairness.mitigated import lines, write_mitigated
from model_build.fairness.report import audit, by_of, rows_of
from model_build.fairness.rows import Rows, halves, of_split, text_batches
from model_build.fairness.run import Tried, dataset_of
from model_build.fairness.swaps import swapped, templates
from model_build.fairness.thresholds import Price, Prices, price, search
from model_build.job import Job
from model_build.moderation.costs import decode_costs
from model_build.moderation.worth import decode_assumptions
from model_build.parameters import Parameters, ServiceParameters

AGAIN: Final = ("train", "calibrate", "thresholds", "evaluate", "export", "verify", "bundle")
"""The stages after the split and the choice of the regularisation, which stay as they are."""


def thresholds(tried: Tried) -> int:
    """Move the thresholds: chosen on the calibrate split (or one half of the CSV), measured on the test split
    (or the other half). Returns the exit code."""
    service, fairness, say = tried.service, tried.parameters.service.fairness, tried.reporter.say
    if tried.from_csv:
        choosing, measuring = halves(tried.rows, service)
    else:
        dataset = dataset_of(tried.place, tried.manifest)
        groups = list(tried.rows.declared)
        delimiter = tried.parameters.service.data.delimiter
        choosing = of_split(dataset, service, tried.place, groups, delimiter=delimiter, split="calibrate")
        measuring = tried.rows
    prices, least = prices_of(tried.parameters), fairness.least_rows
    with tried.reporter.stage("thresholds") as stage:
        chosen_on = _side(tried, choosing)
        measured_on = _side(tried, measuring)
        found = search(
            chosen_on.decided, choosing, chosen_on.by, prices, least=least, most_cost=fairness.most_cost,
            most_more_review=fairness.most_more_review, progress=stage,
        )  # fmt: skip
        after = measured_on.decided.with_limits(found.remove_from, found.review_from)
        first, second = (
            price(each, measuring, measured_on.by, prices, least=least)
            for each in (measured_on.decided, after)
        )
        stage.note = f"chosen on {len(choosing):,} rows, measured on {len(measuring):,} others"
    if found is chosen_on.decided:
        say(
            "\nNo thresholds that are the same for everybody narrow the gap at that cost: nothing is written."
        )
        return 0
    made = write_mitigated(tried.place.bundles, tried.folder, tried.manifest, found, first, second)
    _tell(tried, "Other thresholds", made, measuring, first, second)
    return 0


def reweigh(tried: Tried) -> int:
    """Train the heads again on the same split, rows weighed by whom they name and what they are; returns the
    exit code. Raises StageNotRun when the workspace holds other data."""
    from model_build.pipeline import run_stages

    dataset_of(tried.place, tried.manifest)
    job = Job(
        service=tried.service,
        parameters=with_reweighing(tried.parameters),
        workspace=tried.place,
        reporter=tried.reporter,
        command="python -m model_build fairness content --mitigate reweigh",
    )
    with tried.place.locked():
        run_stages(job, AGAIN)
    version = tried.place.read("bundle", dict[str, str], "bundle")["version"]
    folder = tried.place.bundles / version
    made = read_bundle(folder, tried.service.name)
    prices, least = prices_of(tried.parameters), tried.parameters.service.fairness.least_rows
    by = _side(tried, tried.rows).by
    first, second = (
        price(decide(tried.service, each, m, tried.rows.batches), tried.rows, by, prices, least=least)
        for each, m in ((tried.folder, tried.manifest), (folder, made))
    )
    _tell(tried, "Rows weighed by group and label", made, tried.rows, first, second)
    for line in on_sentences(tried, [(tried.folder, tried.manifest), (folder, made)]):
        tried.reporter.say(f"  {line}")
    return 0


def after_training(job: Job, manifest: Manifest) -> None:
    """Move the thresholds of the bundle that was just trained: a second bundle, newer than it."""
    groups, delimiter = job.parameters.service.fairness.groups, job.parameters.service.data.delimiter
    dataset = dataset_of(job.workspace, manifest)
    rows = of_split(dataset, job.service, job.workspace, groups, delimiter=delimiter)
    folder = job.workspace.bundles / manifest.version
    thresholds(
        Tried(
            job.service, job.parameters, job.workspace, folder, manifest, rows, job.reporter, from_csv=False
        )
    )


def with_reweighing(parameters: Parameters) -> Parameters:
    """`parameters` under which the text heads' rows are weighed."""
    service: ServiceParameters = parameters.service
    changed = msgspec.structs.replace(service, model={**service.model, "reweigh": True})
    return msgspec.structs.replace(parameters, service=changed)


def on_sentences(tried: Tried, bundles: Sequence[tuple[Path, Manifest]]) -> list[str]:
    """The gap and the flips of the bundles, the one before first, on the sentences of our own."""
    cases, parameters = templates(), tried.parameters
    gaps, flips = [], []
    for folder, manifest in bundles:

        def on_texts(texts: Sequence[str], folder: Path = folder, manifest: Manifest = manifest) -> Decided:
            return decide(tried.service, folder, manifest, list(text_batches(tried.service, texts)))

        found = audit(
            on_texts(cases.texts), rows_of(cases), least=parameters.service.fairness.least_rows,
            seed=parameters.seed, by=by_of(cases),
        )  # fmt: skip
        table = found.table("identity")
        gap = table.gap(rates.EQUALISED_ODDS) if table else None
        gaps.append(str(gap.value) if gap else "-")
        flips.append(str(swapped(cases, on_texts, seed=parameters.seed).flips))
    return [
        f"{'sentences of our own: equalised odds':<46} {gaps[0]:<44} {gaps[1]}",
        f"{'sentences of our own: outcome differs':<46} {flips[0]:<44} {flips[1]}",
    ]


def prices_of(parameters: Parameters) -> Prices:
    """What decisions cost by the sections `costs` and `business`."""
    assumed = decode_assumptions(parameters.service.business)
    severities = decode_costs(parameters.service.costs).severities()
    return Prices(
        review=assumed.review,
        wrong_removal=assumed.wrong_removal,
        missed={policy: assumed.miss(severity) for policy, severity in severities.items()},
    )


@dataclass(frozen=True)
class _Side:
    decided: Decided
    by: list[Dimension]


def _side(tried: Tried, rows: Rows) -> _Side:
    decided = decide(tried.service, tried.folder, tried.manifest, rows.batches)
    return _Side(decided, dimensions(rows.texts, languages=rows.languages, declared=rows.declared))


def _tell(tried: Tried, what: str, made: Manifest, rows: Rows, first: Price, second: Price) -> None:
    say, name = tried.reporter.say, tried.service.name
    say(f"\n{what}, on {rows.source}: before, and after")
    for about, was, now in lines(first, second):
        say(f"  {about:<46} {was:<44} {now}")
    say(f"\nA bundle with that: make publish SERVICE={name} VERSION={made.version}")
