"""What training tells the user at its end."""

from __future__ import annotations

from lambdas.core.bundle import Manifest
from model_build.classification import HeadReport, Report
from model_build.intervals import Interval
from model_build.job import Job


def tell_heads(job: Job, manifest: Manifest, report: Report) -> None:
    """The figures that matter of each head."""
    say = job.reporter.say
    for head in manifest.heads:
        say(f"  {head.name} ({len(head.classes)} classes)")
        for name, text in _figures(report.heads[head.name]):
            say(f"    {name:<21} {text}")
        figures = report.heads[head.name].evaluation
        if figures.accuracy.low <= figures.majority.value:
            job.reporter.warn(
                f"{head.name}: not clearly better than always answering '{figures.majority_class}': are "
                "these the right columns, and are there enough rows?"
            )
    say("  the first output decides")
    say(f"    {'for a person':<21} {1 - report.acted.value:.1%} of the rows")
    say(f"    {'errors in the rest':<21} {_percent(report.acted_errors)}")


def _figures(found: HeadReport) -> list[tuple[str, str]]:
    figures, sets = found.evaluation, found.coverage
    always = f"always '{figures.majority_class}': {figures.majority.value:.1%}"
    held = f"hold the true class in {_percent(sets.overall)}, promised {sets.promised:.0%}"
    lines = [
        ("accuracy", f"{_percent(figures.accuracy)}; {always}"),
        ("macro F1", str(figures.macro_f1)),
        ("calibration error", _percent(found.reliability.ece)),
        ("prediction sets", f"{held}; {sets.mean_size.value:.2f} classes a set"),
    ]
    if figures.rules is not None:
        lines.insert(1, ("the rules' accuracy", _percent(figures.rules)))
    return lines


def _percent(found: Interval) -> str:
    return f"{found.value:.1%} ({found.low:.1%} to {found.high:.1%})"
