"""What is printed of a drill."""

from __future__ import annotations

from collections import Counter
from io import StringIO

import msgspec
import pytest
from rich.console import Console

from lambdas.tickets.schema import TicketRequest
from lambdas.transactions.schema import TransactionRequest
from local.drills.report import Fired, Report, Seen, show
from local.drills.run import DRILLS, chosen
from local.drills.traffic import Ask, kind_of, payments, tickets
from local.errors import Misused
from local.place import ROOT


def printed(report: Report) -> str:
    out = StringIO()
    show(Console(file=out, width=200), report)
    return out.getvalue()


def test_a_good_one_says_what_users_saw_and_who_was_told() -> None:
    seen = Seen(Counter({"by the model": 3, "HTTP 502": 1}), asked=4)
    text = printed(
        Report(
            "storage", "S3 is gone", "fallbacks", seen, "fallbacks", Fired("triage-fallbacks", 61.4, "Rules")
        )
    )
    assert "✓ storage  S3 is gone" in text
    assert "3 by the model, 1 HTTP 502 (of 4)" in text
    assert "lost      nothing" in text
    assert "triage-fallbacks after 61 s: “Rules”" in text
    assert seen.failed == 1


def test_a_bad_one_says_what_was_lost_and_who_was_not_told() -> None:
    seen = Seen(lost=["tickets.1"])
    text = printed(Report("table", "x", "decision-log", seen, "log-failures", wrong=["nobody was told"]))
    assert "✗ table" in text
    assert "1: tickets.1" in text
    assert "none, though log-failures should have fired" in text
    assert "wrong     nobody was told" in text


def test_an_answer_in_a_few_words() -> None:
    assert kind_of({"source": "model", "degraded": []}) == "by the model"
    assert kind_of({"source": "rules", "degraded": ["model"]}) == "by the rules"
    told = kind_of({"source": "model", "degraded": ["feature_store", "decision_log"]})
    assert told == "by the model, without the feature store and the decision log"


def test_all_drills_unless_some_are_named() -> None:
    assert chosen([]) == list(DRILLS)
    assert [drill.name for drill in chosen(["clock", "table"])] == ["clock", "table"]
    with pytest.raises(Misused, match="no drill 'xyz': they are storage"):
        chosen(["xyz"])


def test_each_drill_names_a_section_of_the_runbook() -> None:
    runbook = (ROOT / "docs" / "runbook.md").read_text("utf-8")
    for drill in DRILLS:
        assert f"\n## {drill.runbook}\n" in runbook, drill.name


@pytest.mark.parametrize("ask", [tickets(), payments()], ids=["tickets", "payments"])
def test_each_caller_asks_what_the_service_takes(ask: Ask) -> None:
    kind = {"tickets": TicketRequest, "transactions": TransactionRequest}[ask.service]
    msgspec.convert(ask.body("0123456789abcdef"), kind)
