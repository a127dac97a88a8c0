"""Judges one step of a rollout, at any number of looks: is the challenger worse, fine, or is it too early?"""

from __future__ import annotations

from lambdas.observations.window import Window
from lambdas.rollout.judge_plan import Costs, Finding, Judgement, JudgePlan, Margins

__all__ = ["Costs", "Finding", "JudgePlan", "Judgement", "Margins", "judge"]


def judge(window: Window, plan: JudgePlan) -> Judgement:
    """The judgement on `window`, all observations of this one step so far."""
    raise NotImplementedError
