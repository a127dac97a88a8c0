"""What there is to say about a split: rows left out, empty parts, classes that a part has no row of."""

from __future__ import annotations

from typing import Final

from model_build.clean import Cleaned
from model_build.dataset import SPLITS, Split
from model_build.findings import Finding

IN_WORDS: Final = {
    "text": "the same text is in an earlier part or in the test file",
    "group": "the same group is in an earlier part or in the test file",
    "gap": "the label is not known yet when the next part begins",
}


def split_findings(
    cleaned: Cleaned,
    counts: dict[Split, dict[str, list[int]]],
    rows: dict[Split, int],
    left_out: dict[str, int],
) -> list[Finding]:
    """What there is to say about the parts: empty parts, classes without rows."""
    found: list[Finding] = []
    for reason, count in left_out.items():
        if reason == "gap" and count <= cleaned.rows // 2:
            continue  # as asked
        found.append(
            Finding(
                code=f"left-out-{reason}",
                severity="error" if count > cleaned.rows // 2 else "warning",
                message=f"{count:,} rows are left out of the split: {IN_WORDS[reason]}",
                advice="That is most of them: choose another split, --split group or --split stratified"
                if count > cleaned.rows // 2
                else "",
                count=count,
            )
        )
    for part in SPLITS:
        if not rows[part]:
            found.append(
                Finding(
                    code="empty-part",
                    severity="error",
                    message=f"the {part} part has no rows",
                    advice="The data spans too little time for the label delay: --set label_delay_days=1"
                    if "gap" in left_out
                    else "There are too few rows, groups or moments for this split: try --split stratified",
                )
            )
    for head, names in cleaned.classes.items():
        for part in SPLITS:
            absent = [name for name, n in zip(names, counts[part][head], strict=True) if not n]
            if absent and rows[part]:
                found.append(_absent(head, part, absent))
    return found


def _absent(head: str, part: Split, absent: list[str]) -> Finding:
    shown = ", ".join(f"'{name}'" for name in absent[:5]) + (
        f" and {len(absent) - 5} more" if len(absent) > 5 else ""
    )
    consequence = {
        "train": "the model cannot learn it",
        "calibrate": "its calibration is that of the other classes",
        "test": "the card cannot say how good the model is on it",
    }[part]
    return Finding(
        code=f"absent-{part}",
        severity="error" if part == "train" else "warning",
        message=f"no row of {shown} is in the {part} part: {consequence}",
        advice="Add rows or groups of it, leave it out, or choose another split: --split stratified"
        if part == "train"
        else "",
        column=head,
    )
