"""From logits to log-odds, and their slopes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra import numpy as arrays

from lambdas.content.image import signals
from lambdas.content.image.weapons import LEFT_OUT, WEAPONS

LOGIT = some.floats(-4, 4, width=32)
"""Within which no log-odds reach the most they are held to."""
FIVE = arrays.arrays(np.float32, 5, elements=LOGIT)
TWO = arrays.arrays(np.float32, 2, elements=LOGIT)


@given(FIVE, TWO)
def test_the_slopes_are_what_a_small_step_does(
    five: npt.NDArray[np.float32], two: npt.NDArray[np.float32]
) -> None:
    told = signals.sexual(five, two)
    assert told is not None
    for name, logits in (("nsfwjs", five), ("opennsfw", two)):
        for place, slope in enumerate(told.slopes.get(name, np.zeros(0))):
            step = np.zeros(logits.size)
            step[place] = 1e-5
            both = [
                signals.sexual(
                    *(
                        logits + sign * step if name == which else other
                        for which, other in (("nsfwjs", five), ("opennsfw", two))
                    )
                )
                for sign in (1, -1)
            ]
            assert both[0] is not None
            assert both[1] is not None
            if both[0].slopes.keys() == both[1].slopes.keys() == told.slopes.keys():
                assert (both[0].value - both[1].value) / 2e-5 == pytest.approx(slope, abs=1e-3)


@given(FIVE, TWO, some.floats(0.1, 3))
def test_more_of_what_is_unsafe_is_never_less_risk(
    five: npt.NDArray[np.float32], two: npt.NDArray[np.float32], more: float
) -> None:
    before = signals.sexual(five, two)
    after = signals.sexual(five + np.array([0, 0, 0, more, 0]), two + np.array([0, more]))
    assert before is not None
    assert after is not None
    assert after.value >= before.value - 1e-9


def test_both_opinions_count_by_half() -> None:
    sure, safe = np.array([0, 0, 0, 9.0, 0]), np.array([9.0, 0])
    told, alone = signals.sexual(sure, safe), signals.sexual(sure, None)
    assert told is not None
    assert alone is not None
    assert abs(told.value) < 1.0 < alone.value


def test_of_drawings_the_network_of_photographs_has_no_say() -> None:
    told = signals.sexual(np.array([0, 9.0, 0, 0, 0]), np.array([9.0, 0]))
    assert told is not None
    assert told.value > 3
    assert set(told.slopes) == {"nsfwjs"}


def test_nobody_says_nothing() -> None:
    assert signals.sexual(None, None) is None


def test_a_weapon_is_a_reason_to_look_never_proof() -> None:
    logits = np.zeros(1000)
    logits[764] = 30
    assert signals.violence("encoder", logits, quarter=False).value == signals.WEAPON_MOST
    assert signals.violence("encoder", np.zeros(1000), quarter=False).value == pytest.approx(np.log(8 / 992))
    assert signals.violence("encoder", np.zeros(1000), quarter=True).value == pytest.approx(np.log(2 / 992))


def test_no_class_is_both_in_and_out() -> None:
    assert not WEAPONS.keys() & LEFT_OUT.keys()
    assert all(0 <= row < 1000 for row in (*WEAPONS, *LEFT_OUT))
