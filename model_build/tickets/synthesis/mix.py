"""How often what happens: departments, channels, tiers, urgencies, and labels taken for others."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Final

from model_build.tickets.synthesis.library import URGENCIES, Severity

DEPARTMENTS: Final = {
    "Technical": 0.30,
    "Billing": 0.24,
    "General": 0.18,
    "Complaint": 0.14,
    "Feature Request": 0.14,
}

TIERS: Final = {"free": 0.30, "standard": 0.40, "business": 0.21, "enterprise": 0.09}

CHANNELS: Final[dict[str, dict[str, float]]] = {
    "Technical": {"email": 0.36, "web": 0.28, "chat": 0.22, "phone": 0.10, "social": 0.04},
    "Billing": {"email": 0.46, "web": 0.26, "chat": 0.14, "phone": 0.12, "social": 0.02},
    "General": {"email": 0.34, "web": 0.30, "chat": 0.22, "phone": 0.10, "social": 0.04},
    "Complaint": {"email": 0.42, "web": 0.20, "chat": 0.10, "phone": 0.12, "social": 0.16},
    "Feature Request": {"email": 0.34, "web": 0.42, "chat": 0.13, "phone": 0.04, "social": 0.07},
}
"""The channel, given the department."""

SUBJECT_MISSING: Final = {"email": 0.3, "web": 0.5, "chat": 2.2, "phone": 0.9, "social": 3.6}
"""How much oftener than on average the subject is missing on a channel."""

SEVERITY: Final[dict[Severity, tuple[float, float, float, float]]] = {
    "mild": (0.58, 0.36, 0.06, 0.0),
    "normal": (0.15, 0.60, 0.22, 0.03),
    "serious": (0.02, 0.24, 0.58, 0.16),
    "grave": (0.0, 0.05, 0.30, 0.65),
}
"""The probability of low, medium, high and critical, given how severe the core statement is."""

RAISED: Final = {"free": -0.15, "standard": 0.0, "business": 0.15, "enterprise": 0.35}
"""The probability that a tier's tickets are handled one level more urgently (below 0: less)."""

MISTAKEN_FOR: Final[dict[str, dict[str, float]]] = {
    "Technical": {"General": 0.4, "Complaint": 0.2, "Feature Request": 0.25, "Billing": 0.15},
    "Billing": {"Complaint": 0.45, "General": 0.35, "Technical": 0.2},
    "General": {"Technical": 0.4, "Billing": 0.35, "Feature Request": 0.25},
    "Complaint": {"Billing": 0.35, "Technical": 0.35, "General": 0.3},
    "Feature Request": {"General": 0.5, "Technical": 0.35, "Complaint": 0.15},
}
"""The department that a careless agent files a ticket under instead."""


def draw(weights: Mapping[str, float], rng: random.Random) -> str:
    """One of the keys, by weight, from a single uniform number (so that a small change of the weights
    changes few draws)."""
    left = rng.random() * sum(weights.values())
    for name, weight in weights.items():
        left -= weight
        if left < 0.0:
            return name
    return name


def draw_urgency(severity: Severity, tier: str, rng: random.Random) -> str:
    """The urgency of a ticket with this core statement from a customer of this tier."""
    level = URGENCIES.index(draw(dict(zip(URGENCIES, SEVERITY[severity], strict=True)), rng))
    if rng.random() < abs(RAISED[tier]):
        level += 1 if RAISED[tier] > 0 else -1
    return URGENCIES[min(max(level, 0), len(URGENCIES) - 1)]


def neighbour(urgency: str, rng: random.Random) -> str:
    """An urgency one level away."""
    level = URGENCIES.index(urgency)
    other = level + (1 if rng.random() < 0.5 else -1)
    return URGENCIES[other if 0 <= other < len(URGENCIES) else 2 * level - other]
