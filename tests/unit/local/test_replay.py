"""What `make up` says of the stream it replayed, and which transactions it sends."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

from rich.console import Console

from local import replay
from local.place import Place


def item(outcome: str, probability: float, **more: Any) -> dict[str, Any]:
    answer = {
        "outcome": outcome, "probability": probability, "card_id": "c1", "transaction_id": "x/1",
        "risk_level": "critical", "scores": {"xgboost": 0.9}, "source": "model",
        "model_version": "v1", "variant": "champion", "degraded": [], **more,
    }  # fmt: skip
    asked = {"amount": 1234.5, "category": "electronics"}
    return {"answer": {"S": json.dumps(answer)}, "asked": {"S": json.dumps(asked)}}


def shown(items: dict[str, dict[str, Any]], undecided: int = 0) -> str:
    text = StringIO()
    replay.show(Console(file=text, width=200), replay._summed_up(items, undecided))
    return text.getvalue()


def test_the_riskiest_is_shown_with_its_reasons() -> None:
    reasons = [{"words": "7 in an hour"}, {"words": "9,000 km from home"}]
    said = shown(
        {
            "a": item("approve", 0.01),
            "b": item("decline", 0.97, top_reasons=reasons),
            "c": item("review", 0.5),
            "d": item("approve", 0.02),
        }
    )
    assert "transactions on the stream: 2 approve, 1 decline, 1 review" in said
    assert "card c1, 1,234.50 USD, electronics" in said
    assert "stopped as fraud, fraud probability 0.970, risk critical" in said
    assert "because     - 7 in an hour" in said
    assert "- 9,000 km from home" in said
    assert "answered by model v1 (champion)" in said
    assert "GET /v1/transactions/x%2F1/explanation" in said


def test_without_a_decline_it_says_what_it_is() -> None:
    assert "held for a person" in shown({"a": item("review", 0.4)})
    assert "approved" in shown({"a": item("approve", 0.1)})


def test_nothing_decided_is_said_too() -> None:
    said = shown({}, undecided=3)
    assert "none decided" in said
    assert "3 are not decided: make redrive, make logs" in said


def test_the_stream_is_made_once_and_is_the_same_after(place: Place) -> None:
    first = replay.prepare(place)
    assert len({event.own for event in first}) == replay.ROWS
    assert replay.prepare(place) == first, "or the same ids would come with other content"
    place.clear()
    assert not place.stream.exists()
