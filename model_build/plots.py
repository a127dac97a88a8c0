"""The plots of the model card, as PNG bytes. The same figures give the same bytes."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from model_build.business import Way
from model_build.intervals import Interval
from model_build.reliability import Reliability

INK: Final = "#1f2933"
FAINT: Final = "#9aa5b1"
BLUE: Final = "#2563a8"
ORANGE: Final = "#c2571a"
DOTS_AN_INCH: Final = 100
LONGEST_NAME: Final = 28
MOST_CELLS: Final = 20
"""Above so many classes a confusion matrix shows only those that are confused most."""

Ints = npt.NDArray[np.int64]


def inline(png: bytes) -> str:
    """`png` as a data: URI, so that the card needs no file beside it."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def confusion_plot(confusion: Sequence[Sequence[int]], classes: Sequence[str]) -> bytes:
    """The confusion matrix in shares of the true class. With many classes only the most confused ones."""
    counts = np.asarray(confusion, dtype=np.int64)
    shown = most_confused(counts)
    names = [_short(classes[k]) for k in shown]
    part = counts[np.ix_(shown, shown)]
    shares = part / np.maximum(counts[shown].sum(axis=1, keepdims=True), 1)
    size = 2.0 + 0.36 * len(shown)
    figure, axes = figure_of(size + 0.6, size)
    axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0, aspect="equal")
    for row, column in np.ndindex(shares.shape):
        if part[row, column]:
            colour = "white" if shares[row, column] > 0.55 else INK
            text = f"{shares[row, column]:.0%}" if shares[row, column] >= 0.005 else "·"
            axes.text(column, row, text, ha="center", va="center", fontsize=7, color=colour)
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.tick_params(length=0)
    for edge in axes.spines.values():
        edge.set_visible(False)
    return png_of(figure)


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def most_confused(counts: Ints) -> list[int]:
    """The classes that a plot shows: all, or the MOST_CELLS with the most errors in their row or column."""
    if len(counts) <= MOST_CELLS:
        return list(range(len(counts)))
    errors = counts.sum(axis=0) + counts.sum(axis=1) - 2 * np.diagonal(counts)
    return sorted(np.argsort(-errors, kind="stable")[:MOST_CELLS].tolist())


def reliability_plot(found: Reliability, *, said: str = "confidence", came: str = "accuracy") -> bytes:
    """Accuracy against confidence, in bins of equal size, with intervals; the diagonal is perfect."""
    figure, axes = figure_of(4.2, 3.8)
    confidence = [each.confidence for each in found.bins]
    lowest = min(0.5, *confidence, *(each.accuracy.low for each in found.bins))
    start = max(0.0, np.floor(lowest * 10) / 10)
    axes.plot([start, 1], [start, 1], color=FAINT, linewidth=1, linestyle="--", label="perfect")
    _with_intervals(axes, confidence, [each.accuracy for each in found.bins])
    axes.set_xlim(start, 1.01)
    axes.set_ylim(start, 1.01)
    axes.set_xlabel(said)
    axes.set_ylabel(came)
    in_percent(axes)
    axes.legend(frameon=False, fontsize=8, loc="upper left")
    return png_of(figure)


def trade_off_plot(confidence: npt.NDArray[np.floating[Any]], right: npt.NDArray[np.bool_]) -> bytes:
    """The error among the rows acted on, against their share, as one threshold for all rows falls."""
    order = np.argsort(-confidence, kind="stable")
    wrong = np.cumsum(~right[order])
    acted = np.arange(1, len(order) + 1)
    # The first few rows only tell how lucky they are.
    first = min(len(order) - 1, max(50, len(order) // 20))
    figure, axes = figure_of(4.2, 3.8)
    places = np.unique(np.linspace(first, len(order) - 1, 400).astype(int))
    axes.plot(acted[places] / len(order), wrong[places] / acted[places], color=BLUE, linewidth=1.6)
    axes.set_xlim(0, 1.0)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("acted on without a person")
    axes.set_ylabel("wrong among them")
    in_percent(axes)
    return png_of(figure)


def money_plot(ways: Sequence[Way], currency: str) -> bytes:
    """What 1,000 items cost, a bar a way."""
    figure, axes = figure_of(5.6, 0.75 + 0.45 * len(ways))
    places = range(len(ways))
    colours = [BLUE if way.name == "model" else FAINT for way in ways]
    axes.barh(places, [way.money for way in ways], color=colours, height=0.62)
    for place, way in zip(places, ways, strict=True):
        axes.text(way.money, place, f"  {way.money:,.0f}", va="center", fontsize=8, color=INK)
    axes.set_yticks(places, [way.name for way in ways])
    axes.invert_yaxis()
    axes.set_xlim(0, 1.18 * max(1.0, *(way.money for way in ways)))
    axes.set_xlabel(f"{currency} for 1,000 tickets")
    axes.tick_params(axis="y", length=0)
    return png_of(figure)


def _with_intervals(axes: Axes, places: Sequence[float], found: Sequence[Interval]) -> None:
    values = np.array([each.value for each in found])
    below = values - np.array([each.low for each in found])
    above = np.array([each.high for each in found]) - values
    axes.errorbar(
        places,
        values,
        yerr=np.vstack([below, above]),
        color=BLUE,
        ecolor=BLUE,
        elinewidth=1,
        linewidth=1.2,
        marker="o",
        markersize=4,
        label="this model, 95 % intervals",
    )


def figure_of(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure of so many inches, and its axes in the cards' style."""
    figure = Figure(figsize=(width, height), dpi=DOTS_AN_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.tick_params(labelsize=8, colors=INK)
    axes.xaxis.label.set_fontsize(9)
    axes.yaxis.label.set_fontsize(9)
    for edge in ("top", "right"):
        axes.spines[edge].set_visible(False)
    return figure, axes


def in_percent(axes: Axes) -> None:
    """Both axes in per cent, with a faint grid."""
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    axes.grid(color=FAINT, alpha=0.25, linewidth=0.6)
    axes.set_axisbelow(True)


def png_of(figure: Figure) -> bytes:
    """Without the library's name and version, which would make the bytes change with it."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None}, pil_kwargs={"optimize": True})
    return buffer.getvalue()
