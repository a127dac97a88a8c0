"""Three of the drills, on the session's stack; `make drill` runs all of them."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from local.drills.run import drill
from local.place import Place
from local.stack import Stack


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("features", "by the model, without the feature store"),
        ("bundle", "by the model (of"),
        ("errors", "HTTP 502"),
    ],
)
def test_users_are_answered_nothing_is_lost_and_people_are_told(
    stack: Stack, laptop: Place, name: str, seen: str
) -> None:
    out = StringIO()
    code = drill(laptop, Console(file=out, width=200), [name])
    text = out.getvalue()
    assert code == 0, text
    assert seen in text
    assert "lost      nothing" in text
    assert "1 of 1 went well, nothing lost." in text
