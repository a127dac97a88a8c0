"""The price list: whole, sourced, and open to a user's own figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdk.cost.errors import CostError
from cdk.cost.prices import load_prices

pytestmark = pytest.mark.unit


def test_every_price_has_its_page_and_says_how_it_was_seen() -> None:
    found = load_prices()
    for name, price in found.prices.items():
        assert price.page.startswith(("https://aws.amazon.com/", "https://docs.aws.amazon.com/")), name
        assert (price.read == "third") == (price.by is not None), name
    assert found["lambda time"].cost(1_100_000) == pytest.approx(18.33, abs=0.01), "AWS's own example"
    assert found["dynamodb write units"].always == found["dynamodb read units"].always == 25 * 730


def test_an_old_account_has_the_larger_of_both_allowances() -> None:
    found = load_prices()
    assert (found["api calls"].allowance("new"), found["api calls"].allowance("old")) == (0, 1_000_000)
    assert found["lambda requests"].allowance("old") == 1_000_000


def test_own_figures_take_the_place_of_ours(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("region: eu-west-1\nprices:\n  api calls: {usd: 4.1, read: own}\n", encoding="utf-8")
    found = load_prices(own)
    assert (found.region, found["api calls"].usd, found["api calls"].per) == ("eu-west-1", 4.1, 1_000_000)
    assert found["s3 reads"] == load_prices()["s3 reads"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prices:\n  api call: {usd: 1}\n", "no price 'api call'"),
        ("prices:\n  api calls: {usd: -1}\n", "usd"),
        ("prices:\n  api calls: {usdd: 1}\n", "usdd"),
        ("prices: 3\n", "prices:"),
        ("- 1\n", "prices:"),
        ("a: [", "not YAML"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, text: str, said: str) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(text, encoding="utf-8")
    with pytest.raises(CostError, match=said):
        load_prices(own)
    with pytest.raises(CostError, match="does not exist"):
        load_prices(tmp_path / "nowhere.yaml")
