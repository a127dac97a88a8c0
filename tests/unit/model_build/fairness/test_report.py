"""The report: every question of every dimension, as JSON and as a page that hides nothing."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from model_build.errors import ParametersError
from model_build.fairness import rates
from model_build.fairness.decided import FLAGGED, REMOVED, decide
from model_build.fairness.page import page
from model_build.fairness.report import Report, report, widest
from model_build.fairness.rows import OUTCOME, Rows, halves, of_csv, of_texts, text_batches, truth_of
from tests.unit.model_build.fairness.model import ByWords, Score, biased, fair, manifest

SAID = ("I met a {} friend today number {}", "I hate that {} man number {}")
NAMES = ("gay", "lesbian", "muslim", "jewish", "plain")


def posts(score: Score, per_group: int = 60) -> tuple[ByWords, Rows]:
    service = ByWords(score)
    texts, toxic, region = [], [], []
    for name in NAMES:
        for k in range(per_group):
            texts.append(SAID[k % 2].format(name, k))
            toxic.append(bool(k % 2))
            region.append("north" if k % 3 else "south")
    truth = {"toxicity": np.array(toxic)}
    rows = of_texts(
        service, texts, truth, "posts", languages=["en"] * len(texts), declared={"region": region}
    )  # type: ignore[arg-type]
    return service, rows


def made(score: Score, least: int = 20) -> Report:
    service, rows = posts(score)
    own = manifest()

    def on_texts(texts: object) -> object:
        return decide(service, Path(), own, list(text_batches(service, texts)))  # type: ignore[arg-type]

    decided = decide(service, Path(), own, rows.batches)  # type: ignore[arg-type]
    return report(own, decided, rows, on_texts, least=least, seed=1)  # type: ignore[arg-type]


def test_the_bias_that_was_put_in_is_the_gap_that_is_found() -> None:
    found = made(biased)
    table = found.audits[0].table("identity")
    assert table is not None
    gap = table.gap(rates.FALSE_POSITIVES)
    assert gap is not None
    assert (gap.value.value, gap.highest) == (1.0, "orientation:gay")
    removed = found.audits[0].table("identity", OUTCOME, REMOVED)
    assert removed is not None and removed.gap(rates.FALSE_POSITIVES).value.value == 0.0  # type: ignore[union-attr]


def test_a_fair_model_has_no_gap_anywhere() -> None:
    found = made(fair)
    for audit in found.audits[:1]:
        assert all(gap.value.value == 0.0 for _, gap in widest(audit))


def test_every_dimension_is_asked_of_the_outcome_and_of_each_labelled_policy() -> None:
    first = made(fair).audits[0]
    assert first.dimensions == ["identity", "region"], "one language alone is no dimension"
    asked = {(each.target, each.point) for each in first.answers}
    assert asked == {(target, point) for target in (OUTCOME, "toxicity") for point in (REMOVED, FLAGGED)}


def test_the_page_shows_the_gap_names_who_is_left_out_and_escapes_what_people_wrote() -> None:
    service, rows = posts(biased)
    texts = [*rows.texts, "<script>alert(1)</script> I met a gay friend"]
    truth = {"toxicity": np.append(rows.truth["toxicity"], False)}
    evil = of_texts(service, texts, truth, "<b>posts</b>", languages=["en"] * len(texts))  # type: ignore[arg-type]
    own = manifest()

    def on_texts(asked: object) -> object:
        return decide(service, Path(), own, list(text_batches(service, asked)))  # type: ignore[arg-type]

    decided = decide(service, Path(), own, evil.batches)  # type: ignore[arg-type]
    shown = page(report(own, decided, evil, on_texts, least=100, seed=1))  # type: ignore[arg-type]
    assert "<script>alert" not in shown and "<b>posts</b>" not in shown
    assert "No verdict on" in shown and "orientation:lesbian" in shown
    assert shown.count("data:image/png;base64,") >= 3
    assert "http://" not in shown and "https://" not in shown, "it needs no other file"


def test_the_report_reads_back_as_it_was() -> None:
    found = made(fair)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Report) == found


def test_labels_are_read_as_training_reads_them() -> None:
    service = ByWords(fair)
    several = truth_of(service, "label", ["ok", "toxicity,threat", "Threat"], ())  # type: ignore[arg-type]
    assert several["toxicity"].tolist() == [False, True, False]
    assert several["threat"].tolist() == [False, True, True]
    bad = truth_of(service, "Label", ["BAD", "NOT_BAD"], ["BAD"])  # type: ignore[arg-type]
    assert bad["toxicity"].tolist() == [True, False]
    with pytest.raises(ParametersError, match="--positive"):
        truth_of(service, "label", ["hateful", "fine"], ())  # type: ignore[arg-type]


def test_a_csv_of_the_users_own_with_groups_that_people_declare(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("comment,toxic,gender\nhello you,0,f\nI hate you,1,m\n ,1,m\n", encoding="utf-8")
    rows = of_csv(ByWords(fair), path, text="comment", label="toxic", groups=["gender"])  # type: ignore[arg-type]
    assert len(rows) == 2, "a row without a text says nothing"
    assert rows.declared == {"gender": ["f", "m"]}
    assert rows.truth["toxicity"].tolist() == rows.truth[OUTCOME].tolist() == [False, True]


def test_the_two_halves_share_no_text() -> None:
    service, rows = posts(fair)
    first, second = halves(rows, service)  # type: ignore[arg-type]
    assert len(first) + len(second) == len(rows)
    assert not set(first.texts) & set(second.texts)
    assert first.declared.keys() == {"region"}
