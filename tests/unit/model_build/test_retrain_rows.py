"""From a verdict to a row of the CSV, for each service and each way that a CSV may say its labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from model_build.parameters import DataParameters, load_parameters
from model_build.retrain_log import Verdict
from model_build.retrain_rows import held_out, row_of
from model_build.service import TrainingService
from model_build.services import load_service

ROOT = Path(__file__).resolve().parents[3]


def defaults(service: str) -> tuple[TrainingService, DataParameters]:
    return load_service(service), load_parameters(ROOT / "params.yaml", service).service.data


def verdict(label: str, asked: dict[str, Any], answer: dict[str, Any] | None = None) -> Verdict:
    decided = {"decided_at": "2026-01-01T10:00:00.000Z", **(answer or {})}
    return Verdict("content.1", label, "2026-01-02T00:00:00+00:00", asked, decided)


def says(service: TrainingService, data: DataParameters, row: dict[str, str]) -> dict[str, str | None]:
    """What training reads in the row's label columns."""
    return {each.head: each.says(row[each.column]) for each in service.binaries(data.label, data.positive)}


@pytest.mark.parametrize(
    ("label", "positive"),
    [
        (["toxicity", "threat", "sexual", "violence"], []),
        (["label"], []),
        (["toxic"], []),
        (["verdict"], ["hateful", "rude"]),
        (["toxicity", "threat"], ["0"]),
    ],
)
def test_a_posts_verdict_is_read_back_as_it_was_given(label: list[str], positive: list[str]) -> None:
    service, _ = defaults("content")
    data = DataParameters(label=label, text=["text"], positive=positive)
    for said in ("ok", "toxicity", "toxicity,threat"):
        row = row_of(verdict(said, {"text": "a post"}), service, data)
        assert row is not None
        wrong = set(said.split(",")) - {"ok"}
        for policy, meant in says(service, data, row).items():
            assert meant == (policy if policy in wrong else "ok"), (said, policy)


def test_a_posts_media_its_words_and_what_was_declared_come_along() -> None:
    service, data = defaults("content")
    asked = {
        "text": "look",
        "image": {"key": "kept/1/image", "sha256": "ab"},
        "language": "es",
        "attributes": {"region": "north"},
    }
    answer = {
        "image_text": "words in the picture",
        "transcript": {"language": "es", "segments": [{"text": "first"}, {"text": None}, {"text": "second"}]},
    }
    fetched: list[Any] = []

    def fetch(kept: Any) -> str:
        fetched.append(kept["key"])
        return "/media/ab"

    import msgspec

    wide = msgspec.structs.replace(data, extra={**data.extra, "image": "image"})
    row = row_of(verdict("sexual", asked, answer), service, wide, fetch, ["region"])
    assert row is not None
    assert (row["text"], row["image"], row["language"], row["region"]) == ("look", "/media/ab", "es", "north")
    assert (row["image_text"], row["audio_text"]) == ("words in the picture", "first second")
    assert row["template_group"] == "content.1", "a group of its own"
    assert fetched == ["kept/1/image"]

    row_of(verdict("ok", asked, answer), service, data, fetch)
    assert len(fetched) == 1, "nothing is fetched that no column takes"


def test_a_post_whose_media_is_gone_and_that_had_no_text_teaches_nothing() -> None:
    service, data = defaults("content")
    asked = {"image": {"key": "kept/1/image", "sha256": "ab"}}
    assert row_of(verdict("sexual", asked), service, data, lambda _: None) is None


def test_of_a_ticket_people_say_the_first_label_and_the_others_are_the_answers() -> None:
    service, data = defaults("tickets")
    asked = {"subject": "hello", "body": "my invoice", "customer_tier": "free", "language": "fr"}
    answer = {"outputs": {"department": {"label": "General"}, "urgency": {"label": "high"}}}
    row = row_of(verdict("Billing", asked, answer), service, data)
    assert row is not None
    assert (row["department"], row["urgency"]) == ("Billing", "high")
    assert (row["subject"], row["body"], row["customer_tier"], row["channel"]) == (
        "hello", "my invoice", "free", "",
    )  # fmt: skip


def test_several_text_columns_hold_the_text_once() -> None:
    service, _ = defaults("tickets")
    data = DataParameters(label=["queue"], text=["title", "question", "answer"])
    row = row_of(verdict("IT", {"subject": "hi", "body": "printer"}), service, data)
    assert row is not None
    assert (row["title"], row["question"], row["answer"]) == ("", "hi", "printer")


@pytest.mark.parametrize(("label", "fraud"), [("fraud", True), ("legitimate", False)])
@pytest.mark.parametrize("positive", [[], ["chargeback"]])
def test_a_transactions_verdict_and_its_time(label: str, fraud: bool, positive: list[str]) -> None:
    import msgspec

    service, data = defaults("transactions")
    own = msgspec.structs.replace(data, positive=positive)
    asked = {"card_id": "c", "merchant_id": "m", "amount": 12.5, "at": "2026-01-01T09:00:00Z"}
    row = row_of(verdict(label, asked), service, own)
    assert row is not None
    assert says(service, own, row) == {"fraud": "fraud" if fraud else "legitimate"}
    assert (row["card_id"], row["amount"], row["at"]) == ("c", "12.5", "2026-01-01T09:00:00Z")

    slashes = msgspec.structs.replace(own, time_format="%d/%m/%Y %H:%M")
    again = row_of(verdict(label, asked), service, slashes)
    assert again is not None and again["at"] == "01/01/2026 09:00"


def test_which_verdicts_are_held_out_hangs_on_the_text_and_never_changes() -> None:
    same = [verdict("ok", {"text": "  Hello   World "}), verdict("ok", {"text": "hello world"})]
    assert len({held_out(each, 0.5) for each in same}) == 1
    many = [verdict("ok", {"text": f"post {k}"}) for k in range(2_000)]
    first = [held_out(each, 0.2) for each in many]
    assert 0.17 < sum(first) / len(first) < 0.23
    assert all(held_out(each, 0.4) for each, out in zip(many, first, strict=True) if out)
    assert not any(held_out(each, 0.0) for each in many)
