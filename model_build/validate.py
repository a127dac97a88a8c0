"""The first stage: is this CSV fit for training? Everything wrong with it is told at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from lambdas.core.bundle import sha256_of
from model_build.class_findings import class_findings
from model_build.csv_source import open_csv
from model_build.errors import DataValidationError
from model_build.examine import Examiner, Layout
from model_build.findings import NAMED_ROWS, Finding, flags
from model_build.heads import heads_left
from model_build.parameters import ClassParameters
from model_build.service import Progress, quiet

MOST_CLASSES: Final = 5_000
"""A column with more labels than this is an identifier or free text."""


class ValidationReport(msgspec.Struct, frozen=True, kw_only=True):
    """What validation saw.

    `rows` are in the file, `kept` go on; `dropped` counts the others by reason. `classes[head]` maps each
    label that is kept to its rows. `empty` counts the missing values of each column.
    """

    source: str
    sha256: str
    bytes: int
    rows: int
    kept: int
    dropped: dict[str, int]
    classes: dict[str, dict[str, int]]
    empty: dict[str, int]
    findings: list[Finding]


def validate(
    path: Path,
    layout: Layout,
    classes: ClassParameters,
    *,
    delimiter: str = ",",
    known: Mapping[str, list[str]] | None = None,
    progress: Progress = quiet,
) -> ValidationReport:
    """Read all of `path` and report on it; warnings are in the report's findings.

    `known` are the classes of the training data when `path` is a separate test file. Raises
    DataValidationError with every finding that keeps the data from being used.
    """
    source = open_csv(path, layout.columns.used, delimiter)
    examiner = Examiner(layout, path.parent)
    counts: dict[str, Counter[str]] = {head: Counter() for head in layout.heads}
    first_rows: dict[str, dict[str, list[int]]] = {head: {} for head in counts}
    size, done = path.stat().st_size, 0
    for chunk in source.chunks(layout.columns.used):
        examined = examiner.examine(chunk)
        for head, labels in examined.labels.items():
            _count(head, labels, examined.rows, counts[head], first_rows[head])
            if len(counts[head]) > MOST_CLASSES:
                raise DataValidationError(str(path), [_too_many_classes(layout.heads[head])])
        done = min(size, done + chunk.characters)
        progress(done, size)
    progress(size, size)
    findings = [finding for finding in (source.ragged_finding(),) if finding]
    findings += _row_findings(examiner)
    counts, without = heads_left(layout, counts, classes, known)
    findings += without
    judged, kept_classes = class_findings(counts, first_rows, classes, known)
    findings += [
        msgspec.structs.replace(each, column=layout.heads.get(each.column or "", each.column))
        for each in judged
    ]
    if not examiner.seen - sum(examiner.dropped.values()):
        findings.append(Finding(code="nothing-left", severity="error", message="no row can be used"))
    for each in layout.binaries:  # the rare class stands last, whatever the alphabet says
        if each.head in kept_classes:
            found = kept_classes[each.head]
            kept_classes[each.head] = {name: found[name] for name in (each.no, each.yes) if name in found}
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        raise DataValidationError(str(path), errors)
    return ValidationReport(
        source=path.name,
        sha256=sha256_of(path),
        bytes=size,
        rows=examiner.seen,
        kept=examiner.seen - sum(examiner.dropped.values()),
        dropped=dict(examiner.dropped),
        classes=kept_classes,
        empty=dict(examiner.empty),
        findings=findings,
    )


def _count(
    head: str, labels: list[str], rows: list[int], counts: Counter[str], first_rows: dict[str, list[int]]
) -> None:
    if "" in labels:  # a missing label under the policy "error": told elsewhere
        kept = [(label, row) for label, row in zip(labels, rows, strict=True) if label]
        labels, rows = [label for label, _ in kept], [row for _, row in kept]
    counts.update(labels)
    for label, row in zip(labels, rows, strict=True):
        known = first_rows.setdefault(label, [])
        if len(known) < NAMED_ROWS:
            known.append(row)


def _row_findings(examiner: Examiner) -> list[Finding]:
    """The findings about cells, in the order of the columns."""
    layout, log = examiner.layout, examiner.log
    policy_of = layout.missing
    found: list[Finding | None] = []
    if policy_of.no_text == "error":
        found.append(
            log.finding(
                "no-text",
                None,
                "error",
                "no text in " + " or ".join(layout.columns.text),
                f"Fill it in, remove the rows, or leave them out: {flags('--missing no_text=drop-row')}",
            )
        )
    else:
        found.append(log.finding("no-text", None, "warning", "no text, so {count} rows are left out"))
    for name, role in layout.roles.items():
        found += _column_findings(examiner, name, role)
    return [finding for finding in found if finding]


def _column_findings(examiner: Examiner, name: str, role: str) -> list[Finding | None]:
    layout, log = examiner.layout, examiner.log
    found = [
        log.finding("nul", name, "error", "NUL bytes", "Remove them: tr -d '\\000' < in.csv > out.csv"),
        log.finding(
            "missing",
            name,
            "error",
            "no value",
            "Fill it in, or leave the rows out: " + flags(f"--missing '{name}=drop-row'"),
        ),
        log.finding("missing-dropped", name, "warning", "no value, so {count} rows are left out"),
        log.finding(
            "bad-time",
            name,
            "error",
            "a time that cannot be read",
            "Write ISO 8601 (2026-03-31T14:05:00), or give the pattern: "
            + flags("--time-format '%d/%m/%Y %H:%M'"),
        ),
        log.finding(
            "bad-value",
            name,
            "error",
            "a value that the service's schema refuses",
            "Correct it, empty it, or leave the column out",
        ),
        log.finding(
            "neither",
            name,
            "error",
            "a label that means neither yes nor no",
            "Say which values mean yes, all others then mean no: --positive word,word "
            "(make train: POSITIVE=word,word)",
        ),
        log.finding(
            "refused-dropped",
            name,
            "warning",
            "a value that the service's schema refuses, so {count} rows are left out",
        ),
        *_file_findings(examiner, name),
        log.finding(
            "untidy-label", name, "note", "spaces around or inside the label, or another Unicode form: tidied"
        ),
        log.finding("control", name, "note", "control characters, replaced by spaces"),
        log.finding("long-text", name, "note", "a text longer than the service accepts: cut in training"),
    ]
    share = examiner.empty[name] / max(examiner.seen, 1)
    if share > layout.missing.warn_above:
        found.append(
            Finding(
                code="mostly-missing",
                severity="warning",
                message=f"{share:.0%} of the rows say nothing here",
                advice=f"They are treated as '{layout.missing.policy(name, role)}'",  # type: ignore[arg-type]
                column=name,
                count=examiner.empty[name],
            )
        )
    return found


def _file_findings(examiner: Examiner, name: str) -> list[Finding | None]:
    """About the files that column `name` names: those that are not there, and those that cannot be read."""
    found = []
    for code, what in (("no-file", "there is no such file"), ("unreadable", "the file cannot be read")):
        found += [
            examiner.log.finding(
                f"{code}-error",
                name,
                "error",
                what,
                f"Paths are relative to the CSV. Correct them, or leave the rows out: "
                f"{flags('--missing media=drop-row')}, or only the files: --missing media=impute",
            ),
            examiner.log.finding(
                f"{code}-drop-row", name, "warning", f"{what}, so {{count}} rows are left out"
            ),
            examiner.log.finding(
                f"{code}-impute", name, "warning", f"{what}, so {{count}} rows stand without it"
            ),
        ]
    return found


def _too_many_classes(head: str) -> Finding:
    return Finding(
        code="too-many-classes",
        severity="error",
        message=f"more than {MOST_CLASSES:,} different labels",
        advice="Is this the label column, and not an id or a text?",
        column=head,
    )
