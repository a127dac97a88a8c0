"""`make value` in a terminal of 80 columns: every word and figure whole, the currency said once."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from lambdas.value.ledger import Latest
from lambdas.value.sums import Sums
from local import value

MUCH = Sums(
    decisions=9_123_456, alone=654_321, reviewed=123_456, hours=12_345.6, money=1_234_567.891,
    low=-345_678.4, high=1_567_890.2,
)  # fmt: skip
SMALL = Sums(decisions=1, hours=-0.01, money=-0.001, low=-0.4, high=0.2)


def latest(service: str, currency: str, today: Sums = SMALL, month: Sums = MUCH) -> Latest:
    return Latest(service=service, at="", day="2026-05-01", currency=currency, today=today, month=month)


def printed(*books: Latest) -> str:
    text = StringIO()
    console = Console(file=text, width=80, highlight=False, soft_wrap=True)  # as the commands' console
    for table in value.tables_of(books):
        console.print(table)
    return text.getvalue()


def test_it_fits_80_columns_with_everything_whole() -> None:
    shown = printed(latest("transactions", "USD"), latest("tickets", "USD", month=SMALL))
    assert max(map(len, shown.splitlines())) <= 80
    for whole in ("decisions", "transactions", "9,123,456", "12,345.6", "1,234,568", "-345,678 to 1,567,890"):
        assert whole in shown
    assert "…" not in shown
    assert shown.count("USD") == 1, "the currency is in the header"


def test_what_rounds_to_nothing_has_no_sign() -> None:
    shown = printed(latest("tickets", "USD", month=SMALL))
    assert "0 to 0" in shown and "-0" not in shown


@pytest.mark.parametrize(
    ("number", "digits", "says"),
    [(-0.4, 0, "0"), (-0.6, 0, "-1"), (-0.04, 1, "0.0"), (1234.5, 2, "1,234.50")],
)
def test_rounded(number: float, digits: int, says: str) -> None:
    assert value.rounded(number, digits) == says


def test_each_currency_has_a_table_and_sums_of_its_own() -> None:
    shown = printed(latest("tickets", "EUR"), latest("content", "USD"), latest("transactions", "USD"))
    assert (shown.count("EUR"), shown.count("USD"), shown.count("in all")) == (1, 1, 1)
    assert "18,246,912 1,308,642  246,912 24,691.2 2,469,136 -691,357 to 3,135,780" in shown, "none is cut"
