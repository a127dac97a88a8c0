"""`python -m benchmarks.fraud`: the fraud ensemble on data not made for it, through the train command.

Sparkov's simulated card transactions, with a column mapping, in the order of time: train, a gap of 7 days,
calibrate, a gap of 7 days, test. Every choice is made on the train part. The figures are those of the
bundle's manifest. `--csv` takes any other file, with the options of the train command after `--`.
"""

from __future__ import annotations

import argparse
import gzip
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.table import Table
from model_build.bundle import find_bundle, read_bundle

ROOT = Path(__file__).resolve().parent.parent
SPARKOV = ROOT.parent / "shared/data/sparkov/sparkov_150cust_2024-01_04.csv.gz"
MAPPING = (
    "--card", "user_id", "--merchant", "merchant", "--time", "unix_time", "--amount", "amt",
    "--label", "is_fraud", "--category", "category", "--place", "merch_lat,merch_long",
    "--home", "lat,long", "--id", "trans_num",
)  # fmt: skip
BARE = MAPPING[: MAPPING.index("--category")]
MODELS = ("xgboost", "lightgbm", "mlp", "isolation_forest")


def run(csv: Path | None = None, mapping: Sequence[str] = MAPPING) -> None:
    """Train, print the table and save it."""
    table = Table("fraud", "python -m benchmarks.fraud" + (f" --csv {csv.name}" if csv else ""))
    if csv is None and not SPARKOV.is_file():
        print(f"skipped: {SPARKOV} is not there")
        return
    with tempfile.TemporaryDirectory() as folder:
        if csv is None:
            path = Path(folder) / "sparkov.csv"
            with gzip.open(SPARKOV) as source, path.open("wb") as to:
                shutil.copyfileobj(source, to)
            _add(table, "sparkov", *_train(Path(folder) / "whole", path, MAPPING))
            _add(table, "sparkov, five columns", *_train(Path(folder) / "bare", path, BARE))
        else:
            _add(table, csv.stem, *_train(Path(folder) / "own", csv, mapping))
    table.notes.append(
        "In brackets 95 % intervals: resampled cards, for the figures by day resampled days; `ahead` is the "
        "difference of average precision on the same resampled cards. `five columns` has neither category, "
        "place nor home."
    )
    table.save()


def _train(build: Path, csv: Path, mapping: Sequence[str]) -> tuple[dict[str, Any], float]:
    """The manifest's metrics, and the seconds that it took."""
    command = [
        sys.executable, "-m", "model_build", "train", "transactions", "--csv", str(csv), *mapping,
        "--build-dir", str(build), "--no-tracking",
    ]  # fmt: skip
    print(f"training on {csv.name} ...", flush=True)
    started = time.monotonic()
    subprocess.run(command, check=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
    folder = find_bundle(build / "transactions" / "bundles", "transactions")
    return read_bundle(folder, "transactions").metrics, time.monotonic() - started


def _add(table: Table, name: str, metrics: dict[str, Any], seconds: float) -> None:
    models, rows = metrics["models"], metrics["rows"]
    ours = models["the ensemble"]
    split = ", ".join(f"{part} {count:,}" for part, count in rows.items())
    took = f"{metrics['frauds']} frauds in test; trained in {seconds:.0f} s"
    table.add(f"{name}: rows", split, against=took)
    table.add(f"{name}: average precision", _told(ours["average_precision"]))
    for model in MODELS:
        ahead = metrics["ahead"][model]
        table.add(
            f"{name}: ahead of {model}",
            _told(ahead, "+"),
            against=_told(models[model]["average_precision"]),
            asked="above 0",
            reached=ahead["value"] > 0,
        )
    table.add(
        f"{name}: AUC-ROC",
        _told(ours["auc"]),
        against=", ".join(f"{model} {models[model]['auc']['value']:.3f}" for model in MODELS),
    )
    k = metrics["alerts_a_day"]
    table.add(
        f"{name}: precision, top {k} alerts a day",
        _told(ours["precision_at_k"]),
        against=", ".join(f"{model} {models[model]['precision_at_k']['value']:.4f}" for model in MODELS)
        + f"; nothing can exceed {metrics['frauds'] / (k * metrics['days']):.4f}",
        asked="none is above",
        reached=all(
            ours["precision_at_k"]["value"] >= models[model]["precision_at_k"]["value"] for model in MODELS
        ),
    )
    table.add(f"{name}: frauds among those alerts", _told(ours["caught_at_k"]))
    table.add(
        f"{name}: the rules",
        f"average precision {models['the rules']['average_precision']['value']:.3f}",
        against=f"AUC-ROC {models['the rules']['auc']['value']:.3f}",
    )
    table.add(f"{name}: calibration error", f"{metrics['ece']:.4f}")


def _told(found: dict[str, float], sign: str = "") -> str:
    return f"{found['value']:{sign}.3f} ({found['low']:{sign}.3f} to {found['high']:{sign}.3f})"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--csv", type=Path, help="another file")
    known, rest = parser.parse_known_args()
    run(known.csv, [each for each in rest if each != "--"] or MAPPING)
