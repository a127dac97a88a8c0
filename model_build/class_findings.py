"""What validation says of labels: classes with too few rows, only one of them, alike but for their case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from model_build.findings import NAMED_ROWS, Finding, flags
from model_build.parameters import ClassParameters


def class_findings(
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
            else f"Add rows, merge the classes, or leave them out: {flags('--rare drop-row')}.{wrong_column}",
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
