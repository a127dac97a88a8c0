"""Who may scrape: whoever has the key; it is compared in constant time and not read again at every guess."""

from __future__ import annotations

import hmac

import pytest

from lambdas.core.errors import DependencyDown, Unauthorized
from lambdas.exporter import gate
from lambdas.exporter.gate import AGAIN, KEEP, SOON, Gate


class Keys:
    """One key, counted each time it is read."""

    def __init__(self, value: str | None = "k1") -> None:
        self.held = value
        self.down = False
        self.reads: list[str] = []

    def value(self, key_id: str) -> str | None:
        self.reads.append(key_id)
        if self.down:
            raise DependencyDown("told to fail")
        return self.held


class Clock:
    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


def made() -> tuple[Gate, Keys, Clock]:
    keys, clock = Keys(), Clock()
    return Gate("id7", keys, clock), keys, clock


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def test_the_key_opens_and_is_read_once() -> None:
    guard, keys, _ = made()
    for _ in range(5):
        guard.check(bearer("k1"))
    guard.check({"authorization": "bearer  k1 "})
    assert keys.reads == ["id7"]


@pytest.mark.parametrize(
    "headers", [{}, {"authorization": ""}, {"authorization": "Bearer"}, {"x-api-key": "k1"}]
)
def test_without_a_token_nobody_is_asked(headers: dict[str, str]) -> None:
    guard, keys, _ = made()
    with pytest.raises(Unauthorized, match="Bearer"):
        guard.check(headers)
    assert keys.reads == []
    assert Unauthorized("x").headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("token", ["k", "k11", "K1", "Basic", "é\udcff", "k1 k1"])
def test_a_wrong_token_does_not_open(token: str) -> None:
    guard, _, _ = made()
    with pytest.raises(Unauthorized, match="not the metrics key"):
        guard.check(bearer(token))
    with pytest.raises(Unauthorized):
        guard.check({"authorization": "Basic k1"})
    guard.check(bearer("k1"))


def test_guessing_reads_the_key_once_a_minute_at_most() -> None:
    guard, keys, clock = made()
    guard.check(bearer("k1"))
    for _ in range(20):
        with pytest.raises(Unauthorized):
            guard.check(bearer("guess"))
    assert len(keys.reads) == 1
    clock.now += AGAIN
    for _ in range(20):
        with pytest.raises(Unauthorized):
            guard.check(bearer("guess"))
    assert len(keys.reads) == 2


def test_a_new_key_opens_within_a_minute_and_the_old_one_no_more() -> None:
    guard, keys, clock = made()
    guard.check(bearer("k1"))
    keys.held = "k2"
    clock.now += AGAIN
    guard.check(bearer("k2"))
    with pytest.raises(Unauthorized):
        guard.check(bearer("k1"))


def test_a_disabled_key_opens_nothing_after_an_hour() -> None:
    guard, keys, clock = made()
    guard.check(bearer("k1"))
    keys.held = None
    clock.now += KEEP
    with pytest.raises(Unauthorized):
        guard.check(bearer("k1"))


def test_while_nobody_can_say_what_the_key_is_it_is_a_503_and_not_asked_for_at_once_again() -> None:
    guard, keys, clock = made()
    keys.down = True
    for _ in range(3):
        with pytest.raises(DependencyDown):
            guard.check(bearer("k1"))
    assert len(keys.reads) == 1
    keys.down = False
    clock.now += SOON
    guard.check(bearer("k1"))


def test_the_comparison_takes_as_long_for_every_guess(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bytes] = []

    def compare(given: bytes, wanted: bytes) -> bool:
        compared.append(given)
        return given == wanted

    assert gate.hmac is hmac
    monkeypatch.setattr(hmac, "compare_digest", compare)
    guard, _, _ = made()
    guard.check(bearer("k1"))
    assert compared == [b"k1"]
