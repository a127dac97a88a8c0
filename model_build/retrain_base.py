"""The base of a retraining: the rows that the verdicts stand beside, which must be the champion's own.

Trained on other rows, or on generated ones because no CSV was given, the candidate would take the place of a
model that knows the user's data.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from lambdas.core.bundle import Manifest, TrainingData, sha256_of
from model_build.errors import BuildError
from model_build.job import Job, Source
from model_build.preflight.bundles import Opened
from model_build.stages_data import source_stage


class OtherData(BuildError):
    """The rows are not those that the champion was trained on; the message says how to pass them."""


class Base(NamedTuple):
    """The CSV that the verdicts stand beside, and its sha256."""

    source: Source
    sha256: str

    def record(self, rows: int) -> TrainingData:
        """What the manifest keeps of it; `rows` is how many it has."""
        return TrainingData(self.source.csv.name, self.sha256, rows, self.source.synthetic)


def champions_base(manifest: Manifest) -> TrainingData:
    """What the champion's own training began with, however often it was trained again since."""
    data = manifest.training_data
    return data if data.base is msgspec.UNSET else data.base


def find_base(job: Job, opened: Opened | None, *, other_data: bool) -> Base:
    """The base that the options name, or the generated one.

    Raises OtherData when the champion has another one; with `other_data` that is a warning.
    """
    source = source_stage(job)
    found = Base(source, sha256_of(source.csv))
    if opened is None:
        return found
    trained = champions_base(opened.manifest)
    if trained.sha256 == found.sha256:
        return found
    differs = _differs(trained, found)
    if not other_data:
        raise OtherData(f"{differs}. Nothing was trained. {_what_to_do(job, trained)}")
    job.reporter.warn(f"--other-data: {differs}")
    return found


def _differs(trained: TrainingData, found: Base) -> str:
    def named(source: str, digest: str, *, synthetic: bool) -> str:
        return f"{'generated rows' if synthetic else source} (sha256 {digest[:16]}…)"

    own = named(trained.source, trained.sha256, synthetic=trained.synthetic)
    given = named(found.source.csv.name, found.sha256, synthetic=found.source.synthetic)
    without = " because no CSV was given" if found.source.synthetic and not trained.synthetic else ""
    return (
        f"the champion was trained on {own}, {trained.rows:,} rows, and this retraining would be on {given}"
        f"{without}: the candidate would know nothing of the champion's data"
    )


def _what_to_do(job: Job, trained: TrainingData) -> str:
    if trained.synthetic:
        how = "Pass no CSV, and the options that the champion was trained with (--rows, --seed, --set)"
    else:
        reads_text = any(field.kind == "text" for field in job.service.fields.values())
        columns = "TEXT=… LABEL=…" if reads_text else "LABEL=…"
        how = (
            f"Pass {trained.source} and the columns that it was trained with: make retrain "
            f"SERVICE={job.service.name} CSV={trained.source} {columns} "
            "(each night: the variable RETRAIN_CSV, docs/fairness.md)"
        )
    return f"{how}; or, if the data are meant to be others, RETRAIN_FLAGS=--other-data"
