"""The plots of the fairness page, as PNG bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from model_build.fairness.measures import GroupFigures, Table
from model_build.fairness.swaps import Swapped
from model_build.intervals import Interval
from model_build.plots import BLUE, FAINT, INK, ORANGE, figure_of, png_of

MOST_SHOWN: Final = 40


def rates_plot(table: Table) -> bytes | None:
    """Both error rates and the share chosen of each group, with intervals; the line is everyone's.

    None where no group has rows enough for any of them.
    """
    shown = [each for each in table.groups if each.selection_rate is not None][:MOST_SHOWN]
    if not shown:
        return None
    everyone = table.everyone
    parts = (
        ("false positive rate", ORANGE, [e.false_positive_rate for e in shown], everyone.false_positive_rate),
        ("false negative rate", BLUE, [e.false_negative_rate for e in shown], everyone.false_negative_rate),
        ("share hit", INK, [e.selection_rate for e in shown], everyone.selection_rate),
    )
    figure, _ = figure_of(9.6, 0.9 + 0.27 * len(shown))
    figure.clear()
    for number, (axes, (title, colour, found, line)) in enumerate(
        zip(figure.subplots(1, 3, sharey=True), parts, strict=True)
    ):
        _column(axes, title, colour, found, line)
        if number == 0:
            axes.set_yticks(range(len(shown)), [_name(each) for each in shown])
            axes.set_ylim(len(shown) - 0.4, -0.6)
    return png_of(figure)


def _name(figures: GroupFigures) -> str:
    name = figures.group if len(figures.group) <= 28 else f"{figures.group[:27]}…"
    return f"{name}  ({figures.n:,})"


def _column(
    axes: Axes, title: str, colour: str, found: Sequence[Interval | None], everyone: Interval | None
) -> None:
    if everyone is not None:
        axes.axvline(everyone.value, color=FAINT, linewidth=1, linestyle="--")
    for place, each in enumerate(found):
        if each is None:
            axes.text(0.5, place, "too few rows", ha="center", va="center", fontsize=7, color=FAINT,
                      transform=axes.get_yaxis_transform())  # fmt: skip
            continue
        axes.plot([each.low, each.high], [place, place], color=colour, linewidth=1.2)
        axes.plot([each.value], [place], color=colour, marker="o", markersize=4)
    axes.set_title(title, fontsize=9, color=INK)
    _tidy(axes)
    axes.set_xlim(-0.02, 1.02)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))


def shifts_plot(found: Swapped) -> bytes:
    """Of each group: by how much its name moves the score, and how often it changes the outcome."""
    groups = found.groups[:MOST_SHOWN]
    figure, _ = figure_of(9.6, 0.9 + 0.27 * len(groups))
    figure.clear()
    left, right = figure.subplots(1, 2, sharey=True)
    for place, each in enumerate(groups):
        left.plot(each.tails, [place, place], color=FAINT, linewidth=1)
        left.plot(each.quartiles, [place, place], color=BLUE, linewidth=5, alpha=0.35, solid_capstyle="butt")
        left.plot([each.shift.value], [place], color=BLUE, marker="o", markersize=4)
        right.plot([each.flips.low, each.flips.high], [place, place], color=ORANGE, linewidth=1.2)
        right.plot([each.flips.value], [place], color=ORANGE, marker="o", markersize=4)
    left.axvline(0, color=FAINT, linewidth=1, linestyle="--")
    left.set_yticks(range(len(groups)), [f"{each.group}  ({each.n:,})" for each in groups])
    left.set_ylim(len(groups) - 0.4, -0.6)
    left.set_title("shift of the score, log-odds: mean, middle half, middle 90 %", fontsize=9, color=INK)
    right.set_title("outcome is not that of most of the others", fontsize=9, color=INK)
    for axes in (left, right):
        _tidy(axes)
    right.set_xlim(left=-0.01)
    right.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    return png_of(figure)


def _tidy(axes: Any) -> None:
    axes.tick_params(labelsize=8, colors=INK)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color=FAINT, alpha=0.25, linewidth=0.6)
    axes.set_axisbelow(True)
    for edge in ("top", "right", "left"):
        axes.spines[edge].set_visible(False)
