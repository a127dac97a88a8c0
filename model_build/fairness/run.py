"""The command `fairness`: audits a bundle, writes the report, and tries a mitigation when asked to."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from lambdas.core.bundle import Manifest
from model_build.bundle import find_bundle, read_bundle
from model_build.dataset import Dataset, load_dataset
from model_build.errors import ParametersError, StageNotRun
from model_build.fairness.decided import Decided, decide
from model_build.fairness.report import Report, report, widest
from model_build.fairness.rows import Rows, of_csv, of_split, text_batches
from model_build.parameters import Parameters, load_parameters
from model_build.progress import Reporter
from model_build.service import TrainingService
from model_build.workspace import Workspace


@dataclass(frozen=True)
class Tried:
    """What a mitigation starts from: a bundle, and the rows that it is measured on, of a CSV or not."""

    service: TrainingService
    parameters: Parameters
    place: Workspace
    folder: Path
    manifest: Manifest
    rows: Rows
    reporter: Reporter
    from_csv: bool


def run(options: argparse.Namespace, service: TrainingService, reporter: Reporter) -> int:
    """Write the report on the bundle that `options` name; the exit code. Raises BuildError, BundleError."""
    parameters = load_parameters(options.params, service.name, options.changes)
    place = Workspace(options.build_dir, service.name)
    folder = find_bundle(place.bundles, service.name, options.version)
    manifest = read_bundle(folder, service.name)
    rows = rows_of(options, service, parameters, place, manifest)
    if options.mitigate:
        from model_build.fairness.mitigate import reweigh, thresholds

        try_it = thresholds if options.mitigate == "thresholds" else reweigh
        return try_it(
            Tried(service, parameters, place, folder, manifest, rows, reporter, from_csv=bool(options.csv))
        )
    found = audit_bundle(service, folder, manifest, rows, parameters, place, reporter)
    tell(reporter, found, place.build / service.name / "fairness" / manifest.version)
    return 0


def audit_bundle(
    service: TrainingService,
    folder: Path,
    manifest: Manifest,
    rows: Rows,
    parameters: Parameters,
    place: Workspace,
    reporter: Reporter,
) -> Report:
    """The report on `rows`, written as report.json and report.html."""
    from model_build.fairness.page import page  # it imports matplotlib

    def on_texts(texts: Sequence[str]) -> Decided:
        return decide(service, folder, manifest, list(text_batches(service, texts)))

    with reporter.stage("decide") as stage:
        decided = decide(service, folder, manifest, rows.batches, stage)
        stage.note = f"{len(rows):,} rows of {rows.source}"
    with reporter.stage("fairness") as stage:
        least = parameters.service.fairness.least_rows
        found = report(manifest, decided, rows, on_texts, least=least, seed=parameters.seed, progress=stage)
        into = place.build / service.name / "fairness" / manifest.version
        into.mkdir(parents=True, exist_ok=True)
        (into / "report.json").write_bytes(msgspec.json.format(msgspec.json.encode(found)))
        (into / "report.html").write_text(page(found), encoding="utf-8")
        stage.note = f"{sum(len(each.answers) for each in found.audits)} tables"
    return found


def tell(reporter: Reporter, found: Report, folder: Path) -> None:
    """The gaps that matter, and where the rest is."""
    say = reporter.say
    say(f"\nFairness of {found.version}: gaps of the outcome (removed or reviewed) between groups")
    for each in found.audits:
        say(f"  {each.source} ({each.rows:,} rows)")
        gaps = widest(each)
        for dimension, gap in gaps:
            beyond = "" if gap.value.value > gap.by_chance else ", not more than chance"
            say(
                f"    {dimension:<10} {gap.measure:<20} {gap.value}  {gap.highest} over {gap.lowest}, "
                f"{gap.groups} groups{beyond}"
            )
        for dimension in each.dimensions:
            table = each.table(dimension)
            if table is not None and table.too_few:
                few = f"no verdict on {len(table.too_few)} groups"
                say(f"    {dimension:<10} {few}: under {found.least_rows} rows")
        if not gaps:
            say(f"    no two groups have {found.least_rows} rows: no verdict")
    for swaps in found.swaps:
        say(f"  one group's name for another's, {swaps.kind}: outcome differs in {swaps.flips} of the pairs")
    say(f"\nThe page: {folder / 'report.html'}")


def rows_of(
    options: argparse.Namespace,
    service: TrainingService,
    parameters: Parameters,
    place: Workspace,
    manifest: Manifest,
) -> Rows:
    """The rows of the CSV, or those that the bundle was tested on."""
    groups = listed(options.groups) or parameters.service.fairness.groups
    if options.csv:
        return of_csv(
            service,
            Path(options.csv),
            text=options.text or "text",
            label=options.label or "label",
            groups=groups,
            language=options.language,
            positive=listed(options.positive),
            delimiter=options.delimiter.replace("\\t", "\t"),
        )
    for name in ("text", "label", "positive", "language"):
        if getattr(options, name):
            raise ParametersError(f"--{name} is about your own data: pass --csv too")
    delimiter = parameters.service.data.delimiter
    return of_split(dataset_of(place, manifest), service, place, groups, delimiter=delimiter)


def dataset_of(place: Workspace, manifest: Manifest) -> Dataset:
    """The data that the bundle came from, if the workspace still has it. Raises StageNotRun."""
    dataset = load_dataset(place.work / "dataset")
    if (dataset.sha256, dataset.seed) != (manifest.training_data.sha256, manifest.seed):
        raise StageNotRun(
            f"the workspace holds other data than {manifest.version} was trained on: pass a labelled file, "
            "--csv, or train it again"
        )
    return dataset


def listed(text: str | None) -> list[str]:
    """The names in an option, with commas between."""
    return [name.strip() for name in (text or "").split(",") if name.strip()]
