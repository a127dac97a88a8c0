"""The first stage: is this CSV fit for training? Everything wrong with it is told at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from lambdas.core.bundle import sha256_of
from model_build.csv_source import open_csv
from model_build.errors import DataValidationError
from model_build.examine import Examiner, Layout
from model_build.findings import NAMED_ROWS, Finding
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
    judged, kept_classes = _class_findings(counts, first_rows, classes, known)
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
                "Fill it in, remove the rows, or leave them out: --missing no_text=drop-row",
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
            f"Fill it in, or leave the rows out: --missing '{name}=drop-row'",
        ),
        log.finding("missing-dropped", name, "warning", "no value, so {count} rows are left out"),
        log.finding(
            "bad-time",
            name,
            "error",
            "a time that cannot be read",
            "Write ISO 8601 (2026-03-31T14:05:00), or give the pattern: --time-format '%d/%m/%Y %H:%M'",
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
            "Say which values mean yes, all others then mean no: --positive fraud,chargeback",
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
                "Paths are relative to the CSV. Correct them, or leave the rows out: "
                "--missing media=drop-row, or only the files: --missing media=impute",
            ),
            examiner.log.finding(
                f"{code}-drop-row", name, "warning", f"{what}, so {{count}} rows are left out"
            ),
            examiner.log.finding(
                f"{code}-impute", name, "warning", f"{what}, so {{count}} rows stand without it"
            ),
        ]
    return found


def _class_findings(
    counts: Mapping[str, Counter[str]],
    first_rows: Mapping[str, Mapping[str, list[int]]],
    classes: ClassParameters,
    known: Mapping[str, list[str]] | None,
) -> tuple[list[Finding], dict[str, dict[str, int]]]:
    """The findings about labels, and the labels that are kept with their counts, sorted."""
    findings: list[Finding] = []
    kept: dict[str, dict[str, int]] = {}
    for head, found in counts.items():
        if known is not None:
            strange = sorted(set(found) - set(known[head]))
            findings += [
                _unknown_class(head, label, first_rows[head][label]) for label in strange[:NAMED_ROWS]
            ]
            kept[head] = dict(sorted(found.items()))
            continue
        findings += _case_variants(head, found)
        rare = sorted(label for label, count in found.items() if count < classes.least_rows)
        findings += _rare_classes(head, found, rare, first_rows[head], classes)
        leave = set(rare) if classes.rare == "drop-row" else set()
        kept[head] = {label: found[label] for label in sorted(found) if label not in leave}
        if len(kept[head]) < 2 and found:
            findings.append(_one_class(head, kept[head]))
    return findings, kept


def _case_variants(head: str, found: Counter[str]) -> list[Finding]:
    alike: dict[str, list[str]] = {}
    for label in found:
        alike.setdefault(label.casefold(), []).append(label)
    return [
        Finding(
            code="label-case",
            severity="warning",
            message="labels that differ only in case are different classes: "
            + ", ".join(f"'{label}' ({found[label]:,})" for label in sorted(labels)),
            advice="Write them alike if they mean the same",
            column=head,
            count=sum(found[label] for label in labels),
        )
        for labels in alike.values()
        if len(labels) > 1
    ]


def _rare_classes(
    head: str,
    found: Counter[str],
    rare: list[str],
    first_rows: Mapping[str, list[int]],
    classes: ClassParameters,
) -> list[Finding]:
    if not rare:
        return []
    shown = "; ".join(
        f"'{label}' has {found[label]} (row{'s' if found[label] > 1 else ''} "
        f"{', '.join(f'{row:,}' for row in first_rows[label])})"
        for label in rare[:NAMED_ROWS]
    )
    more = f"; and {len(rare) - NAMED_ROWS:,} more such classes" if len(rare) > NAMED_ROWS else ""
    wrong_column = " Is this the right column?" if len(rare) > len(found) // 2 else ""
    dropped = classes.rare == "drop-row"
    return [
        Finding(
            code="rare-class",
            severity="warning" if dropped else "error",
            message=f"a class needs at least {classes.least_rows} rows: {shown}{more}"
            + (", left out" if dropped else ""),
            advice=""
            if dropped
            else f"Add rows, merge the classes, or leave them out: --rare drop-row.{wrong_column}",
            column=head,
            count=sum(found[label] for label in rare),
        )
    ]


def _one_class(head: str, kept: Mapping[str, int]) -> Finding:
    only = f"every row is '{next(iter(kept))}'" if kept else "no class has enough rows"
    return Finding(
        code="one-class",
        severity="error",
        message=f"{only}, and there must be at least two classes to tell apart",
        advice="Check that this is the label column",
        column=head,
    )


def _unknown_class(head: str, label: str, rows: list[int]) -> Finding:
    return Finding(
        code="unknown-class",
        severity="error",
        message=f"the label '{label}' is not in the training data",
        advice="Correct it, or add rows of it to the training data",
        column=head,
        rows=rows,
        count=len(rows),
    )


def _too_many_classes(head: str) -> Finding:
    return Finding(
        code="too-many-classes",
        severity="error",
        message=f"more than {MOST_CLASSES:,} different labels",
        advice="Is this the label column, and not an id or a text?",
        column=head,
    )
