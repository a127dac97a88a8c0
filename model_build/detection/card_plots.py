"""The plots of such a card, as PNG bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from model_build.detection.bounds import Bools, Floats
from model_build.detection.costs import FraudCosts
from model_build.detection.measures import curve
from model_build.plots import BLUE, FAINT, ORANGE, figure_of, in_percent, png_of

GREYS = ("#52606d", "#7b8794", "#9aa5b1", "#cbd2d9")


def precision_plot(scores: Mapping[str, Floats], fraud: Bools) -> bytes:
    """Precision against recall, a line for each of `scores`, the first in front."""
    figure, axes = figure_of(5.2, 3.8)
    for place, (name, score) in reversed(list(enumerate(scores.items()))):
        steps = curve(score)
        found = np.cumsum(fraud[steps.order])[steps.ends]
        axes.plot(found / max(found[-1], 1), found / (steps.ends + 1), label=name, **_style(place, name))
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("frauds found (recall)")
    axes.set_ylabel("of those flagged, fraud (precision)")
    in_percent(axes)
    axes.legend(frameon=False, fontsize=7, reverse=True)
    return png_of(figure)


def money_by_threshold_plot(
    scores: Mapping[str, Floats], fraud: Bools, amounts: Floats, costs: FraudCosts
) -> bytes:
    """Money saved for 1,000 transactions against the share declined, as one threshold falls."""
    figure, axes = figure_of(5.2, 3.8)
    gain = costs.approving(fraud, amounts) - costs.declining(fraud)
    shown = max(0.02, 3 * float(fraud.mean()))
    for place, (name, score) in reversed(list(enumerate(scores.items()))):
        steps = curve(score)
        saved = np.r_[0.0, np.cumsum(gain[steps.order])[steps.ends]] * 1000 / len(fraud)
        share = np.r_[0.0, (steps.ends + 1) / len(fraud)]
        kept = share <= shown
        axes.plot(share[kept], saved[kept], label=name, **_style(place, name))
    axes.axhline(0.0, color=FAINT, linewidth=0.8)
    axes.set_xlim(0, shown)
    axes.set_ylim(bottom=max(axes.get_ylim()[0], -axes.get_ylim()[1]))
    axes.set_xlabel("transactions declined")
    axes.set_ylabel("saved for 1,000 transactions")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.1%}")
    axes.legend(frameon=False, fontsize=7, reverse=True)
    return png_of(figure)


def _style(place: int, name: str) -> dict[str, Any]:
    if place == 0:
        return {"color": BLUE, "linewidth": 1.8}
    if name == "the rules":
        return {"color": ORANGE, "linewidth": 1.2, "linestyle": "--"}
    return {"color": GREYS[(place - 1) % len(GREYS)], "linewidth": 1.0}
