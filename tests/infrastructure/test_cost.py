"""The price of the real templates: every function counted, what is on by choice priced, nothing else."""

from __future__ import annotations

import json

import pytest

from cdk.cost.__main__ import bill_of, main
from cdk.cost.assembly import app_of
from cdk.cost.calls import Month
from cdk.cost.prices import load_prices
from cdk.cost.report import Bill
from cdk.cost.traffic import traffic_of
from cdk.services import SERVICES
from tests.infrastructure.assembly import Assembly
from tests.infrastructure.synthesize import more_services as with_one_more

NAMES = [service.name for service in SERVICES]
RARE = {"transactions-stream", "catalog", "exporter"}
"""Functions that this traffic does not start: nothing is on a stream, and nobody asks for a list."""


def bill(assembly: Assembly, *changes: str, total: float = 100_000) -> Bill:
    templates = list(assembly.templates.values())
    return bill_of("new", traffic_of(NAMES, total, {}, changes), templates, load_prices())


def used(found: Bill) -> dict[str, float]:
    return {line.price: line.used for line in found.lines}


def test_every_function_of_the_app_runs_in_a_month_or_is_known_not_to(plain: Assembly) -> None:
    app = app_of(list(plain.templates.values()))
    assert {each.name for each in app.functions} >= {*NAMES, "value", "fairness", "watch"}
    still = {
        run.function.name
        for run in Month(app, SERVICES, traffic_of(NAMES, 1e5, {}, [])).runs()
        if not run.invocations
    }
    assert still <= RARE, f"nobody says how often {sorted(still - RARE)} run"


def test_the_default_app_pays_for_requests_and_no_hours(plain: Assembly) -> None:
    found = used(bill(plain))
    assert not set(found) & {
        "ec2 hours",
        "public addresses",
        "kinesis shards",
        "secrets",
        "lambda kafka poller",
    }
    assert found["dynamodb write units"] <= 25 * 730 and found["dynamodb read units"] <= 25 * 730
    assert found["cloudwatch metrics"] <= 10 and found["cloudwatch alarms"] <= 10


IDLE_AT_MOST = {"ecr storage": 0.05, "s3 storage": 0.01, "s3 writes": 0.0075, "s3 reads": 0.0075}
"""USD a month of a new account that nobody calls, before its credits: two images, the models, and what the
scheduled jobs look at and write. These have no free part there; nothing else costs anything."""


def test_in_an_old_account_nothing_that_nobody_calls_costs_anything(plain: Assembly) -> None:
    idle = bill_of("old", traffic_of(NAMES, 0, {}, ()), list(plain.templates.values()), load_prices())
    assert {line.price: line.usd for line in idle.lines if line.usd} == {}
    assert idle.usd == 0.0


def test_in_a_new_one_only_what_has_no_free_part_costs_cents_that_its_credits_pay(plain: Assembly) -> None:
    """No request to a queue, no run, no trace, no call."""
    idle = bill(plain, total=0)
    still = {line.price: line.usd for line in idle.lines if line.usd}
    assert set(still) == set(IDLE_AT_MOST)
    assert {name: usd for name, usd in still.items() if usd > IDLE_AT_MOST[name]} == {}
    assert round(idle.usd, 2) <= 0.07
    prices = load_prices()
    assert all(not prices[name].always for name in still), "what has a free part stays within it"
    assert idle.usd * prices.credits.months < prices.credits.usd / 100


def test_a_queue_that_a_schedule_drains_is_counted_by_its_runs(plain: Assembly, laptop: Assembly) -> None:
    idle = used(bill(plain, "alarm_mails=0", total=0))
    drains = 2 * 730 * 60 + 730 * 12
    looks = app_of(list(plain.templates.values())).dead_letters * 730 * 12
    assert idle["sqs requests"] == pytest.approx(5 * 180 * 730 + drains + looks)
    polled = bill(laptop, total=0)
    assert used(polled)["sqs requests"] > 4 * 5 * 180 * 730, "what the price of it would be on AWS"
    # A sound that is handed over wakes the worker, which is a run besides those of the schedule.
    month = Month(app_of(list(plain.templates.values())), SERVICES, traffic_of(NAMES, 3e5, {}, []))
    runs = {run.function.name: run.invocations for run in month.runs()}
    assert runs["content-later"] == pytest.approx(730 * 60 + 1e5 * 0.05 * 0.5)
    assert runs["transactions-catch-up"] == 730 * 60 and runs["transactions-learner"] == 730 * 12


def test_what_is_turned_on_is_priced(everything: Assembly, kinesis: Assembly, kafka: Assembly) -> None:
    lines = {line.price: line.usd for line in bill(everything).lines}
    assert lines["ec2 hours"] == pytest.approx(730 * 0.0104) and lines["ebs storage"] == pytest.approx(1.6)
    assert lines["public addresses"] == pytest.approx(3.65)
    assert {line.price: line.usd for line in bill(kinesis).lines}["kinesis shards"] == pytest.approx(10.95)
    lines = {line.price: line.usd for line in bill(kafka).lines}
    assert lines["lambda kafka poller"] == pytest.approx(135.05) and lines["secrets"] == pytest.approx(0.8)


def test_one_more_service_is_priced_like_the_others(more_services: Assembly) -> None:
    app = app_of(list(more_services.templates.values()))
    services = tuple(with_one_more())
    names = [service.name for service in services]
    month = Month(app, services, traffic_of(names, 100_000, {}, []))
    runs = {run.function.name: run.invocations for run in month.runs()}
    assert len(names) == len(NAMES) + 1
    assert all(runs[name] >= 25_000 for name in names)


def test_the_command_says_the_first_limit_and_the_bill(
    plain: Assembly, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--folder", str(plain.folder), "--decisions", "100,000"]) == 0
    printed = capsys.readouterr().out
    assert "100,000 decisions a month: tickets 33,333, transactions 33,333, content 33,333" in printed
    assert printed.count("The first limit in this mix: ") == 2
    assert printed.count("decision log's write units") >= 2

    assert (
        main(["--folder", str(plain.folder), "--service", "content=5000", "--account", "old", "--json"]) == 0
    )
    told = json.loads(capsys.readouterr().out)
    assert told["decisions"] == {"tickets": 0.0, "transactions": 0.0, "content": 5000.0}
    (account,) = told["accounts"].values()
    assert account["usd"] == pytest.approx(sum(line["usd"] for line in account["lines"]), abs=1e-4)
    assert all(line["page"].startswith("https://") for line in account["lines"])

    assert main(["--folder", str(plain.folder), "--service", "posts=5"]) == 1
    assert capsys.readouterr().err == "triage: there is no service 'posts': tickets, transactions, content\n"
