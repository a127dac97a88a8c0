"""The third stage: which rows train, which calibrate, which test, and the folds of cross-validation.

The data decides how. With a time column the past trains and the future tests; with a group column no
group is on two sides; otherwise every class is cut at the same shares. With both, time decides and a
row whose group was already seen in an earlier part is left out of the later ones. A text that occurs
twice never lies on two sides. Every row left out is counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from model_build.assign import Keys, Parts, Read, Rule, TimeRule, group_rule, stratified_rule, time_rule
from model_build.clean import GROUP_KEY, ROW, TEXT_KEY, TIME, Cleaned
from model_build.crossval import fold_plan, fold_rule
from model_build.dataset import LABEL, SPLITS, Columns, Dataset, Split, SplitKind
from model_build.duplicates import Owners, straddling
from model_build.errors import DataValidationError, ParametersError
from model_build.findings import Finding
from model_build.parameters import Shares, SplitParameters
from model_build.service import Progress, quiet
from model_build.shards import FOLD, SplitWriter
from model_build.split_findings import IN_WORDS, split_findings

LEFT_OUT = -1
DAY_MS = 86_400_000
Reason = Literal["text", "group", "gap"]


class SplitReport(msgspec.Struct, frozen=True, kw_only=True):
    """How the rows were split: `left_out` counts by reason the rows that are in no part."""

    kind: SplitKind
    why: str
    rows: dict[Split, int]
    left_out: dict[str, int]
    findings: list[Finding]


class SplitResult(NamedTuple):
    """The dataset, and how it came about."""

    dataset: Dataset
    report: SplitReport


@dataclass(frozen=True)
class Sieve:
    """A rule, and the texts and groups that only one part may keep."""

    rule: Rule
    text: Owners
    group: Owners | None
    gap: int = 0
    """Milliseconds before each later part whose rows are in none: their labels come too late for it."""

    def parts(self, keys: Keys) -> tuple[Parts, dict[Reason, npt.NDArray[np.bool_]]]:
        """The part of each row, LEFT_OUT for some, and which rows were left out for which reason."""
        parts = self.rule.parts(keys)
        out: dict[Reason, npt.NDArray[np.bool_]] = {}
        if self.group is not None:
            out["group"] = self.group.elsewhere(keys.group, parts)
        seen = self.text.elsewhere(keys.text, parts)
        out["text"] = seen & ~out["group"] if "group" in out else seen
        if self.gap and isinstance(self.rule, TimeRule):
            late = self.rule.before_a_cut(keys, self.gap)
            out["gap"] = late & ~out["text"] & ~out.get("group", np.zeros_like(late))
        for rows in out.values():
            parts = np.where(rows, np.int8(LEFT_OUT), parts)
        return parts, out


def split(
    cleaned: Cleaned,
    columns: Columns,
    parameters: SplitParameters,
    folder: Path,
    *,
    seed: int,
    synthetic: bool,
    test: Cleaned | None = None,
    label_delay_days: float = 0.0,
    has_history: bool = False,
    progress: Progress = quiet,
) -> SplitResult:
    """Split `cleaned` (and take `test`, when given, as the test part) into the dataset in `folder`.

    With a `label_delay_days` the rows whose labels are not yet known when the next part begins are in none.
    Raises DataValidationError when a class cannot be learned from the train part, or when too many rows
    would have to be left out; ParametersError when the wanted kind of split has no column.
    """
    kind, why = _kind(cleaned, parameters)
    shares = _shares(cleaned, parameters, test)
    read = _reader(cleaned)
    counts = cleaned.class_counts[next(iter(cleaned.classes))]
    rule = _rule(kind, read, shares, counts, seed)
    delay = round(label_delay_days * DAY_MS)
    if delay and kind != "time":
        raise ParametersError(
            "with label_delay_days the rows are split by time: name the time column, --time, and leave "
            "split.by at auto"
        )
    sieve = replace(_sieve(cleaned, rule, read, kind, test), gap=delay)

    def train_keys() -> Iterator[Keys]:
        for keys in read():
            parts, _ = sieve.parts(keys)
            yield keys.where(parts == 0)

    folds = fold_rule(kind, train_keys, parameters.folds, counts, seed)
    left_out, class_counts = _write(cleaned, test, sieve, folds, folder, seed, progress)
    rows: dict[Split, int] = {name: sum(next(iter(class_counts[name].values()))) for name in SPLITS}
    findings = split_findings(cleaned, class_counts, rows, left_out)
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        raise DataValidationError(cleaned.source, errors)
    dataset = Dataset(
        folder=folder,
        source=cleaned.source,
        sha256=cleaned.sha256,
        rows=cleaned.source_rows,
        synthetic=synthetic,
        columns=columns,
        fields=cleaned.fields,
        classes=cleaned.classes,
        split_rows=rows,
        class_counts=class_counts,
        split_kind=kind,
        split_why=why,
        folds=fold_plan(kind, parameters.folds),
        seed=seed,
        left_out={**cleaned.dropped, **{IN_WORDS[reason]: count for reason, count in left_out.items()}},
        test_left_out=test.dropped if test else {},
        test_source=test.source if test else None,
        test_sha256=test.sha256 if test else None,
        has_history=has_history,
        label_delay_ms=delay,
    )
    dataset.save()
    report = SplitReport(kind=kind, why=why, rows=rows, left_out=left_out, findings=findings)
    return SplitResult(dataset, report)


def _kind(cleaned: Cleaned, parameters: SplitParameters) -> tuple[SplitKind, str]:
    """The kind of split, and a sentence that says why."""
    by = parameters.by
    if by == "time" and not cleaned.has_time:
        raise ParametersError("split.by is 'time' and there is no time column: pass --time")
    if by == "group" and not cleaned.has_group:
        raise ParametersError("split.by is 'group' and there is no group column: pass --group")
    asked = "as asked" if by != "auto" else ""
    if by == "time" or (by == "auto" and cleaned.has_time):
        also = "; rows of a group already seen earlier are left out" if cleaned.has_group else ""
        return (
            "time",
            f"by time, {asked or 'because there is a time column'}: the past trains, the future tests{also}",
        )
    if by == "group" or (by == "auto" and cleaned.has_group):
        return "group", f"by group, {asked or 'because there is a group column'}: no group is on two sides"
    reason = asked or "because there is neither a time nor a group column"
    return "stratified", f"stratified, {reason}: every class at the same shares"


def _shares(cleaned: Cleaned, parameters: SplitParameters, test: Cleaned | None) -> list[float]:
    """The shares of train, calibrate and test; what is above the most rows of a part goes to train."""
    shares: Shares = parameters.shares_with_test_csv if test else parameters.shares
    calibrate = min(shares.calibrate, parameters.most_calibrate_rows / cleaned.rows)
    tested = 0.0 if test else min(shares.test, parameters.most_test_rows / cleaned.rows)
    return [1.0 - calibrate - tested, calibrate, tested]


def _rule(kind: SplitKind, read: Read, shares: Sequence[float], counts: Sequence[int], seed: int) -> Rule:
    if kind == "time":
        return time_rule(read, shares)
    if kind == "group":
        return group_rule(read, shares, len(counts), seed)
    return stratified_rule(read, shares, counts, seed)


def _reader(cleaned: Cleaned) -> Read:
    """Passes over the key columns of `cleaned`, a shard at a time."""
    label = LABEL + next(iter(cleaned.classes))
    optional = [GROUP_KEY] * cleaned.has_group + [TIME] * cleaned.has_time

    def read() -> Iterator[Keys]:
        for name in cleaned.shards:
            table = pq.ParquetFile(cleaned.folder / name).read([TEXT_KEY, label, ROW, *optional])
            yield keys_of(table, label)

    return read


def keys_of(table: pa.Table, label: str) -> Keys:
    """The keys of a cleaned table's rows."""

    def column(name: str, dtype: type) -> npt.NDArray[np.generic]:
        return table[name].to_numpy() if name in table.column_names else np.empty(0, dtype)

    return Keys(
        text=table[TEXT_KEY].to_numpy(),
        group=column(GROUP_KEY, np.uint64),  # type: ignore[arg-type]
        time=column(TIME, np.int64),  # type: ignore[arg-type]
        label=table[label].to_numpy(),
        row=table[ROW].to_numpy(),
    )


