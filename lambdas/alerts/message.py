"""What a person is told about a decision: what, how much, why, and what to do. Plain text, no links."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

MOST_SUBJECT = 99
"""SNS takes no longer subject, and none with other characters than ASCII."""

_LONG_NUMBER = re.compile(r"\b\d{13,19}\b")
_LEFT_OUT = {"home_latitude", "home_longitude"}


class Alert(NamedTuple):
    """A subject line and a text."""

    subject: str
    text: str


def alert_of(service: str, asked: Mapping[str, Any], answer: Mapping[str, Any]) -> Alert:
    """The alert about a decision: the JSON of what was `asked` and of the `answer`, of any service."""
    item, outcome = service.removesuffix("s"), str(answer["outcome"])
    amount = _amount(asked)
    subject = f"Triage: {item}, {outcome}{f', {amount}' if amount else ''}, {_sure(answer)}"
    lines = [f"This {item} was decided: {outcome}.", ""]
    lines += [f"{name}: {value}" for name, value in _facts(asked, amount)]
    lines += [f"how sure: {_sure(answer)}", "", "Why:", *(f"- {reason}" for reason in _why(answer)), ""]
    lines += [
        f"Decision {answer['decision_id']}, made {answer['decided_at']} by {_by(answer)}.",
        "What to do: look at it, tell the customer if need be, and label the decision with what it really",
        f"was: POST /v1/decisions/{answer['decision_id']}/label. The label corrects the model, too.",
    ]
    return Alert(_ascii(subject), _masked("\n".join(lines)) + "\n")


def _amount(asked: Mapping[str, Any]) -> str:
    if "amount" not in asked:
        return ""
    return f"{asked['amount']:,.2f} {asked.get('currency', 'USD')}"


def _sure(answer: Mapping[str, Any]) -> str:
    if "probability" in answer:
        return f"fraud probability {answer['probability']:.3f}, risk {answer.get('risk_level', 'not known')}"
    return f"confidence {answer['confidence']:.3f}"


def _facts(asked: Mapping[str, Any], amount: str) -> list[tuple[str, str]]:
    """What was said of the item, the amount first."""
    facts = [("amount", amount)] if amount else []
    for name, value in asked.items():
        if name not in {"amount", "currency"} | _LEFT_OUT and value not in (None, ""):
            facts.append((name.removesuffix("_id").replace("_", " "), _said(value)))
    return facts


def _said(value: object) -> str:
    """A value in a few words: of media what it is, of anything else its beginning."""
    if isinstance(value, dict) and "sha256" in value:
        return f"{value.get('type') or 'a file'}, {value.get('bytes') or 0:,} bytes: seen in the console only"
    return str(value)[:300]


def _why(answer: Mapping[str, Any]) -> list[str]:
    said = [_policy(answer, policy) for policy in answer.get("policies") or ()]
    said += [str(reason["words"]) for reason in answer.get("top_reasons") or ()]
    said += [str(reason) for reason in answer.get("reasons") or ()]
    said += [f"without: {name}" for name in answer.get("degraded") or ()]
    return said or ["no single feature stands out"]


def _policy(answer: Mapping[str, Any], policy: str) -> str:
    score = answer["scores"][policy]
    return f"{policy} ({score['severity']}): probability {score['probability']:.3f}"


def _by(answer: Mapping[str, Any]) -> str:
    if answer.get("source") == "rules":
        return "the rules"
    return f"the {answer.get('variant')}, version {answer.get('model_version')}"


def _ascii(subject: str) -> str:
    plain = _masked(subject).encode("ascii", "replace").decode()
    return re.sub(r"[\x00-\x1f\x7f]", " ", plain)[:MOST_SUBJECT]


def _masked(text: str) -> str:
    """`text` with what looks like a card's whole number cut to its first six and last four digits."""
    return _LONG_NUMBER.sub(lambda found: f"{found[0][:6]}…{found[0][-4:]}", text)
