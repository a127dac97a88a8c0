"""`python -m benchmarks.encoders`: what each encoder costs, and what it is good for.

Speed on one thread, as it is served; accuracy on banking77 of a linear model on the n-grams, on the
embedding, and on both; what a model that saw English alone keeps in Spanish and French.
"""

from __future__ import annotations

import csv
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.model_selection import GroupShuffleSplit

from benchmarks import linear_heads as heads
from benchmarks.table import Table
from lambdas.core.bundle import MODEL
from lambdas.core.model import OnnxModel
from lambdas.core.tokeniser import Tokeniser
from lambdas.tickets.features import text_of
from model_build.encoders.base import Encoder, load
from model_build.progress import Reporter
from model_build.tickets.pipeline import TicketTraining

BANKING = Path(__file__).parents[2] / "shared/data/banking77"
ENCODERS = ("use", "minilm")
REPEATS = 9
LANGUAGES = ("en", "es", "fr")
TICKETS = 6_000
SPLITS = 5
SEED = 20


@dataclass(frozen=True)
class Labelled:
    """Texts and what they are about."""

    texts: list[str]
    labels: heads.Labels


class Served:
    """An encoder as serving has it: its graph from a file, on one thread."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        with tempfile.TemporaryDirectory() as folder:
            bundle = Path(folder)
            (bundle / MODEL).write_bytes(encoder.graph().SerializeToString(deterministic=True))
            for name, path in encoder.files.items():
                (bundle / name).write_bytes(path.read_bytes())
            self.megabytes = {path.name: path.stat().st_size / 1e6 for path in bundle.iterdir()}
            started = time.perf_counter()
            self.model = OnnxModel(bundle)
            self.tokeniser = Tokeniser(encoder.settings, bundle)
            self.load_ms = (time.perf_counter() - started) * 1e3
            self.memory_mb = _memory(bundle)

    def tokens(self, texts: Sequence[str]) -> None:
        self.tokeniser.tokens(texts)

    def run(self, texts: Sequence[str]) -> None:
        """Text to vector, the whole way."""
        ids, mask = self.tokeniser.tokens(texts)
        self.model.run({"ids": ids, "mask": mask})


def run() -> None:
    """Run everything, print the table and save it."""
    table = Table("encoders", "python -m benchmarks.encoders")
    reporter = Reporter()
    encoders = [load(name) for name in ENCODERS]
    _costs(table, encoders, reporter)
    if BANKING.is_dir():
        _banking(table, encoders, reporter)
    else:
        table.notes.append(f"No accuracy on banking77: {BANKING} is not there.")
    _languages(table, encoders[0], reporter)
    table.save()


def _costs(table: Table, encoders: Sequence[Encoder], reporter: Reporter) -> None:
    """Sizes, and milliseconds a text; the encoders take turns, so that a busy machine is busy for all."""
    ticket = "My order 4711 was charged twice and nobody answers my emails, please refund one of them today."
    every: list[list[str]] = [[f"{ticket} Number {k}."] for k in range(10)]
    with reporter.stage("speed") as stage:
        served = [Served(encoder) for encoder in encoders]
        hundred = [text for texts in every for text in texts] * 10
        taken: dict[tuple[str, str], list[float]] = {}
        for repeat in range(REPEATS):
            for one in served:
                name = one.encoder.name
                one.run(every[0])  # the other one's weights are what the processor's caches hold
                single = _seconds(lambda one=one: [one.run(texts) for texts in every]) / len(every)
                tokens = _seconds(lambda one=one: [one.tokens(texts) for texts in every]) / len(every)
                batch = _seconds(lambda one=one: one.run(hundred)) / len(hundred)
                for figure, value in (("single", single), ("tokens", tokens), ("batch", batch)):
                    taken.setdefault((name, figure), []).append(value)
            stage(repeat + 1, REPEATS)
    for one in served:
        name = one.encoder.name
        single, tokens, batch = (
            statistics.median(taken[name, figure]) * 1e3 for figure in ("single", "tokens", "batch")
        )
        sizes = " + ".join(f"{size:.1f}" for size in sorted(one.megabytes.values(), reverse=True))
        table.add(f"{name}: graph + tokeniser", f"{sizes} MB")
        table.add(f"{name}: load", f"{one.load_ms:.0f} ms")
        table.add(f"{name}: memory once loaded", f"{one.memory_mb:.0f} MB more")
        table.add(
            f"{name}: one text, 20 words", f"{single:.2f} ms", against=f"{tokens * 1e3:.0f} µs tokenising"
        )
        table.add(f"{name}: a batch of 100, a text", f"{batch:.2f} ms")


def _memory(bundle: Path) -> float:
    """Megabytes that the graph in `bundle` takes, as a fresh process sees them."""
    code = (
        "import os, sys; from pathlib import Path; from lambdas.core.model import OnnxModel\n"
        "used = lambda: int(Path('/proc/self/statm').read_text().split()[1]) * os.sysconf('SC_PAGE_SIZE')\n"
        "before = used(); model = OnnxModel(Path(sys.argv[1])); print(used() - before)"
    )
    done = subprocess.run([sys.executable, "-c", code, bundle], capture_output=True, text=True, check=True)
    return int(done.stdout) / 1e6


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _banking(table: Table, encoders: Sequence[Encoder], reporter: Reporter) -> None:
    train, test = (_read(BANKING / f"{part}.csv") for part in ("train", "test"))
    counts = {part: heads.counts_of(data.texts) for part, data in (("train", train), ("test", test))}
    with reporter.stage("n-grams"):
        sparse_scores = heads.ngram_scores(counts["train"], train.labels, counts["test"])
        alone = heads.accuracy(sparse_scores, train.labels, test.labels)
    table.add("banking77: n-grams", f"{alone:.4f}")
    for encoder in encoders:
        with reporter.stage(f"embed {encoder.name}") as stage:
            vectors = encoder.embed([*train.texts, *test.texts], progress=stage)
        known, unseen = vectors[: len(train.texts)], vectors[len(train.texts) :]
        with reporter.stage(f"blend {encoder.name}"):
            weight = heads.blend_weight(counts["train"], known, train.labels)
            dense = heads.embedding_scores(known, train.labels, unseen)
        score = heads.accuracy(dense, train.labels, test.labels)
        both = heads.accuracy(sparse_scores + weight * dense, train.labels, test.labels)
        table.add(f"banking77: {encoder.name}", f"{score:.4f}", against=f"n-grams {alone:.4f}")
        table.add(
            f"banking77: n-grams + {weight} x {encoder.name}",
            f"{both:.4f}",
            against=f"n-grams {alone:.4f}",
            asked="best at least 0.93",
            reached=both >= 0.93,
        )


def _read(path: Path) -> Labelled:
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return Labelled([row["text"] for row in rows], np.array([row["category"] for row in rows]))


def _languages(table: Table, encoder: Encoder, reporter: Reporter) -> None:
    """Trained on English, asked in English, Spanish and French; no template is on both sides."""
    with reporter.stage("tickets"):
        data, languages, groups = _tickets()
        counts = heads.counts_of(data.texts)
    with reporter.stage(f"embed {encoder.name}") as stage:
        vectors = encoder.embed(data.texts, progress=stage)
    found: dict[str, list[list[float]]] = {}
    with reporter.stage("heads") as stage:
        splits = GroupShuffleSplit(SPLITS, test_size=0.3, random_state=SEED).split(groups, groups=groups)
        for number, (train, test) in enumerate(splits):
            english = train[languages[train] == "en"]
            labels, truth = data.labels[english], data.labels[test]
            words = heads.ngram_scores(counts[english], labels, counts[test])
            meaning = heads.embedding_scores(vectors[english], labels, vectors[test])
            scores = {"English, n-grams": words, f"English, {encoder.name}": meaning}
            for weight in (0.3, 1.0):
                scores[f"English, n-grams + {weight} x {encoder.name}"] = words + weight * meaning
            scores["all three, n-grams"] = heads.ngram_scores(counts[train], data.labels[train], counts[test])
            for name, made in scores.items():
                parts = [languages[test] == language for language in LANGUAGES]
                right = [heads.accuracy(made[part], labels, truth[part]) for part in parts]
                found.setdefault(name, []).append(right)
            stage(number + 1, SPLITS)
    for name, rights in found.items():
        shares = dict(zip(LANGUAGES, np.mean(rights, axis=0), strict=True))
        kept = ", ".join(f"{language} {shares[language] / shares['en']:.0%}" for language in LANGUAGES[1:])
        said = ", ".join(f"{language} {share:.3f}" for language, share in shares.items())
        table.add(f"trained on {name}", said, against=f"of its English: {kept}")
    table.notes.append(
        f"Languages: {TICKETS:,} synthetic tickets, accuracy on the department, mean of {SPLITS} splits; "
        f"70 % of the templates to train on, the others to ask."
    )


def _tickets() -> tuple[Labelled, heads.Labels, heads.Labels]:
    """Synthetic tickets with their languages and their groups of templates."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tickets.csv"
        TicketTraining().write_synthetic(path, rows=TICKETS, seed=SEED)
        with path.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["department"]]
    texts = [text_of(row["subject"], row["body"]) for row in rows]
    labels, languages, groups = (
        np.array([row[column] for row in rows]) for column in ("department", "language", "template_group")
    )
    return Labelled(texts, labels), languages, groups


if __name__ == "__main__":
    run()
