"""The risk of a terminal, from labels that come late and in any order."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.transactions import terminals
from lambdas.transactions.terminals import MOST_TERMINAL_BYTES, Terminal, label, risk

DAY = 86_400.0
NOW = 1_780_000_000.0


def test_nothing_known_is_the_usual_rate() -> None:
    assert risk(Terminal(), NOW) == pytest.approx((0.005, 0.005, 0.005, 0.0))


def test_frauds_raise_the_risk_and_it_fades_when_they_stop() -> None:
    terminal = Terminal()
    for day in range(7):
        terminal = label(terminal, NOW + day * DAY, fraud=True)
    at = NOW + 6 * DAY
    hot = risk(terminal, at)
    assert hot.in_7d > 0.6
    assert risk(terminal, at + 28 * DAY).labels == pytest.approx(hot.labels / 2)
    assert risk(terminal, at + 28 * DAY).in_7d < hot.in_7d / 3
    for day in range(7, 21):
        terminal = label(terminal, NOW + day * DAY, fraud=False)
    cold = risk(terminal, NOW + 20 * DAY)
    assert cold.in_2d < cold.in_7d < cold.in_28d < 0.5  # the faster, the more is forgotten


def test_a_legitimate_label_lowers_the_risk() -> None:
    terminal = label(Terminal(), NOW, fraud=True)
    assert risk(label(terminal, NOW, fraud=False), NOW).in_7d < risk(terminal, NOW).in_7d


def test_labels_may_come_in_any_order() -> None:
    labels = [(NOW, True), (NOW + 3 * DAY, False), (NOW + 9 * DAY, True)]
    found = []
    for order in itertools.permutations(labels):
        terminal = Terminal()
        for at, fraud in order:
            terminal = label(terminal, at, fraud)
        found.append(risk(terminal, NOW + 10 * DAY))
    for other in found[1:]:
        assert other == pytest.approx(found[0])


@given(
    st.lists(st.tuples(st.floats(0, 4e9), st.booleans()), max_size=50), st.floats(0, 4e9)
)  # fmt: skip
def test_it_is_bounded_and_encodes_exactly(labels: list[tuple[float, bool]], at: float) -> None:
    terminal = Terminal()
    for when, fraud in labels:
        before = terminal
        terminal = label(before, when, fraud)
        assert terminal == label(before, when, fraud)
    data = terminals.encode(terminal)
    assert len(data) <= MOST_TERMINAL_BYTES
    assert terminals.decode(data) == terminal
    found = risk(terminal, at)
    assert 0.0 <= found.in_2d <= 1.0
    assert 0.0 <= found.in_7d <= 1.0
    assert 0.0 <= found.in_28d <= 1.0
    assert found.labels >= 0.0
