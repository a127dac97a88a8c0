"""The fairness report of a bundle: everything that the page shows, as one JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from lambdas.core.bundle import Manifest
from model_build.fairness import rates
from model_build.fairness.decided import FLAGGED, Decided, questions
from model_build.fairness.groups import Dimension, dimensions
from model_build.fairness.measures import Gap, Table, measure
from model_build.fairness.rows import OUTCOME, Rows
from model_build.fairness.swaps import Cases, Swapped, own_texts, swapped, templates
from model_build.service import Progress, quiet

FORMAT: Final = 1
Decide = Callable[[Sequence[str]], Decided]


class Answer(msgspec.Struct, frozen=True):
    """How often `target` was `point` (removed, or removed or reviewed), by group of one dimension."""

    target: str
    point: str
    table: Table


class Audit(msgspec.Struct, frozen=True):
    """One set of labelled rows, and every question asked of it."""

    source: str
    rows: int
    wrong: int
    answers: list[Answer]

    def table(self, dimension: str, target: str = OUTCOME, point: str = FLAGGED) -> Table | None:
        """The answer to one question; None where the rows have no such dimension or target."""
        for each in self.answers:
            if (each.table.dimension, each.target, each.point) == (dimension, target, point):
                return each.table
        return None

    @property
    def dimensions(self) -> list[str]:
        """The dimensions, in order."""
        return list(dict.fromkeys(each.table.dimension for each in self.answers))


class Report(msgspec.Struct, frozen=True):
    """`audits` are of the held-out rows or the CSV, and of the sentences of our own; `swaps` what swapping a
    group's name does. `least_rows` is below how many rows nothing is said of a group."""

    version: str
    synthetic: bool
    trained_on: str
    least_rows: int
    audits: list[Audit]
    swaps: list[Swapped]
    format: int = FORMAT


def audit(decided: Decided, rows: Rows, *, least: int, seed: int, by: Sequence[Dimension] = ()) -> Audit:
    """Every question of every dimension of `rows`, or of the dimensions `by`."""
    by = by or dimensions(rows.texts, languages=rows.languages, declared=rows.declared)
    answers = [
        Answer(target, point, measure(truth, chosen, dimension, least=least, seed=seed))
        for dimension in by
        for target, point, truth, chosen in questions(decided, rows)
    ]
    return Audit(rows.source, len(rows), int(rows.truth[OUTCOME].sum()), answers)


def report(
    manifest: Manifest,
    decided: Decided,
    rows: Rows,
    decide: Decide,
    *,
    least: int,
    seed: int,
    progress: Progress = quiet,
) -> Report:
    """The report on `rows`, which the bundle decided as `decided`; `decide` runs it on further texts."""
    own, sentences = own_texts(rows.texts), templates()
    steps = 3 if own else 2
    progress(0, steps)
    found = [audit(decided, rows, least=least, seed=seed)]
    progress(1, steps)
    known = by_of(sentences)
    found.append(audit(decide(sentences.texts), rows_of(sentences), least=least, seed=seed, by=known))
    progress(2, steps)
    swaps = [swapped(each, decide, seed=seed) for each in (sentences, own) if each is not None]
    progress(steps, steps)
    return Report(
        version=manifest.version,
        synthetic=manifest.training_data.synthetic,
        trained_on=manifest.training_data.source,
        least_rows=least,
        audits=found,
        swaps=swaps,
    )


def rows_of(cases: Cases) -> Rows:
    """The sentences of our own as labelled rows: the hostile ones are toxic, the others are fine."""
    from model_build.fairness.rows import with_outcome

    assert cases.hostile is not None  # noqa: S101 - sentences of our own say which they are
    truth = with_outcome({"toxicity": cases.hostile})
    return Rows(cases.kind, cases.texts, truth, [], languages=cases.languages)


def by_of(cases: Cases) -> list[Dimension]:
    """The groups and the languages that the sentences of our own are about, as it is known."""
    from model_build.fairness.groups import of_sets

    found = [of_sets("identity", [{group} for group in cases.groups], none=None)]
    if cases.languages is not None:
        found.append(of_sets("language", [{tag} for tag in cases.languages], none=None))
    return found


TOLD: Final = (rates.FALSE_POSITIVES, rates.EQUALISED_ODDS)


def widest(found: Audit, measures: Sequence[str] = TOLD) -> list[tuple[str, Gap]]:
    """(dimension, gap) of the outcome, removed or reviewed: one a dimension and measure that can be told."""
    gaps = []
    for dimension in found.dimensions:
        table = found.table(dimension)
        for measure_name in measures:
            gap = table.gap(measure_name) if table else None
            if gap is not None:
                gaps.append((dimension, gap))
    return gaps
