"""`python -m benchmarks.big_csv [--megabytes 30 300]`: training on CSVs far larger than memory should be.

Writes a CSV of each size, trains on it with the project's own command in a process of its own, and
measures that process's peak resident memory. It must not grow with the file.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.table import Table

ROOT = Path(__file__).resolve().parent.parent
SIZES = (30, 300)
LIMIT_MB = 4_000
LEAST_ACCURACY = 0.9
"""One label in twenty is wrong, so no model can pass 0.9525; a descent that diverged is far below."""
CLASSES = 20
VOCABULARY = 60_000
NICENESS = 5


@dataclass(frozen=True)
class Trained:
    """What one training took."""

    megabytes: float
    rows: int
    seconds: float
    peak_mb: float
    accuracy: float


def run(sizes: Sequence[int] = SIZES) -> None:
    """Train on a CSV of each size, in megabytes, and save the table."""
    table = Table("big_csv", f"python -m benchmarks.big_csv --megabytes {' '.join(map(str, sizes))}")
    found: list[Trained] = []
    for size in sizes:
        with tempfile.TemporaryDirectory(dir=_roomy_folder(size)) as folder:
            found.append(_train(Path(folder), size))
        last = found[-1]
        print(f"  peak {last.peak_mb:,.0f} MB after {last.seconds:,.0f} s", flush=True)
        table.add(
            f"peak memory, {last.megabytes:,.0f} MB, {last.rows:,} rows",
            f"{last.peak_mb:,.0f} MB",
            against=f"{last.seconds:,.0f} s",
            asked=f"at most {LIMIT_MB:,} MB",
            reached=last.peak_mb <= LIMIT_MB,
        )
        table.add(
            f"accuracy, {last.megabytes:,.0f} MB",
            f"{last.accuracy:.3f}",
            asked=f"at least {LEAST_ACCURACY}",
            reached=last.accuracy >= LEAST_ACCURACY,
        )
    if len(found) > 1:
        times = found[-1].megabytes / found[0].megabytes
        table.add(
            "memory, largest against smallest file",
            f"{found[-1].peak_mb / found[0].peak_mb:.2f} times",
            against=f"the file is {times:.0f} times as large",
        )
    table.notes.append("Made-up words, 20 classes, 5 % wrong labels; all stages in one process.")
    table.save()


def write_csv(path: Path, megabytes: int, seed: int = 1) -> int:
    """Write a CSV of about `megabytes`; returns its rows.

    Words follow Zipf's law over a vocabulary of 60,000, so the n-grams are as many as in real text; a
    fifth of the words speak for the class.
    """
    rng = np.random.default_rng(seed)
    letters = np.array(list("etaoinshrdlcumwfgypbvk"))
    words = np.array(["".join(rng.choice(letters, size)) for size in rng.integers(2, 11, VOCABULARY)])
    weights = 1 / np.arange(1, VOCABULARY + 1)
    weights /= weights.sum()
    rows = 0
    with path.open("w", encoding="utf-8") as file:
        file.write("id,text,queue\n")
        while file.tell() < megabytes * 1_000_000:
            rows += _write_rows(file, rng, words, weights, rows)
    return rows


def _write_rows(file, rng: np.random.Generator, words, weights, first: int, count: int = 5_000) -> int:  # noqa: ANN001
    lengths = rng.integers(8, 60, count)
    drawn = rng.choice(VOCABULARY, lengths.sum(), p=weights)
    classes = rng.integers(0, CLASSES, count)
    own = rng.random(lengths.sum()) < 0.2
    drawn = np.where(
        own, 2_000 + rng.integers(0, 100, len(drawn)) * CLASSES + np.repeat(classes, lengths), drawn
    )
    wrong = rng.random(count) < 0.05
    labels = np.where(wrong, rng.integers(0, CLASSES, count), classes)
    text, ends = words[drawn], np.cumsum(lengths)
    starts = ends - lengths
    file.writelines(
        f"{first + k},{' '.join(text[starts[k] : ends[k]])},queue {labels[k]}\n" for k in range(count)
    )
    return count


def _train(folder: Path, megabytes: int) -> Trained:
    path = folder / "big.csv"
    rows = write_csv(path, megabytes)
    size = path.stat().st_size / 1e6
    print(f"training on {size:,.0f} MB, {rows:,} rows ...", flush=True)
    command = [
        sys.executable, "-m", "model_build", "train", "tickets", "--csv", str(path), "--text", "text",
        "--label", "queue", "--build-dir", str(folder / "build"), "--no-tracking",
    ]  # fmt: skip
    started = time.monotonic()
    process = subprocess.Popen(
        ["nice", "-n", str(NICENESS), *command], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"training failed with status {os.waitstatus_to_exitcode(status)}")
    return Trained(size, rows, time.monotonic() - started, _peak_mb(usage), _accuracy(folder / "build"))


def _peak_mb(usage: resource.struct_rusage) -> float:
    """ru_maxrss is in KiB on Linux, in bytes on macOS."""
    return usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3 / 1.024)


def _accuracy(build: Path) -> float:
    from model_build.bundle import built_bundles

    manifest = built_bundles(build / "tickets" / "bundles", "tickets")[-1]
    return float(manifest.metrics["accuracy"])


def _roomy_folder(megabytes: int) -> str | None:
    """The usual folder for temporary files, unless it has no room: the CSV, its Parquet twice, slack."""
    needed = megabytes * 4 * 1_000_000
    if shutil.disk_usage(tempfile.gettempdir()).free < needed:
        raise SystemExit(f"{tempfile.gettempdir()} needs {needed / 1e9:.1f} GB free; set TMPDIR")
    return None


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, nargs="+", default=list(SIZES), help="the sizes to train on")
    run(parser.parse_args().megabytes)
