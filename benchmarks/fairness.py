"""`python -m benchmarks.fairness`: the gaps between groups before and after each mitigation, and their price.

A content bundle is trained through the train command on public posts, as a user's own CSV is. The command
`fairness` then mitigates it on the identity templates of shared/data, which nothing was trained on: other
thresholds (chosen on one half of the templates), and a training with rows weighed by group and label.
Every bundle is measured on the other half.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks import moderation_data as data
from benchmarks.moderation_data import Post
from benchmarks.table import Table
from model_build.bundle import find_bundle, read_bundle
from model_build.fairness import rates
from model_build.fairness.decided import FLAGGED, POINTS, decide
from model_build.fairness.groups import dimensions
from model_build.fairness.measures import Gap
from model_build.fairness.mitigate import prices_of
from model_build.fairness.report import Audit, audit
from model_build.fairness.rows import OUTCOME, Rows, halves, of_csv
from model_build.fairness.thresholds import Price, price
from model_build.intervals import Interval
from model_build.parameters import Parameters, load_parameters
from model_build.service import TrainingService
from model_build.services import load_service
from model_build.workspace import Workspace

ROOT: Final = Path(__file__).resolve().parent.parent
SERVICE: Final = "content"
DAVIDSON_ROWS: Final = 4_000
TEMPLATES: Final = 16_000
"""So many that each half has rows enough of the rarer groups to tell their rates."""
BEFORE, THRESHOLDS, NO_DEARER = "before", "thresholds", "thresholds no dearer"
REWEIGHED, BOTH = "reweigh", "reweigh, then thresholds"
NEARLY_ALL: Final = 0.95
"""From this share of posts that are not let through on, a narrow gap says little."""
UNBOUND: Final = ("--set", "fairness.most_more_review=1")
"""What a narrow gap costs at most: how much goes to people is a figure of the table, and no bound."""
NO_COST: Final = ("--set", "fairness.most_cost=0")
MEASURES: Final = (rates.FALSE_POSITIVES, rates.EQUALISED_ODDS, rates.PARITY)
PRICED: Final = {
    "money_per_1000": "cost of 1,000 posts",
    "accuracy": "accuracy",
    "recall": "recall: of what is bad, removed or reviewed",
    "review_share": "looked at by people",
    "removed_share": "removed",
}


@dataclass(frozen=True)
class Found:
    """A bundle on the measuring half."""

    audit: Audit
    price: Price


def run() -> None:
    """Train, mitigate, print the table and save it."""
    if not data.there():
        print(f"fairness: {data.DATA} is not there, so there is nothing to measure on")
        return
    table = Table("fairness", "python -m benchmarks.fairness")
    parameters = load_parameters(ROOT / "params.yaml", SERVICE)
    with tempfile.TemporaryDirectory() as folder:
        trained = _write_posts(Path(folder))
        versions = _bundles(Path(folder))
        service = load_service(SERVICE, Path(folder))
        csv = Path(folder) / "templates.csv"
        rows = of_csv(service, csv, text="text", label="toxicity", language="language")
        _, measuring = halves(rows, service)
        found = {
            name: _measured(service, Path(folder), version, measuring, parameters)
            for name, version in versions.items()
        }
    _gaps(table, found)
    _price(table, found, parameters.service.fairness.most_cost)
    _notes(table, found, parameters, trained, len(measuring))
    table.save()


def _write_posts(folder: Path) -> int:
    """The CSVs of the posts to train and test on, and of the templates; returns how many train."""
    sets = {name: data.split(posts) for name, posts in data.sets().items()}
    random = np.random.default_rng(0)
    train, test = (sets["surge"][part] + sets["es_gold"][part] for part in (0, 1))
    tweets = sets["davidson"][0]
    train += [tweets[k] for k in random.choice(len(tweets), DAVIDSON_ROWS, replace=False)]
    cases = data.madlibs()
    chosen = [cases[k] for k in random.choice(len(cases), TEMPLATES, replace=False)]
    data.write(train, folder / "train.csv")
    data.write(test, folder / "test.csv")
    data.write([Post(text, bad, "en", "bias_madlibs") for text, bad in chosen], folder / "templates.csv")
    return len(train)


def _bundles(folder: Path) -> dict[str, str]:
    """The version of each bundle; that of the one before where no other thresholds were narrower."""
    columns = ["--text", "text", "--label", "toxicity", "--language", "language"]
    audited = ["--csv", str(folder / "templates.csv"), *columns]
    parts = ["--csv", str(folder / "train.csv"), "--test-csv", str(folder / "test.csv")]
    before = _made(folder, "train", *parts, *columns)
    moved = ["--mitigate", "thresholds", *UNBOUND]
    thresholds = _made(folder, "fairness", *audited, "--version", before, *moved)
    no_dearer = _made(folder, "fairness", *audited, "--version", before, *moved, *NO_COST)
    reweighed = _made(folder, "fairness", *audited, "--version", before, "--mitigate", "reweigh")
    both = _made(folder, "fairness", *audited, "--version", reweighed, *moved)
    return {
        BEFORE: before,
        THRESHOLDS: thresholds,
        NO_DEARER: before if no_dearer == thresholds else no_dearer,
        REWEIGHED: reweighed,
        BOTH: both,
    }


def _made(folder: Path, command: str, *options: str) -> str:
    """The version of the newest bundle once `command` is through."""
    subprocess.run(
        [
            sys.executable, "-m", "model_build", command, SERVICE, *options, "--build-dir", str(folder),
            "--no-tracking",
        ],
        check=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return find_bundle(Workspace(folder, SERVICE).bundles, SERVICE).name


def _measured(
    service: TrainingService, build: Path, version: str, rows: Rows, parameters: Parameters
) -> Found:
    folder = Workspace(build, SERVICE).bundles / version
    decided = decide(service, folder, read_bundle(folder, SERVICE), rows.batches)
    least, seed = parameters.service.fairness.least_rows, parameters.seed
    by = dimensions(rows.texts, languages=rows.languages, declared=rows.declared)
    return Found(
        audit(decided, rows, least=least, seed=seed, by=by),
        price(decided, rows, by, prices_of(parameters), least=least),
    )


def _gaps(table: Table, found: dict[str, Found]) -> None:
    """Of each mitigation, each gap by identity beside the one before."""
    for point in POINTS[::-1]:
        for measure in MEASURES:
            gaps = {name: _gap(each, measure, point) for name, each in found.items()}
            for name, gap in gaps.items():
                if name != BEFORE:
                    table.add(
                        f"{point}: gap of {measure}, {name}",
                        _told(gap),
                        against=f"before: {_told(gaps[BEFORE])}",
                    )


def _gap(found: Found, measure: str, point: str) -> Gap | None:
    answer = found.audit.table("identity", OUTCOME, point)
    return answer.gap(measure) if answer else None


def _told(gap: Gap | None) -> str:
    """The gap and the groups that made it, where there is one."""
    if gap is None:
        return "no two groups have rows enough"
    ends = f", {gap.highest} over {gap.lowest}" if gap.value.value > 0 else ""
    return f"{gap.value}{ends}"


def _price(table: Table, found: dict[str, Found], most_cost: float) -> None:
    """What each mitigation costs, beside the figures before."""
    allowed = {THRESHOLDS: most_cost, NO_DEARER: 0.0}
    for field, what in PRICED.items():
        first: Interval = getattr(found[BEFORE].price, field)
        for name, each in found.items():
            value: Interval = getattr(each.price, field)
            if name == BEFORE:
                continue
            bound = allowed.get(name) if field == "money_per_1000" else None
            table.add(
                f"{what}, {name}",
                str(value),
                against=f"before: {first}",
                asked="" if bound is None else f"at most {bound:.0%} dearer",
                reached=None if bound is None else value.value <= first.value * (1.0 + bound),
            )


def _notes(
    table: Table, found: dict[str, Found], parameters: Parameters, trained: int, measured: int
) -> None:
    least = parameters.service.fairness.least_rows
    table.notes += [
        f"Trained on {trained:,} posts: the train parts of surge and es_gold, and {DAVIDSON_ROWS:,} of "
        f"davidson's tweets. {TEMPLATES:,} of the 76,564 identity templates, drawn by a seed, none of them "
        f"trained on. Thresholds were chosen on one half; figures are of the other, {measured:,} of them. "
        f'Groups are those that a template names, and "none named"; one with fewer than {least} rows behind '
        "a rate is left out. 95 % intervals: of gaps from resampled rows, else Wilson's or the normal one.",
        "A post that is reviewed counts as caught in recall, and as a false positive and an error when it is "
        "fine. Cost is in the currency of params.yaml (costs, business). Thresholds may make decisions on "
        f"the choosing half dearer by at most {parameters.service.fairness.most_cost:.0%}, or, no dearer, by "
        "nothing; those after reweighing start from its cost.",
    ]
    gap = _gap(found[BEFORE], rates.EQUALISED_ODDS, FLAGGED)
    if gap is not None:
        table.notes.append(
            f"{gap.groups} groups of these sizes that are treated alike stay within an equalised-odds gap of "
            f"{gap.by_chance:.3f} 95 times of 100."
        )
    for name, each in found.items():
        hit = each.price.removed_share.value + each.price.review_share.value
        if hit > NEARLY_ALL:
            table.notes.append(
                f"{name[:1].upper()}{name[1:]}: {hit:.0%} of the templates are removed or reviewed. Its gap "
                "is narrow because nobody is let through, and people do the work; the gap of what is removed "
                "shows what the model itself still does."
            )


if __name__ == "__main__":
    run()
