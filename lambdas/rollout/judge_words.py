"""What the judge found, each in a sentence that fits an email."""

from __future__ import annotations

import math
from typing import Final

import msgspec
import numpy as np

from lambdas.rollout.judge_counts import Failed, Split
from lambdas.rollout.judge_measures import LEAST_ENTITIES, Bounds, Measured
from lambdas.rollout.judge_plan import ANY_OTHER, Finding, JudgePlan, State

_FEWEST: Final = "too little to say"


def finding_of(measured: Measured, bounds: Bounds) -> Finding:
    """The Finding of one metric."""
    low, high = float(bounds.low), float(bounds.high)
    known = bool(measured.enough) and math.isfinite(low)
    harm_low, margin = float(bounds.harm_low), measured.margin
    scale = math.expm1 if measured.metric == "latency" else float
    values = [_shown(measured.metric, float(each)) for each in (measured.champion, measured.challenger)]
    finding = Finding(
        metric=measured.metric,
        about=measured.about,
        state="unknown"
        if not known
        else ("worse" if harm_low > margin else "within" if float(bounds.harm_high) < margin else "open"),
        sentence="",
        n_champion=int(measured.n_champion),
        n_challenger=int(measured.n_challenger),
        champion=values[0],
        challenger=values[1],
        effect=_rounded(scale(float(measured.effect.value))) if measured.n_challenger > 0 else None,
        low=_rounded(scale(low)) if known else None,
        high=_rounded(scale(high)) if known else None,
        harm_low=_rounded(scale(harm_low)) if known else None,
        margin=_rounded(scale(margin)),
        paired=measured.paired,
    )
    return msgspec.structs.replace(finding, sentence=_sentence(finding))


def split_finding(found: Split, plan: JudgePlan, needed: float) -> Finding:
    """The Finding on how the traffic was split."""
    seen = found.challenger / found.entities if found.entities else 0.0
    wrong = found.evidence >= needed
    sentence = (
        f"{found.challenger:,} of {found.entities:,} entities ({seen:.2%}) fell to the challenger, "
        f"{plan.share:.2%} should"
    )
    if wrong:
        sentence += ": more than chance does, so no other figure can be trusted"
    if found.both:
        sentence += f"; {found.both:,} saw both variants"
    return Finding(
        metric="assignment",
        state="worse" if wrong else "within" if found.entities >= LEAST_ENTITIES else "unknown",
        sentence=f"Split: {sentence}.",
        n_champion=found.entities - found.challenger,
        n_challenger=found.challenger,
        challenger=_rounded(seen),
        margin=_rounded(plan.share),
        evidence=found.evidence,
        needed=needed,
    )


def failed_finding(found: Failed, plan: JudgePlan, needed: float) -> Finding:
    """The Finding on decisions that somebody else had to answer."""
    margin = plan.margins.failures
    new = found.challenger / found.n_challenger if found.n_challenger else None
    old = found.champion / found.n_champion if found.champion is not None and found.n_champion else None
    state: State = "worse" if found.evidence >= needed else "within" if found.relief >= needed else "open"
    beside = "" if found.champion is None else f", the champion at {_count(found.champion, found.n_champion)}"
    return Finding(
        metric="failures",
        state="unknown" if new is None else state,
        sentence=f"Failures: the challenger failed at {_count(found.challenger, found.n_challenger)}"
        f"{beside}; {margin:.2%} may fail.",
        n_champion=found.n_champion,
        n_challenger=found.n_challenger,
        champion=None if old is None else _rounded(old),
        challenger=None if new is None else _rounded(new),
        effect=None if new is None or old is None else _rounded(new - old),
        margin=margin,
        paired=found.paired,
        evidence=found.evidence,
        needed=needed,
    )


def _count(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,} decisions" + (f" ({part / whole:.2%})" if whole else "")


def _shown(metric: str, value: float) -> float | None:
    if not np.isfinite(value):
        return None
    return _rounded(math.exp(value) if metric == "latency" else value)


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")


def _points(value: float) -> str:
    return f"{100 * value:+.1f}"


def _sentence(f: Finding) -> str:
    name = {
        "review": "Review share",
        "latency": "Latency",
        "confidence": "Confidence",
        "mix": f"Outcome {f.about if f.about != ANY_OTHER else 'other than these'}",
        "disagreement": "Disagreement",
        "cost": "Cost of a decision",
    }[f.metric]
    if f.effect is None:
        return f"{name}: {_FEWEST} yet."
    said = f"{name}: {_values(f)}"
    if f.low is None or f.high is None:
        return f"{said}; {_FEWEST} yet."
    return f"{said} ({_interval(f)}; {_allowed(f)})."


def _values(f: Finding) -> str:
    new, old = f.challenger or 0.0, f.champion or 0.0
    if f.metric == "latency":
        return f"the challenger takes {new:.3g} ms, the champion {old:.3g} ms"
    if f.metric == "confidence":
        return f"the challenger is {new:.3f} sure on average, the champion {old:.3f}"
    if f.metric == "disagreement":
        return f"asked the same, the variants differ on {new:.1%}"
    if f.metric == "cost":
        if f.paired:
            return f"the challenger's is {f.effect:+.3f} of a wrong one, by the labels that people gave"
        return f"challenger {new:.3f}, champion {old:.3f} of a wrong one, by the labels that people gave"
    verb = "sends" if f.metric == "review" else "decides so"
    to = " to people" if f.metric == "review" else ""
    return f"the challenger {verb} {new:.1%}{to}, the champion {old:.1%}"


def _interval(f: Finding) -> str:
    low, high, effect = f.low or 0.0, f.high or 0.0, f.effect or 0.0
    if f.metric == "latency":
        return f"{effect:+.0%}, surely {low:+.0%} to {high:+.0%}"
    if f.metric == "confidence":
        return f"{effect:+.3f}, surely {low:+.3f} to {high:+.3f}"
    if f.metric == "cost":
        return ("" if f.paired else f"{effect:+.3f}, ") + f"surely {low:+.3f} to {high:+.3f}"
    if f.metric == "disagreement":
        return f"surely {max(low, 0.0):.1%} to {min(high, 1.0):.1%}"
    return f"{_points(effect)} points, surely {_points(low)} to {_points(high)}"


def _allowed(f: Finding) -> str:
    margin = f.margin or 0.0
    if f.metric == "latency":
        return f"{margin:+.0%} allowed"
    if f.metric == "confidence":
        return f"a drop of {margin:.3f} allowed"
    if f.metric == "cost":
        return f"{margin:+.3f} allowed"
    if f.metric == "mix":
        return f"{100 * margin:.1f} points either way allowed"
    if f.metric == "disagreement":
        return f"{margin:.1%} allowed"
    return f"{_points(margin)} allowed"
