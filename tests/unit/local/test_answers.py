"""What a decision looks like on the screen."""

from __future__ import annotations

import io
import json
import shlex
from typing import Any

import pytest
from rich.console import Console

from local import answers
from local.call import Api
from local.samples import SAMPLES, Sample

SAMPLE = Sample("/v1/tickets:classify", "It's broken", {"subject": "It's broken", "language": "en"})
DECISION: dict[str, Any] = {
    "outcome": "Technical",
    "review": False,
    "reasons": [],
    "source": "model",
    "variant": "champion",
    "model_version": "20261124T000000Z-0a1b2c3d",
    "degraded": [],
    "outputs": {
        "department": {"label": "Technical", "confidence": 0.934, "prediction_set": ["Technical"]},
        "urgency": {"label": "high", "confidence": 0.55, "prediction_set": ["high", "medium"]},
    },
    "terms": [{"term": "broken", "weight": 1.234}],
}


def shown(**changes: Any) -> str:
    text = io.StringIO()
    answers.show(Console(file=text, width=120), SAMPLE, DECISION | changes)
    return text.getvalue()


@pytest.mark.parametrize(
    "part",
    [
        "“It's broken”",
        "department  Technical  93% sure",
        "urgency     high  55% sure  (could also be medium)",
        "act on it: Technical",
        "broken +1.23",
        "model 20261124T000000Z-0a1b2c3d (champion)",
    ],
)
def test_an_answer_shows_what_how_sure_and_why(part: str) -> None:
    assert part in shown()


def test_a_review_says_why() -> None:
    text = shown(review=True, reasons=["not sure enough", "two departments fit"])
    assert "a person reviews it, because" in text
    assert [line.strip() for line in text.splitlines() if " - " in line] == [
        "- not sure enough",
        "- two departments fit",
    ]
    assert "act on it" not in text


def test_rules_are_not_taken_for_the_model() -> None:
    text = shown(source="rules", variant="none", model_version=None, degraded=["model"], terms=[])
    assert "the rules, not the model (missing: model)" in text


def test_the_command_line_is_the_same_call() -> None:
    words = shlex.split(answers.curl(Api("http://127.0.0.1:1/live", "key"), SAMPLE))
    assert words[:5] == ["curl", "-s", "-X", "POST", "http://127.0.0.1:1/live/v1/tickets:classify"]
    assert json.loads(words[-1]) == SAMPLE.body
    assert "x-api-key: key" in words


def test_there_is_a_ticket_in_each_language() -> None:
    assert [sample.body["language"] for sample in SAMPLES["tickets"]] == ["en", "es", "fr"]


def test_a_post_shows_each_policy_and_what_was_looked_at() -> None:
    scores = {
        "toxicity": {"probability": 0.912, "severity": "medium"},
        "threat": {"probability": 0.003, "severity": "severe"},
    }
    modalities = {"text": {"state": "read"}, "image": {"state": "unreadable"}, "audio": {"state": "absent"}}
    text = shown(
        outputs={}, scores=scores, policies=["toxicity"], modalities=modalities, image_text="hello there"
    )
    for part in (
        "toxicity    91.2%  medium",
        "threat      0.3%  severe",
        "text read, image unreadable",
        "“hello there”",
    ):
        assert part in text
    assert "audio" not in text


def test_there_are_posts_in_each_language_with_a_picture_and_a_sound() -> None:
    posts = SAMPLES["content"]
    assert {post.body["language"] for post in posts} == {"en", "es", "fr"}
    assert any("image" in post.body and "audio" in post.body for post in posts)
