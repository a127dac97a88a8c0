"""The plots of such a card, as PNG bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from model_build.detection.measures import curve
from model_build.moderation.measures import Bools, Floats
from model_build.moderation.report import Outcome, PolicyReport
from model_build.moderation.worth import Way
from model_build.plots import BLUE, FAINT, INK, ORANGE, figure_of, in_percent, png_of
from model_build.thresholds import NEVER

GREEN: Final = "#2f855a"


def precision_recall_plot(probabilities: Floats, broken: Bools, report: PolicyReport) -> bytes:
    """Precision against recall, with the two bounds marked."""
    figure, axes = figure_of(5.2, 3.6)
    steps = curve(probabilities)
    found = np.cumsum(broken[steps.order])[steps.ends]
    total = max(int(found[-1]), 1)
    axes.plot(found / total, found / (steps.ends + 1), color=BLUE, linewidth=1.6)
    for bound, name, colour in ((report.remove, "removed", ORANGE), (report.review, "looked at", GREEN)):
        seen = probabilities >= bound
        if bound < NEVER and seen.any():
            place = (float(broken[seen].sum()) / total, float(broken[seen].mean()))
            axes.plot(*place, marker="o", color=colour, linestyle="none", label=f"{name} from {bound:.3f}")
    axes.axhline(float(broken.mean()), color=FAINT, linewidth=0.8, linestyle="--", label="by chance")
    axes.set_xlim(0, 1.01)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("of what breaks it, found (recall)")
    axes.set_ylabel("of those, right (precision)")
    in_percent(axes)
    axes.legend(frameon=False, fontsize=7, loc="lower left")
    return png_of(figure)


def outcomes_plot(outcomes: Sequence[Outcome]) -> bytes:
    """What is done, a bar a truth, in shares."""
    figure, axes = figure_of(5.6, 0.9 + 0.42 * len(outcomes))
    totals = np.array([max(each.allow + each.review + each.remove, 1) for each in outcomes], dtype=np.float64)
    left = np.zeros(len(outcomes))
    for name, colour in (("allow", FAINT), ("review", GREEN), ("remove", ORANGE)):
        shares = np.array([getattr(each, name) for each in outcomes]) / totals
        axes.barh(range(len(outcomes)), shares, left=left, color=colour, height=0.62, label=name)
        left += shares
    axes.set_yticks(range(len(outcomes)), [each.truth for each in outcomes])
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.tick_params(axis="y", length=0)
    figure.legend(frameon=False, fontsize=8, ncols=3, loc="outside upper center")
    return png_of(figure)


def worth_plot(ways: Sequence[Way], currency: str) -> bytes:
    """What 1,000 posts cost, a bar a way."""
    figure, axes = figure_of(5.6, 0.75 + 0.45 * len(ways))
    colours = [BLUE, *[FAINT] * (len(ways) - 1)]
    axes.barh(range(len(ways)), [way.money for way in ways], color=colours, height=0.62)
    for place, way in enumerate(ways):
        axes.text(way.money, place, f"  {way.money:,.0f}", va="center", fontsize=8, color=INK)
    axes.set_yticks(range(len(ways)), [way.name for way in ways])
    axes.invert_yaxis()
    axes.set_xlim(0, 1.18 * max(1.0, *(way.money for way in ways)))
    axes.set_xlabel(f"{currency} for 1,000 posts")
    axes.tick_params(axis="y", length=0)
    return png_of(figure)