def _sieve(cleaned: Cleaned, rule: Rule, read: Read, kind: SplitKind, test: Cleaned | None) -> Sieve:
    """The rule with the texts, and by time the groups, that would lie on two sides.

    A text or group belongs to the first part that has it; what is in a separate test file belongs there.
    """
    if test is not None:
        other = _reader(test)
        text = _all_in_test(np.unique(np.concatenate([keys.text for keys in other()])))
        both = cleaned.has_group and test.has_group
        group = _all_in_test(np.unique(np.concatenate([k.group for k in other()]))) if both else None
        own = straddling(lambda: ((keys.text, rule.parts(keys)) for keys in read()), cleaned.rows)
        return Sieve(rule, _merged(text, own), group)
    grouped = kind == "time" and cleaned.has_group
    group = (
        straddling(lambda: ((keys.group, rule.parts(keys)) for keys in read()), cleaned.rows)
        if grouped
        else None
    )
    without_text = Sieve(rule, Owners(np.empty(0, np.uint64), np.empty(0, np.int8)), group)
    text = straddling(lambda: ((keys.text, without_text.parts(keys)[0]) for keys in read()), cleaned.rows)
    return Sieve(rule, text, group)


def _all_in_test(keys: npt.NDArray[np.uint64]) -> Owners:
    return Owners(keys, np.full(len(keys), SPLITS.index("test"), dtype=np.int8))


def _merged(first: Owners, second: Owners) -> Owners:
    """Both; where they disagree `first` holds."""
    new = ~np.isin(second.keys, first.keys)
    keys = np.concatenate([first.keys, second.keys[new]])
    parts = np.concatenate([first.parts, second.parts[new]])
    order = np.argsort(keys)
    return Owners(keys[order], parts[order])


def _write(
    cleaned: Cleaned,
    test: Cleaned | None,
    sieve: Sieve,
    folds: Rule,
    folder: Path,
    seed: int,
    progress: Progress,
) -> tuple[dict[str, int], dict[Split, dict[str, list[int]]]]:
    """Write the shards of every part; returns the rows left out by reason, and the class counts."""
    label = LABEL + next(iter(cleaned.classes))
    left_out = {"text": 0, "group": 0, "gap": 0}
    writer = SplitWriter(folder, cleaned.classes, rows=cleaned.rows, size=cleaned.bytes, seed=seed)
    sources = [(cleaned, name) for name in cleaned.shards]
    sources += [(test, name) for name in test.shards] if test else []
    for done, (origin, name) in enumerate(sources, start=1):
        table = pq.ParquetFile(origin.folder / name).read()
        keys = keys_of(table, label)
        if origin is test:
            parts = np.full(len(table), SPLITS.index("test"), dtype=np.int8)
        else:
            parts, out = sieve.parts(keys)
            for reason, rows in out.items():
                left_out[reason] += int(rows.sum())
        numbers = np.where(parts == 0, folds.parts(keys), np.int8(-1)).astype(np.int8)
        writer.write(table.append_column(FOLD, pa.array(numbers)), keys.row, parts)
        progress(done, len(sources))
    return {reason: count for reason, count in left_out.items() if count}, writer.close()
